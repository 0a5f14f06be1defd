public import Raft

/// The limits of a store. What exceeds one is refused, and may be tried again.
public struct StoreOptions: Sendable, Hashable {
    /// The times and limits of every group.
    public var raft = RaftOptions()
    /// Commands that were accepted and are not answered yet, of all replicas.
    public var maxPendingCommands = 100_000
    /// Their bytes.
    public var maxPendingCommandBytes = 64 << 20
    /// Reads that were accepted and are not answered yet, of all replicas.
    public var maxPendingReads = 100_000
    /// Ticks after which a read that nothing has answered is given up: a question to the leader may have been lost.
    public var readTimeoutTicks = 100
    /// Payload bytes that are applied in one turn. The batch that reaches the limit is still applied as a whole.
    public var applyBytesPerTurn = 4 << 20
    /// Applied entries that a replica's log keeps for followers that lag; beyond them it is cut.
    public var keptEntries = 10_000
    /// When the entries that all replicas keep take up more than this, in bytes, no replica keeps any that the engine has
    /// flushed: a follower that lags gets a snapshot.
    public var keptLogBytes = 1 << 30
    /// About how long a snapshot's chunk is, in bytes.
    public var snapshotChunkBytes = SnapshotLimits.usualChunkBytes
    /// Snapshots that are sent at a time. Each has one chunk on its way, so this bounds the bytes.
    public var maxOutgoingSnapshots = 4
    /// Snapshots that are received at a time.
    public var maxIncomingSnapshots = 4
    /// Ticks after which a chunk that has not come is asked for again.
    public var snapshotRetryTicks = 20
    /// Ticks without progress after which a snapshot is given up by either side.
    public var snapshotTimeoutTicks = 500

    /// The usual limits.
    public init() {}

    func validate() {
        precondition(maxPendingCommands >= 1 && maxPendingCommandBytes >= 1, "a store must have room for a command")
        precondition(
            raft.maxMessageBytes <= CommandLimits.commandBytes && raft.maxMessageEntries <= WireLimits.entries,
            "an append must fit in a message between nodes"
        )
        precondition(maxPendingReads >= 1 && readTimeoutTicks >= 1, "a store must have room and time for a read")
        precondition(applyBytesPerTurn >= 1 && keptEntries >= 0, "a store must apply something in each turn")
        precondition(keptLogBytes >= 0, "a limit of bytes is no negative number")
        precondition(maxOutgoingSnapshots >= 1 && maxIncomingSnapshots >= 1, "a store must have room for a snapshot")
        precondition(
            snapshotRetryTicks >= 1 && snapshotTimeoutTicks > snapshotRetryTicks,
            "a chunk is asked for again before its snapshot is given up"
        )
    }
}
