internal import KVStore
internal import Raft

/// A cluster and its clients, in one thread and in virtual time. What runs on the machines is what runs on real ones:
/// the store's loop with its log, its state machines and its consensus; what is simulated is behind ``Environment``.
///
///     troubled time      faults as the plan says, clients at work
///     recovery           no faults any more: every node comes back, and everything must be as one again
///     judgement          every key is read once more; the histories must be linearizable, the replicas equal
final class World {
    let options: WorldOptions
    let plan: FaultPlan
    let scheduler = Scheduler()
    let trace: Trace
    var chance: Chance
    private(set) var machines: [SimulatedMachine] = []
    private(set) var network: SimulatedNetwork
    /// Partitions of registers, which are moved about.
    let partitions: [PartitionID]
    /// Partitions that the cluster makes for transactions; none where there are no transactions.
    let systemPartitions: [PartitionID]
    let registers: RegisterWorkload
    private(set) var workloads: [any Workload]
    var counts = WorldTransactionCounts()
    var collects: UInt64 = 0
    /// How long something was left behind by transactions after all clients had come to their end.
    private(set) var slowestCleanup = Duration.zero
    /// The first thing that must not happen and did.
    private(set) var violation: String?
    var isTroubled = true

    /// What partitions' replicas held, wherever that was looked at.
    var checksums: [Place: PartitionChecksum] = [:]
    /// Replicas whose groups have let them go for good.
    var retired: Set<Residence> = []
    /// Those of them that their nodes have destroyed, durably.
    var destroyed: Set<Residence> = []
    var restarts = Set<NodeID>()

    struct Place: Hashable {
        let partition: PartitionID
        let index: LogIndex
    }

    struct Residence: Hashable {
        let partition: PartitionID
        let node: NodeID
    }

    init(seed: UInt64, troubledSeconds: Int, keptLines: Int?, services: (any ServiceWorkload)? = nil) {
        var chance = Chance(seed: seed)
        var options = WorldOptions(&chance, troubledSeconds: troubledSeconds)
        if services == nil { options.drawTransactions(seed: seed) } else { options.drawServices(seed: seed) }
        plan = FaultPlan(&chance, nodes: options.nodes)
        trace = Trace(scheduler, keptLines: keptLines)
        let first = options.transactions == nil ? 1 : 101
        partitions = (0..<options.partitions).map { PartitionID(UInt64(first + $0)) }
        systemPartitions = Self.systemPartitions(options.transactions)
        registers = RegisterWorkload(options, partitions, chance.fork())
        workloads = [registers as any Workload] + (options.transactions?.workloads() ?? [])
        self.options = options
        self.chance = chance.fork()
        var receive: (StoreMessage, UInt64) -> Void = { _, _ in }
        network = SimulatedNetwork(
            nodes: options.nodes,
            manners: plan.manners,
            scheduler,
            trace,
            chance.fork(),
            deliver: { receive($0, $1) }
        )
        receive = { [unowned self] in deliver($0, from: $1) }
        let diskMicroseconds = chance.pick([20...80, 50...500, 200...5000])
        for number in 1...options.nodes {
            let id = NodeID(UInt64(number))
            let machine = SimulatedMachine(
                id,
                chance: chance.fork(),
                clockRate: Int64(chance.from(950_000...1_050_000)),
                diskMicroseconds: diskMicroseconds,
                onFailure: { [unowned self] in processFailed(id, $0) }
            )
            machines.append(machine)
        }
        if let services { workloads.append(services.clients(in: self, self.chance.fork())) }
    }

    func fail(_ text: String) {
        guard violation == nil else { return }
        violation = text
        trace.note(.phase, text: "violated: \(text)")
    }

    func machine(_ id: NodeID) -> SimulatedMachine { machines[Int(id.rawValue) - 1] }

    // MARK: A life

    /// Lives from the first start to the judgement.
    func run() {
        for machine in machines { start(machine) }
        for (place, partition) in partitions.enumerated() { create(partition, at: place) }
        if !systemPartitions.isEmpty { createMetaPartition() }
        for workload in workloads { workload.begin(self) }
        if workloads.contains(where: { $0.isOpening }) { awaitOpening() }
        scheduleFaults()
        scheduleTransactionFaults()
        scheduleInspections()
        scheduler.run(until: scheduler.now + options.troubledTime) { violation != nil }
        if violation == nil { recover() }
        if violation == nil { for workload in workloads { workload.judge(self) } }
    }

    /// Lets everything go: processes and what they have put into the future hold each other.
    func end() {
        for machine in machines { machine.endProcess(power: nil) }
        for workload in workloads { workload.end() }
        scheduler.forgetAll()
    }

    /// Lets workloads make what they need, for a while.
    private func awaitOpening() {
        scheduler.run(until: scheduler.now + .seconds(10)) {
            violation != nil || !workloads.contains { $0.isOpening }
        }
    }

    /// Three replicas each, on nodes that differ from partition to partition.
    private func create(_ partition: PartitionID, at place: Int) {
        let members = (0..<3).map { machines[(place + $0) % machines.count].id }
        for id in members {
            machine(id).process?.loop?.create(partition, initial: Configuration(voters: members)) { [unowned self] in
                if let refusal = $0 { fail("\(id) refuses to make partition \(partition): \(refusal)") }
            }
        }
    }

    /// Ends all troubles and waits until everything is as one.
    private func recover() {
        trace.note(.phase, text: "no faults from here on")
        isTroubled = false
        network.healAll()
        network.manners = SimulatedNetwork.Manners()
        for machine in machines {
            machine.diskSlowness = 1
            machine.disk.capacityBytes = nil
            machine.disk.mendsItself()
            machine.process?.resume()
            startSoon(machine)
        }
        for workload in workloads { workload.finish(self) }
        let end = scheduler.now + .seconds(60)
        var finished: MonotonicTime?
        while violation == nil, scheduler.now < end {
            scheduler.run(until: scheduler.now + .milliseconds(100)) { violation != nil }
            guard workloads.allSatisfy({ $0.isFinished }) else { continue }
            let since = finished ?? scheduler.now
            finished = since
            if let left = leftBehind {
                guard scheduler.now - since <= Self.cleanupTime else {
                    return fail("left behind by transactions: \(left)")
                }
                slowestCleanup = max(slowestCleanup, scheduler.now - since)
            } else if isConverged {
                return
            }
        }
        if violation == nil { fail("not as one a minute after the last fault: \(situation)") }
    }

    /// What a transaction holds outlives it by its time to live, by the time in which others look for that, and by an
    /// election.
    private static let cleanupTime = Duration.seconds(8)

    // MARK: Messages

    private func deliver(_ sent: StoreMessage, from incarnation: UInt64) {
        guard let process = machine(sent.to).process else { return }
        let message = options.carriesBytes ? carried(sent) : sent
        process.run {
            guard let loop = process.loop else { return }
            // The newest life of the sender introduces itself; what an older one sent may still come.
            if self.machine(message.from).process?.incarnation == incarnation {
                loop.connected(to: message.from, incarnation: incarnation)
            }
            loop.receive([message])
        }
    }

    /// The message as it is when it was bytes on the way.
    private func carried(_ message: StoreMessage) -> StoreMessage {
        do {
            var encoder = FrameEncoder()
            try encoder.append(message)
            let bytes = encoder.takeBytes()
            var decoder = FrameDecoder()
            decoder.accept(version: encoder.version)
            let frame = try bytes.withUnsafeBytes { raw in
                var rest = raw[...]
                return try decoder.next(&rest)
            }
            guard case .messages(var batch)? = frame, let arrived = try batch.next(), arrived == message else {
                fail("a message is another one once it was bytes: \(message)")
                return message
            }
            return arrived
        } catch {
            fail("a message cannot be carried as bytes: \(error), \(message)")
            return message
        }
    }
}
