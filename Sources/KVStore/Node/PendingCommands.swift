internal import DequeModule
internal import Raft

/// Commands that were proposed by one replica and are not answered yet, in the order of the log.
struct PendingCommands {
    struct Command {
        let token: RequestToken
        let position: LogPosition
        let bytes: Int
    }

    private var commands: Deque<Command> = []

    var isEmpty: Bool { commands.isEmpty }

    mutating func append(_ command: Command) {
        precondition(
            commands.last.map { $0.position.index < command.position.index } ?? true,
            "proposals follow the log"
        )
        commands.append(command)
    }

    /// Takes out what waits for this index or for one before it.
    mutating func removeFirst(through index: LogIndex) -> Command? {
        guard let first = commands.first, first.position.index <= index else { return nil }
        return commands.removeFirst()
    }

    /// Takes out what waits for indexes behind this one.
    mutating func removeAll(after index: LogIndex) -> [Command] {
        let kept = commands.prefix { $0.position.index <= index }.count
        let removed = Array(commands.dropFirst(kept))
        commands.removeLast(removed.count)
        return removed
    }
}
