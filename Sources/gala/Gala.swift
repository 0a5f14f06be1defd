import ArgumentParser
import Glibc

/// A node of a Gala cluster.
@main
struct Gala: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gala",
        abstract: "Runs a node of a Gala cluster.",
        discussion: """
            EXAMPLES
              gala create-admin --directory var/security --credentials var/admin.json
              gala --config cluster/local/node1.json
            """,
        subcommands: [Serve.self, CreateAdmin.self, EndTokens.self],
        defaultSubcommand: Serve.self
    )

    /// Exits with 2 where the command line or the configuration is wrong, with 1 where it fails otherwise.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as InvalidConfiguration {
            printError("gala: the configuration cannot be used:\n\(error)")
            end(2)
        } catch let error as StartFailure {
            printError("gala: \(error)")
            end(1)
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            printError(fullMessage(for: error))
            end(2)
        }
    }

    /// Ends the process at once: destructors must not run beside threads that are still at work.
    private static func end(_ code: Int32) -> Never {
        fflush(nil)
        _exit(code)
    }
}

/// Why a node does not start, or a command is not carried out.
struct StartFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Writes a line to the standard error.
func printError(_ text: String) {
    var line = text + "\n"
    line.withUTF8 { bytes in
        // Nothing is left to be done if not even this can be said.
        _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    }
}
