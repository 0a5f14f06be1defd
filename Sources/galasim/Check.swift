import ArgumentParser
import FoundationEssentials
import Glibc
import Simulation

/// Judges histories from files.
struct Check: AsyncParsableCommand {
    enum Workload: String, ExpressibleByArgument, CaseIterable {
        case register
    }

    static let configuration = CommandConfiguration(
        abstract: "Judges histories: whether what clients saw can have come from one correct store.",
        discussion: """
            A history has one operation a line:
              {"p":0,"call":0,"ret":10,"op":{"f":"put","k":"x","v":"1"},"out":{}}
              {"p":1,"call":5,"ret":null,"op":{"f":"cas","k":"x","e":"1","v":"2"},"out":{}}
              {"p":2,"call":20,"ret":30,"op":{"f":"get","k":"x"},"out":{"v":"1"}}
            Without a return time the outcome is unknown: the operation may take effect at any later time, or never.

            Exits with 0 if every history is linearizable, with 1 if one is not or could not be decided, and with 2 if a
            file cannot be read or is no history.

            Example:
              galasim check --workload register history.jsonl
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
        let history: RegisterHistory
        do {
            let bytes = try Data(contentsOf: URL(filePath: file))
            history = try RegisterHistory(jsonLines: Array(bytes))
        } catch let error as HistoryFormatError {
            return refuse(file, error.description)
        } catch {
            return refuse(file, "cannot be read: \(systemReason(error))")
        }
        let clock = ContinuousClock()
        let start = clock.now
        let result = RegisterLinearizability(
            of: history,
            limits: SearchLimits(steps: maxSteps, configurations: maxConfigurations)
        )
        let milliseconds = (clock.now - start) / .milliseconds(1)
        print(
            "\(file): \(text(result.verdict)): \(history.entries.count) operations, \(result.keyCount) keys, "
                + "\(history.unknownCount) unknown, \((milliseconds * 10).rounded() / 10) ms"
        )
        for failure in result.failures { print(failure) }
        for key in result.undecided { print(key) }
        return result.verdict == .linearizable ? 0 : 1
    }

    private func text(_ verdict: RegisterLinearizability.Verdict) -> String {
        switch verdict {
        case .linearizable: "linearizable"
        case .notLinearizable: "NOT linearizable"
        case .undecided: "UNDECIDED, which is not linearizable"
        }
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
