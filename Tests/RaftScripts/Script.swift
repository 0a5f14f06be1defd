/// An interaction script: commands for a handful of replicas, each followed by everything that happens because of it.
///
///     # Comments explain which rule is shown.
///
///     > propose 1 a            a command
///       1 persist #3 …         its output, indented
///       1→2 append …
///
/// Scripts are documentation that cannot go stale: running one gives its text again, or something has changed.
public struct Script: Hashable, Sendable {
    /// One line of a script, or a command with its output.
    enum Item: Hashable, Sendable {
        /// A comment or an empty line, kept as it is.
        case prose(String)
        case command(Command)
    }

    /// A command and what it prints.
    struct Command: Hashable, Sendable {
        /// Where it stands in the file, from 1.
        let line: Int
        let text: String
        var output: [String]
    }

    var items: [Item]

    /// Why a script cannot be read or run.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// The line of the file, from 1.
        public let line: Int
        /// What is wrong there.
        public let reason: String

        /// The line and the reason, for people.
        public var description: String { "line \(line): \(reason)" }
    }

    /// Reads a script.
    public init(parsing text: String) throws(Failure) {
        items = []
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        for (offset, line) in lines.enumerated() {
            try parse(line, at: offset + 1)
        }
    }

    private mutating func parse(_ line: String, at number: Int) throws(Failure) {
        if line.isEmpty || line.hasPrefix("#") {
            items.append(.prose(line))
        } else if line.hasPrefix("> ") {
            items.append(.command(Command(line: number, text: String(line.dropFirst(2)), output: [])))
        } else if line.hasPrefix("  ") {
            guard case .command(var command)? = items.last else {
                throw Failure(line: number, reason: "output must follow its command")
            }
            command.output.append(String(line.dropFirst(2)))
            items[items.count - 1] = .command(command)
        } else {
            throw Failure(line: number, reason: "a line is empty, '# comment', '> command' or indented output")
        }
    }

    /// The script as a file holds it.
    public var text: String {
        items.flatMap { item in
            switch item {
            case .prose(let line): [line]
            case .command(let command): ["> \(command.text)"] + command.output.map { "  \($0)" }
            }
        }
        .map { $0 + "\n" }.joined()
    }

    /// The same script with the output that its commands have now.
    public func run() throws(Failure) -> Script {
        var interpreter = Interpreter()
        var result = self
        for position in result.items.indices {
            guard case .command(var command) = result.items[position] else { continue }
            do throws(CommandError) {
                command.output = try interpreter.run(command.text)
            } catch {
                throw Failure(line: command.line, reason: "\(command.text): \(error.reason)")
            }
            result.items[position] = .command(command)
        }
        return result
    }
}

/// Why a command cannot be run: the script is wrong, not the replicas.
struct CommandError: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}
