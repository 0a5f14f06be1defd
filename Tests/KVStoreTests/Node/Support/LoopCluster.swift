import KVStoreSamples
import Raft

@testable import KVStore

/// Nodes' loops in one thread and in virtual time, on disks that keep what they are given. Messages take a millisecond;
/// nothing goes wrong but what a test does.
final class LoopCluster {
    private(set) var nodes: [NodeID: LoopNode] = [:]
    let ids: [NodeID]
    private var actions: [(time: UInt64, number: UInt64, body: () -> Void)] = []
    private var lastAction: UInt64 = 0
    private(set) var nanoseconds: UInt64 = 1
    /// Messages for which this is true are lost.
    var loses: (StoreMessage) -> Bool = { _ in false }

    init(_ count: Int) {
        ids = (1...UInt64(count)).map { NodeID($0) }
        for id in ids { nodes[id] = LoopNode(id, self) }
    }

    func node(_ id: UInt64) -> LoopNode {
        guard let node = nodes[NodeID(id)] else { preconditionFailure("there is no node \(id)") }
        return node
    }

    func loop(_ id: UInt64) -> StoreLoop {
        guard let loop = node(id).loop else { preconditionFailure("node \(id) does not run") }
        return loop
    }

    func startAll(_ options: StoreLoopOptions) throws {
        for id in ids { try node(id.rawValue).start(options) }
    }

    /// Makes a replica on every node.
    func create(_ partition: PartitionID) {
        for id in ids { loop(id.rawValue).create(partition, initial: Configuration(voters: ids)) { _ in } }
    }

    func at(_ time: UInt64, _ body: @escaping () -> Void) {
        lastAction += 1
        let place = actions.firstIndex { $0.time > time } ?? actions.count
        actions.insert((time, lastAction, body), at: place)
    }

    /// Lets time pass.
    func run(milliseconds: UInt64) { run(milliseconds: milliseconds) { false } }

    /// Lets time pass until something holds; tells whether it does.
    @discardableResult
    func run(milliseconds: UInt64, until isDone: () -> Bool) -> Bool {
        let end = nanoseconds + milliseconds * 1_000_000
        while !isDone(), let next = actions.first, next.time <= end {
            actions.removeFirst()
            nanoseconds = max(nanoseconds, next.time)
            next.body()
        }
        if !isDone() { nanoseconds = end }
        return isDone()
    }

    func carry(_ message: StoreMessage, from incarnation: UInt64) {
        if loses(message) { return }
        at(nanoseconds + 1_000_000) { [self] in
            guard let loop = nodes[message.to]?.loop else { return }
            if nodes[message.from]?.loop?.incarnation == incarnation {
                loop.connected(to: message.from, incarnation: incarnation)
            }
            loop.receive([message])
        }
    }

    /// The loops and what they have put into the future hold each other.
    func end() {
        for id in ids { node(id.rawValue).kill() }
        actions = []
    }
}

/// A machine of the cluster: its disks, and at most one life of its process.
final class LoopNode: NodeStorage, EntropySource {
    let id: NodeID
    private unowned let cluster: LoopCluster
    let disk: SimulatedDisk
    private let engineDisk = MemoryDisk()
    private var engine: MemoryEngine?
    /// The engine as the store has it.
    private(set) var failing: FailingEngine?
    private var random: SplitMix
    private var life: LoopLife?
    private(set) var loop: StoreLoop?
    var notices: [StoreNotice] = []
    /// Whether a test wants the store to fail.
    var mayFail = false
    /// What has ended its stores.
    private(set) var failures: [StoreError] = []

    init(_ id: NodeID, _ cluster: LoopCluster) {
        self.id = id
        self.cluster = cluster
        disk = SimulatedDisk(seed: id.rawValue)
        random = SplitMix(seed: id.rawValue)
    }

    func start(_ options: StoreLoopOptions) throws {
        let life = LoopLife(cluster)
        self.life = life
        let environment = Environment(
            clock: life,
            calendar: life,
            entropy: self,
            executor: life,
            network: life,
            storage: self
        )
        let peers = cluster.ids.filter { $0 != id }
        loop = try StoreLoop(node: id, peers: peers, environment: environment, options: options) { [weak self] in
            self?.notices.append($0)
        } onFailure: { [weak self] error in
            guard let self, mayFail else { preconditionFailure("a store has failed: \(error)") }
            failures.append(error)
        }
        life.incarnation = loop?.incarnation ?? 0
    }

    /// Halts the process where it is, as SIGSTOP does: time goes on without it.
    func halt() { life?.isHalted = true }

    /// Lets a halted process go on. It knows nothing of the time in between.
    func goOn() { life?.goOn() }

    /// Ends the process, as a signal does.
    func kill() {
        life?.isOver = true
        life = nil
        loop = nil
        engine?.crash()
        engine = nil
        failing = nil
        disk.kill()
    }

    func next() -> UInt64 { random.next() }

    func logDirectory() throws(DiskError) -> any DiskDirectory { disk.directory("log") }

    func openEngine() throws(EngineError) -> any Engine {
        let engine = try MemoryEngine(engineDisk, directory: "engine")
        self.engine = engine
        let failing = FailingEngine(engine)
        self.failing = failing
        return failing
    }
}

/// One life of a process: what it has put into the future does not happen when it is over.
private final class LoopLife: MonotonicClock, CalendarClock, LoopExecutor, MessageNetwork {
    private unowned let cluster: LoopCluster
    var isOver = false
    var isHalted = false
    private var waiting: [() -> Void] = []
    var incarnation: UInt64 = 0

    init(_ cluster: LoopCluster) { self.cluster = cluster }

    var now: MonotonicTime { MonotonicTime(nanoseconds: cluster.nanoseconds) }
    var milliseconds: UInt64 { 1_800_000_000_000 + cluster.nanoseconds / 1_000_000 }

    func enqueue(_ action: @escaping () -> Void) { enqueue(after: .zero, action) }

    func enqueue(after delay: Duration, _ action: @escaping () -> Void) {
        cluster.at(cluster.nanoseconds + UInt64(delay.nanoseconds)) { [self] in perform(action) }
    }

    func goOn() {
        isHalted = false
        for action in waiting { cluster.at(cluster.nanoseconds) { [self] in perform(action) } }
        waiting = []
    }

    private func perform(_ action: @escaping () -> Void) {
        if isOver { return }
        if isHalted { waiting.append(action) } else { action() }
    }

    func perform(on worker: LoopWorker, _ work: @escaping () -> Void, completion: @escaping () -> Void) {
        enqueue(after: .milliseconds(1)) {
            work()
            completion()
        }
    }

    func send(_ messages: [StoreMessage]) {
        for message in messages { cluster.carry(message, from: incarnation) }
    }
}
