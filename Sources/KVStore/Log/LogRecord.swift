public import Raft

/// One thing that a log is to remember of one group. Records of a group take effect in the order they are appended.
public enum LogRecord: Sendable, Hashable {
    /// A replica comes to be, with an empty log and the initial hard state. There is no live one of the group.
    case create(PartitionID)
    /// Consecutive entries with terms that never fall. They replace all entries at or behind the first one's index,
    /// which lies behind the log's base and no further than one behind its end.
    case entries(PartitionID, [Entry])
    /// The group's hard state, replacing the one before. Where it and entries rely on each other they are appended in
    /// one call, which keeps them in one batch.
    case hardState(PartitionID, HardState)
    /// The state machine becomes that of a snapshot: every entry goes, and the log goes on behind `position`.
    case install(PartitionID, SnapshotMetadata)
    /// Entries up to an index, which is an entry's, are no longer needed. Below the base it does nothing.
    case compact(PartitionID, through: LogIndex)
    /// The replica goes; its hard state stays.
    case destroy(PartitionID)
    /// The damage that gave the group its `LogFloor` is made good.
    case repaired(PartitionID)

    /// Which group it is about.
    public var group: PartitionID {
        switch self {
        case .create(let group), .entries(let group, _), .hardState(let group, _), .install(let group, _),
            .compact(let group, _), .destroy(let group), .repaired(let group):
            group
        }
    }
}

/// Consecutive entries of one term: the first one's index, and the term. The run ends where the next begins.
public struct TermRun: Sendable, Hashable {
    /// The index of the first entry.
    public let first: LogIndex
    /// The term of all entries.
    public let term: Term

    /// Makes a run.
    public init(first: LogIndex, term: Term) {
        self.first = first
        self.term = term
    }
}

/// A configuration entry's index and what it says.
public struct PlacedConfiguration: Sendable, Hashable {
    /// The entry's index.
    public let index: LogIndex
    /// What holds once the entry is applied.
    public let configuration: Configuration

    /// Makes a pair.
    public init(index: LogIndex, configuration: Configuration) {
        self.index = index
        self.configuration = configuration
    }
}
