internal import KVStore
internal import Raft

/// The shape of one world, which a seed draws like everything else.
struct WorldOptions {
    var nodes: Int
    var partitions: Int
    var clients: Int
    var keys: Int
    /// How long there are faults.
    var troubledTime: Duration
    /// Messages are turned into bytes and back, as between real machines.
    var carriesBytes: Bool
    var loop = StoreLoopOptions()
    /// Nil where there are no transactions.
    var transactions: TransactionMix?

    init(_ chance: inout Chance, troubledSeconds: Int) {
        nodes = chance.pick([3, 3, 3, 4, 5, 5])
        partitions = chance.from(1...5)
        clients = chance.from(2...8)
        keys = chance.from(2...12)
        carriesBytes = chance.percent(20)
        troubledTime = .milliseconds(chance.from(troubledSeconds * 700...troubledSeconds * 1300))
        loop.maintenanceTicks = chance.from(5...60)
        loop.maintenanceBytes = chance.pick([4 << 10, 1 << 20])
        loop.flushLogBytes = chance.pick([16 << 10, 64 << 10, 1 << 20])
        loop.reservedDiskBytes = 48 << 10
        loop.criticalDiskBytes = 12 << 10
        loop.resumeDiskBytes = 64 << 10
        loop.handOverTicks = 100
        drawStore(&chance)
        drawRaft(&chance)
        loop.log.segmentBytes = chance.pick([16 << 10, 64 << 10])
        loop.log.batchBytes = 8 << 10
        loop.log.zeroAheadBytes = chance.pick([512, 2 << 10, 8 << 10])
        loop.log.compressionBytes = chance.pick([64, 512])
    }

    /// Draws what is about transactions, without a change of anything else that the seed decides.
    mutating func drawTransactions(seed: UInt64) {
        guard let mix = TransactionMix(Chance(seed: seed ^ 0x7472_616E_7361_6374)) else { return }
        take(mix)
    }

    /// Makes room for services, beside which there is little else.
    mutating func drawServices(seed: UInt64) {
        take(TransactionMix(forServices: Chance(seed: seed ^ 0x7365_7276_6963_6573)))
        partitions = 1
        clients = 1
    }

    private mutating func take(_ mix: TransactionMix) {
        transactions = mix
        loop.transactions.timeToLive = mix.timeToLive
        loop.transactions.collection = mix.forgetting
        // Lists grow all the time.
        loop.log.segmentBytes = 64 << 10
        loop.log.batchBytes = 16 << 10
        loop.placement = PlacementOptions()
        loop.placement?.partitions = mix.partitions
    }

    private mutating func drawStore(_ chance: inout Chance) {
        loop.store.keptEntries = chance.pick([0, 3, 20, 200])
        loop.store.applyBytesPerTurn = chance.pick([1, 500, 4 << 20])
        loop.store.snapshotChunkBytes = chance.pick([150, 400, 64 << 10])
        loop.store.snapshotRetryTicks = chance.from(5...20)
        loop.store.snapshotTimeoutTicks = chance.from(60...300)
        loop.store.maxOutgoingSnapshots = chance.from(1...3)
        loop.store.maxIncomingSnapshots = chance.from(1...3)
        loop.store.readTimeoutTicks = chance.from(20...100)
        if chance.percent(20) {
            loop.store.maxPendingCommands = chance.from(1...4)
            loop.store.maxPendingReads = chance.from(1...4)
        }
    }

    private mutating func drawRaft(_ chance: inout Chance) {
        loop.store.raft.heartbeatTicks = chance.from(2...5)
        loop.store.raft.electionTicks = chance.from(15...40)
        loop.store.raft.quiesceTicks = chance.percent(50) ? chance.from(5...60) : nil
        loop.store.raft.maxMessageEntries = chance.pick([1, 4, 1024])
        loop.store.raft.maxInflightMessages = chance.pick([1, 4, 64])
        loop.store.raft.entryCacheBytes = chance.pick([0, 400, 4 << 20])
        loop.store.raft.maxApplyBytes = chance.pick([1, 300, 1 << 20])
        loop.store.raft.promotionLagEntries = chance.pick([0, 10, 256])
        if chance.percent(20) { loop.store.raft.maxUncommittedBytes = 2000 }
    }
}
