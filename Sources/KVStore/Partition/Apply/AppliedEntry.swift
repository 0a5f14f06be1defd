public import Raft

/// What became of one entry.
public struct AppliedEntry: Hashable, Sendable {
    /// The entry's index.
    public let index: LogIndex
    /// What it came to.
    public let outcome: Outcome

    /// Makes a report.
    public init(index: LogIndex, outcome: Outcome) {
        self.index = index
        self.outcome = outcome
    }

    /// What an entry came to.
    public enum Outcome: Hashable, Sendable {
        /// It had been applied before.
        case skipped
        /// It says nothing.
        case noop
        /// This configuration is in force from here on.
        case configuration(Configuration)
        /// The command with this id came to this. `firstIndex` is the entry's own index, or, for a command that had
        /// been applied already, the index of the copy whose outcome this is.
        case command(CommandID, CommandOutcome, firstIndex: LogIndex)
    }
}
