internal import KVStore
internal import Raft

/// What a world does to transactions, and looks for when they are over.
extension World {
    static let metaPartition = PartitionID(1)

    /// Keys of transactions lie in these, which the cluster makes itself.
    static func systemPartitions(_ mix: TransactionMix?) -> [PartitionID] {
        guard let mix else { return [] }
        return [metaPartition] + PartitionLayout(partitions: mix.partitions).descriptors.map(\.id)
    }

    /// Begins the meta partition, in which the cluster writes down all others.
    func createMetaPartition() {
        let members = machines.map(\.id)
        for id in members {
            machine(id).process?.loop?.create(Self.metaPartition, initial: Configuration(voters: members)) {
                [unowned self] in
                if let refusal = $0 { fail("\(id) refuses to make the meta partition: \(refusal)") }
            }
        }
    }

    func scheduleTransactionFaults() {
        guard let mix = options.transactions else { return }
        every(mix.oracleKill) { [unowned self] in
            guard let (process, _) = leader(of: Self.metaPartition) else { return }
            trace.note(.oracleKilled, process.node.rawValue, text: "\(process.node)")
            let machine = machine(process.node)
            end(machine, power: anyPower())
            startSoon(machine)
        }
        every(mix.calendarJump) { [unowned self] in
            let machine = anyMachine()
            let jump = chance.from(-3_600_000...3_600_000)
            machine.calendarStart = UInt64(Int64(machine.calendarStart) + Int64(jump))
            trace.note(.calendarJump, machine.id.rawValue, text: "\(machine.id), by \(jump) ms")
        }
        every(mix.collection) { [unowned self] in collect() }
    }

    /// A commit was asked of a node: sometimes it dies in the midst of that.
    func coordinatorMayDie(_ process: SimulatedProcess) {
        guard isTroubled, let mix = options.transactions, chance.percent(mix.coordinatorDeathPercent) else { return }
        trace.note(.coordinatorKilled, process.node.rawValue, text: "\(process.node)")
        process.diesAfter(messages: chance.below(10))
    }

    /// Has a partition forget what lies some seconds behind, or a moment, so that readers are caught below it.
    private func collect() {
        let partition = chance.pick(systemPartitions.filter { $0 != Self.metaPartition })
        guard let (process, _) = leader(of: partition), let loop = process.loop else { return }
        let now = loop.clusterTime.milliseconds
        let age = UInt64(chance.pick([300, 2000, 6000]))
        guard now > age else { return }
        let safePoint = Timestamp(milliseconds: now - age)
        trace.note(
            .collected,
            partition.rawValue,
            safePoint.rawValue,
            text: "partition \(partition), below \(safePoint)"
        )
        collects += 1
        let command = Command(
            id: CommandID(UInt128(collects) | UInt128(1) << 127),
            mintedAt: .zero,
            transaction: .collect(safePoint: safePoint, records: .zero, from: [], limit: chance.pick([3, 1000]))
        )
        process.run {
            try? process.loop?.submit(command, to: partition) { _ in }
        }
    }

    // MARK: What is left

    /// What transactions hold or wait for, wherever it is; nil where nothing is left.
    var leftBehind: String? {
        for machine in machines {
            guard let loop = machine.process?.loop else { continue }
            let holdings = loop.transactionHoldings
            if !holdings.isEmpty { return "\(machine.id): \(holdings)" }
        }
        return nil
    }

    /// Counts what processes that live still have counted.
    func countTransactions() {
        for machine in machines { if let process = machine.process { noteCounts(of: process) } }
    }

    /// A process ends: what it has counted counts for the world.
    func noteCounts(of process: SimulatedProcess) {
        if let loop = process.loop { counts.add(loop.transactionCounts) }
    }
}

/// What became of transactions in a world, as clients and nodes have counted it.
struct WorldTransactionCounts {
    var committed = 0
    var refused = 0
    var unknown = 0
    var conflicts = 0
    var lockingAttempts = 0
    var resolvedDoubts = 0
    var nodes = TransactionCounts.none

    mutating func add(_ other: TransactionCounts) { nodes += other }

    /// All of them with their names, in a fixed order.
    var named: [(name: String, count: Int)] {
        [
            ("committed", committed), ("refused", refused), ("unknown", unknown), ("conflicts", conflicts),
            ("doubts resolved", resolvedDoubts), ("locking attempts", lockingAttempts),
            ("attempts", nodes.attempts), ("in one round", nodes.oneRound), ("commits", nodes.committed),
            ("waits", nodes.waits), ("deaths", nodes.deaths), ("questions", nodes.questions),
            ("resolutions", nodes.resolutions), ("retries", nodes.retries), ("timestamps", nodes.timestamps),
            ("pieces collected", nodes.collections),
        ]
    }
}
