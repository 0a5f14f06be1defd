import ArgumentParser
import FoundationEssentials
import Glibc
import Simulation

/// Judges histories from files.
struct Check: AsyncParsableCommand {
    enum Workload: String, ExpressibleByArgument, CaseIterable {
        case register
        case listAppend = "list-append"
        case transactions
    }

    static let configuration = CommandConfiguration(
        abstract: "Judges histories: whether what clients saw can have come from one correct store.",
        discussion: """
            A history of registers or transactions has one operation a line:
              {"p":0,"call":0,"ret":10,"op":{"f":"put","k":"x","v":"1"},"out":{}}
              {"p":1,"call":5,"ret":null,"op":{"f":"cas","k":"x","e":"1","v":"2"},"out":{}}
              {"p":2,"call":20,"ret":30,"op":{"f":"get","k":"x"},"out":{"v":"1"}}
              {"p":3,"call":30,"ret":40,"op":{"t":[["r","k"],["w","k",1],["add","k",-1,0]]},"out":{"ok":true,"r":{"k":2}}}
            Without a return time the outcome is unknown: the operation may take effect at any later time, or never.

            A list-append history has one event a line, in order of time; `info` means an unknown outcome:
              {"p":0,"type":"invoke","t":0,"value":[["append","x",1],["r","y",null]]}
              {"p":0,"type":"ok","t":9,"value":[["append","x",1],["r","y",[3,4]]]}

            Registers are judged by a search, each key apart. Transactions are judged by a search over all keys that
            belong together, which is for short histories. List-append histories are judged by the circles in them, \
            however long they are.

            Exits with 0 if every history is strictly serializable, with 1 if one is not or could not be decided, and
            with 2 if a file cannot be read or is no history.

            Examples:
              galasim check --workload register history.jsonl
              galasim check --workload list-append history.jsonl
            """
    )

    @Option(help: "What the clients did.")
    var workload = Workload.register

    @Option(help: "Steps to try for each key, after which it counts as undecided.")
    var maxSteps = SearchLimits().steps

    @Option(help: "Configurations to remember for each key, after which it counts as undecided.")
    var maxConfigurations = SearchLimits().configurations

    @Argument(help: "Files with a history each.", completion: .file(extensions: ["jsonl"]))
    var files: [String]

    func validate() throws {
        guard maxSteps > 0 else { throw ValidationError("--max-steps must be at least 1") }
        guard maxConfigurations > 0 else { throw ValidationError("--max-configurations must be at least 1") }
    }

    func run() async throws {
        var worst: Int32 = 0
        for file in files { worst = max(worst, check(file)) }
        guard worst == 0 else { throw ExitCode(worst) }
    }

    /// Judges one file, says so, and returns the exit code that it alone would have.
    private func check(_ file: String) -> Int32 {
        let clock = ContinuousClock()
        let judgement: Judgement
        let start: ContinuousClock.Instant
        do {
            let bytes = Array(try Data(contentsOf: URL(filePath: file)))
            start = clock.now
            judgement = try judge(bytes)
        } catch let error as HistoryFormatError {
            return refuse(file, error.description)
        } catch {
            return refuse(file, "cannot be read: \(systemReason(error))")
        }
        let milliseconds = ((clock.now - start) / .milliseconds(1) * 10).rounded() / 10
        print("\(file): \(judgement.verdict): \(judgement.size), \(milliseconds) ms")
        for finding in judgement.findings { print(finding) }
        return judgement.isRight ? 0 : 1
    }

    /// What is said of a history, whatever it is a history of.
    private struct Judgement {
        let isRight: Bool
        let verdict: String
        let size: String
        let findings: [String]
    }

    private var limits: SearchLimits { SearchLimits(steps: maxSteps, configurations: maxConfigurations) }

    private func judge(_ bytes: [UInt8]) throws(HistoryFormatError) -> Judgement {
        switch workload {
        case .register: judge(try RegisterHistory(jsonLines: bytes))
        case .listAppend: judge(try ListAppendHistory(jsonLines: bytes))
        case .transactions: judge(try TransactionHistory(jsonLines: bytes))
        }
    }

    private func judge(_ history: RegisterHistory) -> Judgement {
        let result = RegisterLinearizability(of: history, limits: limits)
        let verdict =
            switch result.verdict {
            case .linearizable: "linearizable"
            case .notLinearizable: "NOT linearizable"
            case .undecided: "UNDECIDED, which is not linearizable"
            }
        return Judgement(
            isRight: result.verdict == .linearizable,
            verdict: verdict,
            size: "\(history.entries.count) operations, \(result.keyCount) keys, \(history.unknownCount) unknown",
            findings: result.failures.map(\.description) + result.undecided.map(\.description)
        )
    }

    private func judge(_ history: ListAppendHistory) -> Judgement {
        let result = ListAppendSerializability(of: history)
        let count = history.transactions.count
        return Judgement(
            isRight: result.isSerializable,
            verdict: result.isSerializable ? "strictly serializable" : "NOT strictly serializable",
            size: "\(count) transactions, \(result.keyCount) keys, \(history.unknownCount) unknown",
            findings: result.anomalies.map(\.description)
        )
    }

    private func judge(_ history: TransactionHistory) -> Judgement {
        let result = TransactionSerializability(of: history, limits: limits)
        let verdict =
            switch result.verdict {
            case .serializable: "strictly serializable"
            case .notSerializable: "NOT strictly serializable"
            case .undecided: "UNDECIDED, which is not strictly serializable"
            }
        let undecided = result.undecided.map { keys in
            "keys \(keys.joined(separator: ", ")): undecided, the search reached its limit."
        }
        return Judgement(
            isRight: result.verdict == .serializable,
            verdict: verdict,
            size: "\(history.entries.count) transactions, \(result.groupCount) groups of keys, "
                + "\(history.unknownCount) unknown",
            findings: result.failures.map(\.description) + undecided
        )
    }
}

/// Says on the standard error why a file is no history, and returns the exit code for it.
private func refuse(_ file: String, _ reason: String) -> Int32 {
    printError("\(file): \(reason)")
    return 2
}

/// What the system said when a file could not be read.
private func systemReason(_ error: any Error) -> String {
    guard let code = ((error as? CocoaError)?.underlying as? POSIXError)?.code else { return "\(error)" }
    return String(cString: strerror(code.rawValue))
}
