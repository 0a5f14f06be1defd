internal import KVStore
internal import Raft

/// One life of a node's process, and the doors through which its loop reaches the simulated outside.
///
/// Whatever it has put into the future happens only while it lives, and waits while it is stopped.
final class SimulatedProcess {
    let node: NodeID
    private(set) var loop: StoreLoop?
    private(set) var isDead = false
    /// What has to wait until the process goes on; nil while it runs.
    private var waiting: [() -> Void]?

    private let scheduler: Scheduler
    private let network: SimulatedNetwork
    private let machine: SimulatedMachine
    private let trace: Trace
    private var chance: Chance
    /// How fast this machine's clock goes, in millionths of true time.
    private let clockRate: Int64
    private var lastEnqueued = MonotonicTime.zero
    private var workerBusyUntil: [MonotonicTime]
    /// The process dies after so many messages, in the midst of what it is doing.
    private var messagesUntilDeath: Int?

    init(_ machine: SimulatedMachine, _ scheduler: Scheduler, _ network: SimulatedNetwork, _ trace: Trace) {
        self.machine = machine
        self.scheduler = scheduler
        self.network = network
        self.trace = trace
        node = machine.id
        chance = machine.chance.fork()
        clockRate = machine.clockRate
        workerBusyUntil = LoopWorker.allCases.map { _ in scheduler.now }
    }

    var isStopped: Bool { waiting != nil }
    var incarnation: UInt64 { loop?.incarnation ?? 0 }

    /// Starts the loop on what the machine's disks hold.
    func start(
        peers: [NodeID],
        options: StoreLoopOptions,
        onNotice: @escaping (StoreNotice) -> Void
    ) throws(StoreLoopError) {
        let environment = Environment(
            clock: self,
            calendar: self,
            entropy: self,
            executor: self,
            network: self,
            storage: machine
        )
        let loop = try StoreLoop(node: node, peers: peers, environment: environment, options: options) {
            [weak self] notice in
            if self?.isDead == false { onNotice(notice) }
        } onFailure: { [weak self] error in
            self?.fail(error)
        }
        self.loop = loop
    }

    private func fail(_ error: StoreError) {
        if isDead { return }
        trace.note(.failed, node.rawValue, text: "\(node): \(error)")
        machine.processFailed(error)
    }

    /// Ends the life: nothing that it had begun goes on.
    func die() {
        isDead = true
        waiting = nil
        loop = nil
    }

    func stop() { waiting = waiting ?? [] }

    /// Goes on; what came meanwhile happens now, in the order in which it came.
    func resume() {
        guard let actions = waiting else { return }
        waiting = nil
        for action in actions { run(action) }
    }

    /// Does something in the process, when it next can.
    func run(_ action: @escaping () -> Void) {
        if isDead { return }
        if waiting != nil { waiting?.append(action) } else { action() }
    }

    func diesAfter(messages: Int) { messagesUntilDeath = messages }
}

extension SimulatedProcess: CalendarClock {
    var milliseconds: UInt64 { machine.calendarStart + now.nanoseconds / 1_000_000 }
}

extension SimulatedProcess: MonotonicClock, EntropySource {
    var now: MonotonicTime {
        MonotonicTime(nanoseconds: scheduler.now.nanoseconds / 1000 * UInt64(clockRate) / 1000)
    }

    func next() -> UInt64 { chance.bits() }
}

extension SimulatedProcess: LoopExecutor {
    func enqueue(_ action: @escaping () -> Void) {
        lastEnqueued = max(lastEnqueued, scheduler.now + chance.microseconds(1...20))
        scheduler.at(lastEnqueued) { [self] in run(action) }
    }

    func enqueue(after delay: Duration, _ action: @escaping () -> Void) {
        let trueNanoseconds = delay.nanoseconds / clockRate * 1_000_000
        scheduler.after(.nanoseconds(trueNanoseconds) + chance.microseconds(0...200)) { [self] in run(action) }
    }

    func perform(
        on worker: LoopWorker,
        _ work: @escaping () -> Void,
        completion: @escaping () -> Void
    ) {
        let place = LoopWorker.allCases.firstIndex(of: worker) ?? 0
        let start = max(scheduler.now, workerBusyUntil[place])
        let time = machine.diskTime(worker)
        // The work is done somewhere between its beginning and its end: a crash may come before it or after it.
        let moment = start + .nanoseconds(time.nanoseconds / 8 * Int64(chance.below(9)))
        workerBusyUntil[place] = start + time
        scheduler.at(moment) { [self] in
            run { [self] in
                trace.note(worker == .log ? .synced : .flushed, node.rawValue, text: "\(node)")
                work()
                let end = max(scheduler.now, start + time)
                scheduler.at(end) { [self] in run(completion) }
            }
        }
    }
}

extension SimulatedProcess: MessageNetwork {
    func send(_ messages: [StoreMessage]) {
        for message in messages {
            if isDead { return }
            if let left = messagesUntilDeath {
                if left == 0 { return machine.processFailed(nil) }
                messagesUntilDeath = left - 1
            }
            network.send(message, incarnation: incarnation)
        }
    }
}
