import ArgumentParser
import Glibc

/// The tool with which operators look at a cluster and have it do things.
@main
struct Galactl: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "galactl",
        abstract: "Looks at a Gala cluster, and has it do things.",
        discussion: """
            Any node can be asked; those that cannot be reached are passed over. The token comes from --token, GALA_TOKEN, \
            or ./var/admin.json.

            Exit codes: 0 done, 1 failed, 2 usage, 3 no node could be reached.

            EXAMPLES
              galactl status
              galactl kv put greeting hello && galactl kv get greeting
              galactl --help kv scan
            """,
        subcommands: [
            Status.self, NodeCommands.self, PartitionCommands.self, LeaderCommands.self, KeyValueCommands.self,
            UserCommands.self, CertificateCommands.self, Doctor.self, Verify.self,
        ]
    )

    static func main() async {
        do {
            var command = try parseAsRoot(LeadingOptions.moved(Array(CommandLine.arguments.dropFirst())))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            printError("galactl: \(failure)")
            Glibc.exit(failure.exitCode)
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            printError(fullMessage(for: error))
            Glibc.exit(2)
        }
    }
}

/// Why a command was not carried out.
enum Failure: Error, CustomStringConvertible {
    /// It was asked for, and not done.
    case failed(String)
    /// What was asked for makes no sense.
    case usage(String)
    /// No node could be reached.
    case unreachable(String)

    var exitCode: Int32 {
        switch self {
        case .failed: 1
        case .usage: 2
        case .unreachable: 3
        }
    }

    var description: String {
        switch self {
        case .failed(let text), .usage(let text), .unreachable(let text): text
        }
    }
}
