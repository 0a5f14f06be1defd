internal import KVStore
public import Raft

/// A simulated cluster as clients of its services see it: nodes that answer, late or not at all.
///
/// Whoever asks a node has his request carried there, at times twice and at times in vain; the answer comes back, or
/// gets lost. A node that dies answers nothing any more, and its clients see the connection break.
///
/// Safety: everything happens on the one thread on which the world lives; see ``SimulatedExecutor``.
public final class SimulatedCluster<Platform: Sendable>: @unchecked Sendable {
    unowned let world: World
    private let start: (SimulatedNode) -> Platform
    private let executor: SimulatedExecutor
    private var chance: Chance
    private let manners: ClientManners
    private var hosts: [NodeID: Host] = [:]
    /// Hosts that have died, until their last task has ended.
    private var dying: [Host] = []
    private var asks: [UInt64: Ask] = [:]
    private var sleepers: [UInt64: (Bool) -> Void] = [:]
    private var numbers: UInt64 = 0
    private var tasks = 0
    private var isOver = false
    private(set) var isOpen = false
    private var troublesEnded: MonotonicTime?
    private(set) var tally = WorkloadTally()
    private(set) var figures: [String: Int] = [:]

    /// One life of a node's process, and the services in it.
    private struct Host {
        let node: SimulatedNode
        let platform: Platform
    }

    /// A request that waits for its answer.
    private struct Ask {
        var process: SimulatedProcess?
        let fail: (NoAnswer) -> Void
    }

    init(_ world: World, _ drawn: Chance, start: @escaping (SimulatedNode) -> Platform) {
        var chance = drawn
        self.world = world
        self.start = start
        manners = ClientManners(&chance)
        executor = SimulatedExecutor(chance.fork()) { [unowned scheduler = world.scheduler] action in
            scheduler.after(.zero, action)
        }
        self.chance = chance
    }

    // MARK: For clients

    /// The nodes of the cluster, whether they run or not.
    public var nodes: [NodeID] { world.machines.map(\.id) }

    /// True while there are faults.
    public var isTroubled: Bool { troublesEnded == nil }

    /// What clients need is there: faults may begin.
    public func opened() { isOpen = true }

    /// Virtual time since the world began.
    public var elapsed: Duration { world.scheduler.now - .zero }

    /// From 0 up to and without `bound`, as the seed decides.
    public func draw(_ bound: Int) -> Int { chance.below(bound) }

    /// Waits.
    ///
    /// - Throws: where the world is over.
    public func sleep(_ duration: Duration) async throws {
        let goesOn = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
            guard !isOver else { return continuation.resume(returning: false) }
            let number = nextNumber()
            sleepers[number] = { continuation.resume(returning: $0) }
            world.scheduler.after(duration) { [weak self] in self?.sleepers.removeValue(forKey: number)?(true) }
        }
        if !goesOn { throw CancellationError() }
    }

    /// Has a node's services do something.
    ///
    /// - Throws: where there is no answer until `patience` is over.
    public func ask<Answer: Sendable>(
        _ node: NodeID,
        patience: Duration,
        mayBeDoubled: Bool = true,
        _ request: @escaping @Sendable (Platform) async -> Answer
    ) async throws(NoAnswer) -> Answer {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Answer, NoAnswer>, Never>) in
            send(request, to: node, patience, mayBeDoubled) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Notes something that has happened: in the trace, and for those who read it.
    public func note(_ number: UInt64, _ text: @autoclosure () -> String) {
        world.trace.note(.answered, number, text: text())
    }

    /// Something must not be and is.
    public func fail(_ text: String) { world.fail(text) }

    /// A request that was sent so long ago has ended.
    public func ended(_ end: RequestEnd, since began: Duration) {
        switch end {
        case .answered: tally.answered += 1
        case .unknown: tally.unknown += 1
        case .refused: tally.refused += 1
        }
        guard let troublesEnded else { return }
        let took = elapsed - max(began, troublesEnded - .zero)
        tally.slowestRecovery = max(tally.slowestRecovery, took)
    }

    /// Counts something for the figures of the run.
    public func count(_ name: String, by number: Int = 1) { figures[name, default: 0] += number }

    // MARK: On the way

    private func send<Answer: Sendable>(
        _ request: @escaping @Sendable (Platform) async -> Answer,
        to node: NodeID,
        _ patience: Duration,
        _ mayBeDoubled: Bool,
        reply: @escaping (Result<Answer, NoAnswer>) -> Void
    ) {
        guard !isOver else { return reply(.failure(.silent)) }
        let number = nextNumber()
        asks[number] = Ask(process: nil) { reply(.failure($0)) }
        guard let process = world.machine(node).process else {
            return later(chance.milliseconds(5...50)) { $0.fail(number, .unreachable) }
        }
        asks[number]?.process = process
        later(patience) { $0.fail(number, .silent) }
        for delay in manners.deliveries(&chance, isTroubled: isTroubled).prefix(mayBeDoubled ? .max : 1) {
            later(delay) { cluster in
                process.run { cluster.arrive(request, number, at: process, reply) }
            }
        }
    }

    /// A request has come to a process.
    private func arrive<Answer: Sendable>(
        _ request: @escaping @Sendable (Platform) async -> Answer,
        _ number: UInt64,
        at process: SimulatedProcess,
        _ reply: @escaping (Result<Answer, NoAnswer>) -> Void
    ) {
        guard !isOver, let host = host(of: process) else { return }
        world.trace.note(.asked, process.node.rawValue, number, text: "\(process.node), request \(number)")
        let replies = Replies(reply)
        host.node.begin { [self] in
            let answer = await request(host.platform)
            // The dead tell nothing.
            guard !host.node.process.isDead else { return }
            world.trace.note(.told, host.node.id.rawValue, number, text: "by \(host.node.id), request \(number)")
            guard let delay = manners.answer(&chance, isTroubled: isTroubled) else { return }
            later(delay) { cluster in
                guard cluster.asks.removeValue(forKey: number) != nil else { return }
                replies.reply(.success(answer))
            }
        }
    }

    /// Carries what a task of the world hands to another one of the same thread.
    private struct Replies<Answer: Sendable>: @unchecked Sendable {
        let reply: (Result<Answer, NoAnswer>) -> Void

        init(_ reply: @escaping (Result<Answer, NoAnswer>) -> Void) { self.reply = reply }
    }

    private func fail(_ number: UInt64, _ reason: NoAnswer) {
        guard let ask = asks.removeValue(forKey: number) else { return }
        world.trace.note(.timedOut, number, text: "request \(number): \(reason)")
        ask.fail(reason)
    }

    /// The services in a process, started when it is first asked; nil where it does not live any more.
    private func host(of process: SimulatedProcess) -> Host? {
        if let host = hosts[process.node], host.node.process === process { return host }
        guard !process.isDead else { return nil }
        let node = SimulatedNode(process, world.scheduler, chance.fork()) { [unowned world, unowned process] in
            world.coordinatorMayDie(process)
        }
        let host = Host(node: node, platform: start(node))
        hosts[process.node] = host
        return host
    }

    private func later(_ delay: Duration, _ action: @escaping (SimulatedCluster) -> Void) {
        world.scheduler.after(delay) { [weak self] in
            if let self { action(self) }
        }
    }

    private func nextNumber() -> UInt64 {
        numbers += 1
        return numbers
    }

    // MARK: For the world

    /// Begins what clients do.
    func begin(_ work: @escaping @Sendable () async -> Void) {
        tasks += 1
        Task(executorPreference: executor) { [self] in
            await work()
            tasks -= 1
        }
    }

    func faultsEnded() { troublesEnded = world.scheduler.now }

    /// A process has died: its services end, and whoever waits for them sees the connection break.
    func lost(_ process: SimulatedProcess) {
        if let host = hosts[process.node], host.node.process === process {
            hosts[process.node] = nil
            dying.removeAll { $0.node.tasks == 0 }
            dying.append(host)
            host.node.died()
        }
        for number in asks.keys.sorted() where asks[number]?.process === process {
            later(chance.microseconds(50...500)) { $0.fail(number, .silent) }
        }
    }

    /// The world is over, whatever still goes on in it: every task ends now.
    func end() {
        isOver = true
        for node in hosts.keys.sorted() {
            guard let host = hosts.removeValue(forKey: node) else { continue }
            dying.append(host)
            host.node.died()
        }
        for number in asks.keys.sorted() { asks.removeValue(forKey: number)?.fail(.silent) }
        for number in sleepers.keys.sorted() { sleepers.removeValue(forKey: number)?(false) }
        var goesOn = true
        while goesOn {
            goesOn = executor.drain()
            for host in dying where host.node.executor.drain() { goesOn = true }
        }
        let left = tasks + dying.reduce(0) { $0 + $1.node.tasks }
        precondition(left == 0, "\(left) tasks outlive their world")
        dying = []
    }
}

/// What befalls requests between clients and nodes, while there are faults.
private struct ClientManners {
    private let lossPercent: Int
    private let doublePercent: Int

    init(_ chance: inout Chance) {
        lossPercent = chance.pick([0, 0, 1, 4])
        doublePercent = chance.pick([0, 0, 2, 10])
    }

    /// When copies of a request arrive.
    func deliveries(_ chance: inout Chance, isTroubled: Bool) -> [Duration] {
        let usual = chance.microseconds(50...500)
        guard isTroubled else { return [usual] }
        var found = chance.percent(lossPercent) ? [] : [usual]
        if chance.percent(doublePercent) { found.append(chance.milliseconds(0...3000)) }
        return found
    }

    /// When an answer arrives; nil where it gets lost.
    func answer(_ chance: inout Chance, isTroubled: Bool) -> Duration? {
        let usual = chance.microseconds(50...500)
        return isTroubled && chance.percent(lossPercent) ? nil : usual
    }
}
