internal import KVStore

/// Which transactions there are in a world, and how they are disturbed. Drawn apart from everything else of a seed.
struct TransactionMix {
    var hasLedger: Bool
    var hasLists: Bool
    var hasRegisters: Bool
    /// Clients of each workload.
    var clients: Int
    /// Partitions over which the keys of transactions are spread.
    var partitions: Int
    /// Out of a hundred commits: so many nodes die while they carry one out.
    var coordinatorDeathPercent: Int
    /// The leader of the meta partition, and so the oracle, dies.
    var oracleKill: Duration?
    /// A node's calendar jumps, by up to an hour.
    var calendarJump: Duration?
    /// Old versions are collected.
    var collection: Duration?
    var timeToLive: Duration
    /// How leaders forget by themselves.
    var forgetting = CollectionOptions()
    /// What transactions draw from.
    var chance: Chance

    /// Nil where a seed has none.
    init?(_ drawn: Chance) {
        var chance = drawn
        guard chance.percent(70) else { return nil }
        self.init(drawing: &chance)
    }

    /// One for services, which have the keys of the domain for themselves.
    init(forServices drawn: Chance) {
        var chance = drawn
        self.init(drawing: &chance)
        hasLedger = false
        hasLists = false
        hasRegisters = false
        // A request takes seconds, and so do the snapshots that it reads; and clocks here differ by a tenth.
        forgetting.retention = max(forgetting.retention, .seconds(10))
    }

    private init(drawing chance: inout Chance) {
        let first = chance.below(3)
        hasLedger = first == 0 || chance.percent(40)
        hasLists = first == 1 || chance.percent(40)
        hasRegisters = first == 2 || chance.percent(25)
        clients = chance.from(2...6)
        partitions = chance.pick([2, 3, 4, 6])
        coordinatorDeathPercent = chance.pick([0, 0, 1, 4])
        func sometimes(_ share: Int, _ milliseconds: ClosedRange<Int>) -> Duration? {
            chance.percent(share) ? .milliseconds(chance.from(milliseconds)) : nil
        }
        oracleKill = sometimes(30, 1000...6000)
        calendarJump = sometimes(40, 500...4000)
        collection = sometimes(40, 300...3000)
        timeToLive = .milliseconds(chance.pick([200, 600, 2000]))
        var later = chance.fork()
        forgetting.waitTicks = later.pick([20, 200, 6000])
        forgetting.stepTicks = later.from(1...5)
        forgetting.pieceRows = later.pick([2, 20, 250])
        forgetting.retention = .milliseconds(later.pick([500, 3000, 3_600_000]))
        forgetting.recordRetention = .milliseconds(later.pick([7000, 24 * 3_600_000]))
        self.chance = chance
    }

    /// The workloads, which clients of their own do.
    mutating func workloads() -> [any Workload] {
        var found: [any TransactionWorkload] = []
        if hasLedger { found.append(LedgerWorkload(&chance)) }
        if hasLists { found.append(ListWorkload(&chance)) }
        if hasRegisters { found.append(TransactionRegisterWorkload(&chance)) }
        return found.map { TransactionClients($0, clients: clients, chance.fork()) }
    }
}
