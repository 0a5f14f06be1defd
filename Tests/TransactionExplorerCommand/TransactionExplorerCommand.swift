import ArgumentParser
import Glibc
import TransactionExplorer

/// Explores the transaction protocol from the command line.
@main
struct TransactionExplorerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "transaction-explorer",
        abstract: "Visits every state of small worlds of transactions, and judges what clients are told there.",
        discussion: """
            Examples:
              transaction-explorer run all
              transaction-explorer run escrow --budget 100000
            """,
        subcommands: [List.self, Run.self]
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the worlds.")

        func run() {
            for entry in TransactionExplorer.entries { print("\(entry.name)\n    \(entry.about)") }
        }
    }

    struct Run: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Explores worlds until something is wrong.")

        @Argument(help: "Which ones; `all` for all.")
        var names: [String]

        @Option(help: "States that are visited at most, in each.")
        var budget = 1_000_000

        @Flag(help: "Go on after a violation.")
        var keepGoing = false

        func validate() throws {
            let known = TransactionExplorer.entries.map(\.name) + ["all"]
            for name in names where !known.contains(name) { throw ValidationError("there is no world named \(name)") }
            guard budget > 0 else { throw ValidationError("--budget must be at least 1") }
        }

        func run() throws {
            let all = TransactionExplorer.entries.map(\.name)
            var violations = 0
            for name in names.contains("all") ? all : names {
                print("exploring \(name)")
                fflush(nil)
                let clock = ContinuousClock()
                var report: TransactionExplorer.Report?
                let time = clock.measure { report = TransactionExplorer.explore(name, limit: budget) }
                guard let report else { continue }
                let extent = report.isComplete ? "" : ", not all"
                print(
                    "  \(report.states) states\(extent), \(report.transitions) transitions, \(report.ends) ends, "
                        + "depth \(report.depth), \(time)"
                )
                guard let violation = report.violation else { continue }
                violations += 1
                print("\(name) failed: \(violation)")
                for step in report.path { print("    \(step)") }
                if !keepGoing { break }
            }
            if violations > 0 { throw ExitCode.failure }
        }
    }
}
