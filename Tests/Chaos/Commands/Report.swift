import ArgumentParser
import Simulation

/// What a run has come to.
struct Report {
    let text: String
    let code: ExitCode

    init(_ trial: Trial, _ kinds: [FaultKind], _ healing: Trial.Healing, fewestOperations: Int) async {
        let history = trial.ledger.history
        let known = history.entries.count - history.unknownCount
        let judgement = RegisterLinearizability(of: history)
        var violations = judgement.failures.map(\.description) + judgement.undecided.map(\.description)
        violations += trial.ledger.unexpectedAnswers.map { "unexpected answer: \($0)" }
        for process in trial.cluster.processes { violations += await process.crashes }
        let scan = LogScan(trial.cluster.files)
        violations += scan.findings
        let wasInterrupted = Interruption.isRequested
        if !wasInterrupted { violations += Self.complaints(healing) }
        var voids = kinds.filter { trial.book.count($0) == 0 }.map { "no fault of the kind “\($0.rawValue)” took hold" }
        if known < fewestOperations { voids.append("only \(known) operations were answered") }

        var lines = [
            "| fault | times |", "| --- | ---: |",
        ]
        lines += kinds.map { "| \($0.rawValue) | \(trial.book.count($0)) |" }
        lines.append("")
        lines.append("faults       \(trial.book.all.count) of \(kinds.count) kinds")
        lines.append("operations   \(known) answered, \(history.unknownCount) with an unknown outcome")
        lines.append("keys         \(judgement.keyCount)")
        lines.append(
            "outcomes     " + trial.ledger.outcomes.map { "\($0.name): \($0.count)" }.joined(separator: ", ")
        )
        lines.append("longest gap  " + Self.describe(trial.ledger.longestGap, trial.book))
        lines.append("after the last fault: \(Self.describe(healing))")
        let levels = scan.levels.sorted { $0.key < $1.key }.map { "\($0): \($1)" }
        lines.append("log lines    \(levels.joined(separator: ", "))")
        lines.append("violations   \(violations.count)")
        lines += violations.map { "VIOLATION: \($0)" }
        if !wasInterrupted { lines += voids.map { "VOID: \($0)" } }
        if wasInterrupted { lines.append("interrupted: what was seen until then was judged") }
        text = lines.joined(separator: "\n")
        code = !violations.isEmpty ? Exit.violation : voids.isEmpty || wasInterrupted ? .success : Exit.void
    }

    private static func complaints(_ healing: Trial.Healing) -> [String] {
        var complaints: [String] = []
        if healing.untilWrite == nil { complaints.append("no write was acknowledged after the last fault") }
        if healing.untilReady == nil { complaints.append("not every node became ready after the last fault") }
        if !healing.isReadable { complaints.append("not every key could be read at the end") }
        return complaints
    }

    private static func describe(_ gap: Ledger.Gap, _ book: FaultBook) -> String {
        let length = gap.length / .milliseconds(1)
        let startNs = gap.endNs - Int64(gap.length / .nanoseconds(1))
        let faults = book.goingOn(from: startNs, to: gap.endNs).map { "\($0.kind.rawValue) (\($0.what))" }
        return "\(Int(length)) ms without an acknowledged write, at \(book.seconds(at: startNs)), under "
            + (faults.isEmpty ? "no fault" : faults.joined(separator: ", "))
    }

    private static func describe(_ healing: Trial.Healing) -> String {
        func text(_ duration: Duration?) -> String { duration.map { "\(Int($0 / .milliseconds(1))) ms" } ?? "never" }
        return "next write \(text(healing.untilWrite)), all nodes ready \(text(healing.untilReady))"
    }
}
