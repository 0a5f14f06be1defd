public import Raft

/// What was found when a log was opened.
public struct LogRecovery: Sendable {
    /// Every group that the log knows, ascending.
    public let groups: [RecoveredGroup]
    /// What is not as it was written. Damage stays on this list until its segment is given up; whether a group suffers
    /// is told by its floor.
    public let damage: [LogDamage]
    /// True when damage may hide groups that are not on the list at all.
    public let mayMissGroups: Bool
}

/// A group as it was found when a log was opened.
public struct RecoveredGroup: Sendable, Hashable {
    /// Which group.
    public let group: PartitionID
    /// Whether the replica exists.
    public let lifecycle: ReplicaLifecycle
    /// The last hard state; of a destroyed replica, that when it was destroyed. Where a floor tells that entries are
    /// missing, no more counts as committed than is left.
    public let hardState: HardState
    /// The commit index as it was written, which may lie behind `last` where there is a floor.
    public let writtenCommit: LogIndex
    /// Where the entries begin: the log holds those behind this one.
    public let base: LogPosition
    /// The last entry that the log still has in an unbroken row from the base.
    public let last: LogPosition
    /// The terms of the entries behind the base.
    public let terms: [TermRun]
    /// The configuration entries behind the base, ascending.
    public let configurations: [PlacedConfiguration]
    /// The snapshot that was installed last, while the base is still its end. The state machine may not have it yet.
    public let installed: SnapshotMetadata?
    /// What limits charge for the entries' payloads, or somewhat more: records of which a part counts are charged whole.
    public let entryBytes: Int
    /// The end that the log had before it was damaged, if entries are missing.
    public let floor: LogFloor?

    init(_ state: GroupState) {
        let summary = state.summary
        group = summary.group
        lifecycle = summary.lifecycle
        var hardState = summary.hardState
        writtenCommit = hardState.commit
        if summary.floor != nil { hardState.commit = min(hardState.commit, summary.last.index) }
        self.hardState = hardState
        base = summary.base
        last = summary.last
        terms = state.termRuns
        configurations = state.configurations
        installed = summary.installed.map { SnapshotMetadata(position: summary.base, configuration: $0) }
        entryBytes = state.payloadBytes
        floor = summary.floor
    }
}
