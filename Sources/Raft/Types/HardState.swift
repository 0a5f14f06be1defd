/// What a replica must find again after a crash, besides its log (thesis, figure 3.1).
public struct HardState: Hashable, Sendable {
    /// The latest term that this replica has entered.
    public var term: Term
    /// Whom it voted for in `term`, if anybody.
    public var vote: NodeID?
    /// An index known to be committed when this was written.
    ///
    /// It may lag behind the truth by any amount, with one exception on which membership changes rely: it is written
    /// together with entries, so a replica that stores a configuration entry also knows that the configuration entry
    /// before that one is committed.
    public var commit: LogIndex

    /// The state of a replica that has never run.
    public static let initial = HardState(term: .zero, vote: nil, commit: .zero)

    /// Makes a state, as read from a disk.
    public init(term: Term, vote: NodeID?, commit: LogIndex) {
        self.term = term
        self.vote = vote
        self.commit = commit
    }
}

/// Describes a snapshot: the state machine after the entry at `position`, and the configuration in force there.
public struct SnapshotMetadata: Hashable, Sendable {
    /// The last entry that the snapshot contains.
    public let position: LogPosition
    /// The configuration after that entry: without it a replica started from the snapshot could not tell who votes.
    public let configuration: Configuration

    /// Makes a description, as read from a disk or from a message.
    public init(position: LogPosition, configuration: Configuration) {
        self.position = position
        self.configuration = configuration
    }
}
