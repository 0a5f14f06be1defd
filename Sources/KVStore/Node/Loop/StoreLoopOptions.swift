internal import Raft

/// The times and limits of a store's loop.
public struct StoreLoopOptions: Sendable, Hashable {
    /// The store's own limits.
    public var store = StoreOptions()
    /// The times and limits of transactions.
    public var transactions = TransactionsOptions()
    /// How the node takes part in placing partitions; nil where somebody else makes all replicas.
    public var placement: PlacementOptions?
    /// How large the pieces of the log are.
    public var log = LogOptions()
    /// The length of a tick, in which the groups count their time.
    public var tick = Duration.milliseconds(10)
    /// How often the log is cut and given back, in ticks.
    public var maintenanceTicks = 100
    /// Bytes of old log that are moved at most in one go.
    public var maintenanceBytes = 1 << 20
    /// The engine is asked to write what it holds in memory when the log has grown by this much since it was asked
    /// last: what is in memory only keeps the log from being cut, and makes the next start longer.
    public var flushLogBytes = 256 << 20
    /// Below this much room on the log's disk the node takes no more of clients' writes, and hands its leaderships over to
    /// nodes that do, if there are enough of them. It goes on following, and finishes what has begun.
    public var reservedDiskBytes = 256 << 20
    /// Below this much it does not take what leaders send it either, and hands out no timestamps.
    public var criticalDiskBytes = 64 << 20
    /// After it has run out of room, it takes writes again above this much.
    public var resumeDiskBytes = 320 << 20
    /// Ticks for which a read is tried again where leaders change.
    public var readPatienceTicks = 500
    /// Commands that are being brought to their end.
    public var maxExecutions = 50_000
    /// How long to wait before a write is tried again for which the disk had no room.
    public var noSpaceRetry = Duration.milliseconds(200)
    /// How long an orderly end waits for others to take leaderships over, in ticks.
    public var handOverTicks = 200

    /// The usual ones: with ticks of 10 ms, a leader that is not heard for 400 ms to 800 ms is replaced.
    public init() { store.raft.electionTicks = 40 }

    func validate() {
        store.validate()
        placement?.validate()
        precondition(tick > .zero && maintenanceTicks >= 1 && maintenanceBytes >= 1, "a loop must tick and tidy up")
        precondition(flushLogBytes >= 1 && noSpaceRetry > .zero && handOverTicks >= 0, "a loop's limits are positive")
        precondition(
            reservedDiskBytes >= 0 && resumeDiskBytes >= reservedDiskBytes,
            "a node takes writes again above the room at which it stopped"
        )
        precondition(
            0...reservedDiskBytes ~= criticalDiskBytes,
            "a node follows still when it takes no more writes of its own"
        )
    }
}
