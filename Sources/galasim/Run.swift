import ArgumentParser
import DomainSimulation
import Glibc
import Simulation

/// Lives through seeds.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs clusters of simulated machines under faults, and judges what became of them.",
        discussion: """
            Every seed is one life of a cluster with clients: some virtual seconds with faults, then none until \
            everything is as one again; then the clients' histories are judged. One seed decides everything: the same \
            seed gives the same run, to be seen by its trace. A failing seed is run again and its last events printed.

            Examples:
              galasim run --seed 4711
              galasim run --seeds 1..2000
              galasim run --seeds 1..2000 --workload donations
            """
    )

    @Option(help: ArgumentHelp("One seed to run; ends with a line `trace <hash>`.", valueName: "n"))
    var seed: UInt64?

    @Option(help: ArgumentHelp("The seeds to run.", valueName: "a..b"))
    var seeds: SeedRange?

    @Option(help: "Who works there: store (registers, ledgers, lists), or donations (the services, and donors).")
    var workload = WorkloadName.store

    @Option(help: ArgumentHelp("About how many virtual seconds there are faults.", valueName: "n"))
    var seconds = 10

    @Option(help: ArgumentHelp("Runs at a time.", valueName: "n"))
    var workers = 2

    @Option(help: ArgumentHelp("Events to print of a failing run.", valueName: "n"))
    var timeline = 200

    @Flag(help: "Print the last events of a single seed also where it does not fail.")
    var tell = false

    @Option(help: ArgumentHelp("Where to write the history of a single seed.", valueName: "file"))
    var history: String?

    @Flag(help: "Run every seed twice: both must leave the same trace.")
    var twice = false

    @Flag(help: "Go on after a failure.")
    var keepGoing = false

    @Flag(help: "Print every seed before it runs: a run that traps takes the process with it.")
    var announce = false

    func validate() throws {
        guard (seed == nil) != (seeds == nil) else { throw ValidationError("give either --seed or --seeds") }
        guard (1...3600).contains(seconds) else { throw ValidationError("--seconds must be from 1 to 3600") }
        guard (1...64).contains(workers) else { throw ValidationError("--workers must be from 1 to 64") }
        guard timeline >= 0 else { throw ValidationError("--timeline must not be negative") }
        guard history == nil || seed != nil else { throw ValidationError("--history needs --seed") }
        guard !tell || seed != nil else { throw ValidationError("--tell needs --seed") }
    }

    func run() async throws {
        if let seed { try runOne(seed) } else if let seeds { try await runMany(seeds.bounds) }
    }

    private func life(_ seed: UInt64, keptLines: Int? = nil) -> SimulationRun {
        SimulationRun(seed: seed, troubledSeconds: seconds, keptLines: keptLines, services: workload.services)
    }

    // MARK: One

    private func runOne(_ seed: UInt64) throws {
        let run = life(seed, keptLines: timeline)
        if let history { try write(run.history, to: history) }
        if tell || run.violation != nil { print(run.timeline.joined(separator: "\n"), "\n") }
        if let violation = run.violation { print("seed \(seed) failed: \(violation)") }
        var isRepeatable = true
        if twice {
            isRepeatable = life(seed).traceHash == run.traceHash
            if !isRepeatable { print("seed \(seed) does not repeat itself: its second run left another trace") }
        }
        print(summary(run.coverage))
        print(transactions(run.coverage))
        printFigures(run.coverage)
        print("trace \(hexadecimal(run.traceHash))")
        if run.violation != nil || !isRepeatable { throw ExitCode.failure }
    }

    private func write(_ history: RegisterHistory, to path: String) throws {
        guard let file = fopen(path, "w") else { throw ValidationError("\(path) cannot be written (errno \(errno))") }
        let bytes = history.jsonLines
        let written = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, written == bytes.count else { throw ValidationError("\(path) cannot be written") }
    }

    // MARK: Many

    private func runMany(_ seeds: ClosedRange<UInt64>) async throws {
        let start = ContinuousClock.now
        var failed: [UInt64] = []
        var coverage = SimulationCoverage()
        var finished = 0
        await withTaskGroup(of: Outcome.self) { group in
            var next = seeds.lowerBound
            var isOver = false
            func begin() {
                guard !isOver, next <= seeds.upperBound else { return }
                let seed = next
                next += 1
                if announce { tellNow("seed \(seed) begins") }
                group.addTask { outcome(of: seed) }
            }
            for _ in 0..<workers { begin() }
            for await outcome in group {
                finished += 1
                coverage.add(outcome.coverage)
                if let failure = outcome.failure {
                    failed.append(outcome.seed)
                    tellNow("seed \(outcome.seed) failed: \(failure)")
                    isOver = !keepGoing
                }
                if finished % 100 == 0 { tellNow("\(finished) of \(seeds.count) runs, \(failed.count) failed") }
                begin()
            }
        }
        report(coverage, finished, failed, ContinuousClock.now - start)
        if !failed.isEmpty { throw ExitCode.failure }
    }

    /// Prints a line that is read while the runs go on, also where the output is a file.
    private func tellNow(_ line: String) {
        print(line)
        fflush(nil)
    }

    private struct Outcome: Sendable {
        let seed: UInt64
        let failure: String?
        let coverage: SimulationCoverage
    }

    private func outcome(of seed: UInt64) -> Outcome {
        let run = life(seed)
        var failure = run.violation
        if failure == nil, twice, life(seed).traceHash != run.traceHash {
            failure = "its second run left another trace"
        }
        return Outcome(seed: seed, failure: failure, coverage: run.coverage)
    }

    private func report(_ coverage: SimulationCoverage, _ runs: Int, _ failed: [UInt64], _ took: Duration) {
        let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
        print("\(runs) runs, \(failed.count) failed, in \(Int(seconds)) s")
        print(summary(coverage))
        let speed = coverage.virtualSeconds / seconds * (twice ? 2 : 1)
        print("\(Int(speed)) virtual seconds a second with \(workers) workers")
        print(coverage.kinds.map { "\($0.name) \($0.count)" }.joined(separator: ", "))
        print(transactions(coverage))
        printFigures(coverage)
        if let first = failed.first {
            print("failing seeds: \(failed.prefix(20).map(String.init).joined(separator: " "))")
            let workload = workload == .store ? "" : " --workload \(workload.rawValue)"
            print("again: galasim run --seed \(first) --seconds \(self.seconds)\(workload)")
        }
    }

    private func summary(_ coverage: SimulationCoverage) -> String {
        "\(Int(coverage.virtualSeconds)) virtual seconds, \(coverage.events) events, \(coverage.answered) operations "
            + "answered, \(coverage.unknown) unknown, \(coverage.refused) refused, slowest after the last fault "
            + "\(Int(coverage.slowestRecoverySeconds * 1000)) ms"
    }

    private func transactions(_ coverage: SimulationCoverage) -> String {
        "transactions: " + coverage.transactions.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
            + ", all let go at most \(Int(coverage.slowestCleanupSeconds * 1000)) ms after their end"
    }

    /// What services and their clients have counted, where there were any.
    private func printFigures(_ coverage: SimulationCoverage) {
        guard !coverage.figures.isEmpty else { return }
        print("\(workload.rawValue): " + coverage.figures.map { "\($0.name) \($0.count)" }.joined(separator: ", "))
    }

    private func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Who works in a simulated cluster.
enum WorkloadName: String, ExpressibleByArgument, CaseIterable {
    case store, donations

    /// The services of a seed; nil where the store is asked without any.
    var services: ServiceWorkloadMaker? {
        switch self {
        case .store: nil
        case .donations: { DonationWorkload(seed: $0) }
        }
    }
}

/// A range of seeds, written `A..B`.
struct SeedRange: ExpressibleByArgument {
    let bounds: ClosedRange<UInt64>

    init?(argument: String) {
        let parts = argument.split(separator: ".", omittingEmptySubsequences: true).map { UInt64($0) }
        guard parts.count == 2, let low = parts[0], let high = parts[1], low <= high else { return nil }
        bounds = low...high
    }
}
