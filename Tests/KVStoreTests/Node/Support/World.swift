import KVStore
import Raft

/// Three nodes, a network and a client, in one thread and decided by a seed.
///
/// Messages are lost, doubled and late; links are cut; processes die and the power fails in the midst of any operation
/// of a disk, on one node or on all. A ``History`` judges every answer.
final class World {
    let nodes: [SimulatedNode]
    let partitions = (1...3).map { PartitionID($0) }
    var random: SplitMix
    var history: History
    private(set) var checksums: [Place: PartitionChecksum] = [:]
    private(set) var crashes = 0
    private var network: [StoreMessage] = []
    private var cut: Set<[NodeID]> = []
    private var isQuiet = false
    private(set) var chunks = 0
    private(set) var bundles = 0
    private(set) var installs = 0

    struct Place: Hashable {
        let partition: PartitionID
        let index: LogIndex
    }

    init(seed: UInt64) throws {
        random = SplitMix(seed: seed)
        var options = StoreOptions()
        options.raft.heartbeatTicks = 2
        options.raft.electionTicks = 10
        options.raft.maxMessageEntries = 4
        options.raft.entryCacheBytes = 400
        options.raft.maxApplyBytes = 300
        options.raft.quiesceTicks = Bool.random(using: &random) ? 15 : nil
        options.applyBytesPerTurn = 500
        options.readTimeoutTicks = 30
        options.keptEntries = 2
        options.snapshotChunkBytes = 200
        options.snapshotRetryTicks = 8
        options.snapshotTimeoutTicks = 60
        options.maxOutgoingSnapshots = 1
        nodes = (1...3).map { SimulatedNode(NodeID($0), options: options, seed: seed) }
        history = History(partitions: partitions)
        for node in nodes {
            try node.start()
            for id in partitions { try node.store?.create(id, initial: threeVoters) }
        }
    }

    // MARK: A life

    /// Lives through troubles.
    func run(steps: Int) throws {
        for _ in 0..<steps { try step() }
    }

    /// Ends all troubles and lets everything come to rest.
    func recover() throws {
        isQuiet = true
        heal()
        for round in 0..<3000 {
            // A power failure that was to come may still come, and one in the midst of a start as well.
            for node in nodes where !node.isUp { try start(node) }
            for node in nodes { node.store?.tick() }
            for node in nodes { try turn(node) }
            for _ in 0..<network.count { try deliver() }
            if round % 3 == 0 { try ask() }
            if round > 60, history.isSettled, isConverged { return try finish() }
        }
        throw Violation("the world does not come to rest: \(statuses)")
    }

    private func finish() throws {
        for node in nodes {
            for id in partitions {
                try compareChecksum(node, id)
                guard let reader = node.store?.reader(of: id) else { continue }
                try history.checkEnd(reader, id)
            }
        }
    }

    private var statuses: [String] {
        nodes.flatMap { node in
            partitions.map { "\(node.id) \($0) \(node.store?.status(of: $0).map { "\($0)" } ?? "down")\n" }
        }
    }

    private var isConverged: Bool {
        partitions.allSatisfy { id in
            let applied = nodes.map { $0.store?.appliedPosition(of: id) }
            return applied[0] != nil && applied.allSatisfy { $0 == applied[0] }
        }
    }

    private func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private func anyNode() -> SimulatedNode { nodes[Int.random(in: 0..<nodes.count, using: &random)] }

    private func step() throws {
        switch Int.random(in: 0..<1000, using: &random) {
        case 0..<400: try deliver()
        case 400..<530: anyNode().store?.tick()
        case 530..<790: try turn(anyNode())
        case 790..<900: try ask()
        case 900..<935: try flush(anyNode())
        case 935..<970: try maintain(anyNode())
        case 970..<974: crash(anyNode())
        case 974..<978:
            let disk = anyNode().disk
            disk.powerFails(atOperation: disk.operations + Int.random(in: 1...12, using: &random))
        case 978: if chance(30) { for node in nodes { crash(node) } }
        case 979..<986: for node in nodes where !node.isUp && chance(50) { try start(node) }
        case 986..<990: separate()
        default: heal()
        }
    }

    // MARK: Nodes

    /// Does something at a node that may find the power gone.
    private func attempt(_ node: SimulatedNode, _ body: (Store) throws -> Void) throws {
        guard let store = node.store else { return }
        do {
            try body(store)
        } catch let error as StoreError where error == .log(.disk(.poweredOff)) {
            crash(node)
        }
    }

    private func crash(_ node: SimulatedNode) {
        crashes += 1
        let power: [SimulatedDisk.Survival?] = [.nothing, .some, .everything, nil]
        node.crash(power: power[Int.random(in: 0..<4, using: &random)])
        history.lost(node.id)
        for other in nodes where other !== node {
            if chance(50) { other.store?.connectionLost(to: node.id) }
            other.store?.nodeSilent(node.id)
        }
    }

    private func start(_ node: SimulatedNode) throws {
        do {
            try node.start()
        } catch let error as StoreError where error == .log(.disk(.poweredOff)) {
            return crash(node)
        } catch let error as LogError where error == .disk(.poweredOff) {
            return crash(node)
        }
        guard let store = node.store, store.recovery.failures.isEmpty, store.partitions == partitions else {
            throw Violation("\(node.id) does not start whole: \(String(describing: node.store?.recovery))")
        }
        for other in nodes where other !== node {
            if other.isUp { other.store?.nodeReturned(node.id) } else { store.nodeSilent(other.id) }
        }
    }

    /// A turn, between the halves of which the store goes on being fed.
    private func turn(_ node: SimulatedNode) throws {
        try attempt(node) { store in
            let prepared = try store.prepare()
            network += prepared.messages
            for message in prepared.messages { count(message) }
            if chance(30) { try deliver() }
            if chance(30) { store.tick() }
            if prepared.needsSync { try store.sync() }
            if chance(20) { try deliver() }
            try history.take(try store.complete().answers, of: node.id)
            if chance(15) { for id in partitions { try compareChecksum(node, id) } }
        }
    }

    private func flush(_ node: SimulatedNode) throws {
        guard let engine = node.engine, engine.writeNumber > engine.durableWriteNumber else { return }
        try engine.flush(
            through: UInt64.random(in: engine.durableWriteNumber...engine.writeNumber, using: &random)
        )
    }

    private func maintain(_ node: SimulatedNode) throws {
        try attempt(node) { try $0.maintain() }
    }

    private func compareChecksum(_ node: SimulatedNode, _ id: PartitionID) throws {
        guard let sum = try node.store?.checksum(of: id), sum.position.index > .zero else { return }
        let place = Place(partition: id, index: sum.position.index)
        if let known = checksums[place], known != sum {
            throw Violation("\(node.id) differs in partition \(id): \(sum) instead of \(known)")
        }
        checksums[place] = sum
    }

    // MARK: Network

    private func deliver() throws {
        guard !network.isEmpty else { return }
        let place = chance(30) && !isQuiet ? Int.random(in: 0..<network.count, using: &random) : 0
        let message = network.remove(at: place)
        if !isQuiet {
            if network.count > 300 { network.removeFirst(100) }
            if chance(3) { network.append(message) }
            if chance(4) || cut.contains([message.from, message.to]) { return }
        }
        nodes.first { $0.id == message.to }?.store?.receive(message)
    }

    private func separate() {
        let a = anyNode()
        let b = anyNode()
        guard a !== b else { return }
        cut.insert([a.id, b.id])
        if chance(50) { cut.insert([b.id, a.id]) }
        a.store?.nodeSilent(b.id)
        b.store?.nodeSilent(a.id)
    }

    private func heal() {
        cut = []
        for node in nodes where node.isUp {
            for other in nodes where other.isUp && other !== node { node.store?.nodeReturned(other.id) }
        }
    }

    // MARK: Clients

    private func ask() throws {
        let partition = partitions[Int.random(in: 0..<partitions.count, using: &random)]
        let leader = nodes.first { $0.store?.status(of: partition)?.role == .leader }
        let node = chance(80) ? leader ?? anyNode() : anyNode()
        guard let store = node.store else { return }
        if chance(40) {
            history.read(partition, at: node.id, store, key: Int.random(in: 0..<2, using: &random))
        } else {
            let mayBegin = !isQuiet
            history.write(partition, at: node.id, store, mayBegin: mayBegin, &random)
        }
    }
}

extension World {
    /// What happened in some worlds.
    struct Totals {
        var crashes = 0
        var decided = 0
        var unknown = 0
        var values = 0
        var chunks = 0
        var installs = 0
        var bundles = 0

        mutating func add(_ world: World) {
            crashes += world.crashes
            decided += world.history.decided
            unknown += world.history.unknown
            values += world.history.values
            chunks += world.chunks
            installs += world.installs
            bundles += world.bundles
        }
    }

    private func count(_ message: StoreMessage) {
        switch message {
        case .heartbeats: bundles += 1
        case .snapshot(let message):
            if case .chunk = message.content { chunks += 1 }
            if message.content == .done { installs += 1 }
        case .raft, .forwarded: break
        }
    }
}

/// Something happened that must never happen.
struct Violation: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
