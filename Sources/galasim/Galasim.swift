import ArgumentParser
import Glibc

/// Judges what Gala does, under faults and on paper.
@main
struct Galasim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "galasim",
        abstract: "Tries Gala under faults and judges histories of what its clients saw.",
        subcommands: [Run.self, Check.self]
    )

    /// Exits with 2 where the command line is wrong, as all of Gala's tools do.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
            printError(fullMessage(for: error))
            Glibc.exit(2)
        }
    }
}

/// Writes a line to the standard error.
func printError(_ text: String) {
    var line = text + "\n"
    line.withUTF8 { bytes in
        // Nothing is left to be done if not even this can be said.
        _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count)
    }
}
