internal import HeapModule
public import KVStore

/// Runs a node's loop on a thread of its own, and what would hold it up on one thread a worker.
///
///     any thread ── enqueue ──▶ inbox ─┐  one lock for all that has come
///     timers ──────────────────────────┼──▶ the loop thread: round after round
///     the loop itself ── enqueue ──────┘  no lock at all
///                    └─ perform ──▶ worker ── completion ──▶ inbox
///
/// A round first does everything that has come from other threads, then what time has come for, then what the loop
/// itself had put off. So a turn that is put off finds everything that arrived meanwhile, and takes it along. What comes
/// due while a round's timers run waits for the next round: a tick that takes longer than the time to the next one holds
/// nobody else up.
///
/// Actions that one thread gives run in the order in which it gave them. Between threads the order is that of the lock.
///
/// **Ending.** ``end()`` lets everything run that was given and needs no waiting: the inbox, and the work of the workers
/// with its completions. Timers that are not due are dropped. What is given afterwards is not run.
public final class LoopThread: LoopExecutor, Sendable {
    typealias Action = () -> Void

    private struct Inbox {
        var actions: [Action] = []
        /// Work whose completion has not come yet.
        var pendingWork = 0
        var isEnding = false
        var isOver = false
    }

    private let inbox: Monitor<Inbox>
    private let own: OwnQueue
    private let workers: [LoopWorker: WorkerThread]
    private let thread: NamedThread
    private let counters: NodeCounters

    /// Starts the threads.
    ///
    /// - Parameter name: What tools show for the loop's thread, in at most 15 bytes.
    public convenience init(name: String = "loop") { self.init(name: name, counters: NodeCounters()) }

    init(name: String, counters: NodeCounters) {
        let inbox = Monitor(Inbox())
        let own = OwnQueue()
        self.inbox = inbox
        self.own = own
        self.counters = counters
        var workers: [LoopWorker: WorkerThread] = [:]
        for worker in LoopWorker.allCases { workers[worker] = WorkerThread(name: "\(name)-\(worker)") }
        self.workers = workers
        thread = NamedThread(name) { Self.run(inbox, own, counters) }
    }

    // MARK: The doors

    /// Runs an action on the loop. Dropped once the loop has ended.
    public func enqueue(_ action: @escaping () -> Void) { offer(action) }

    /// Runs an action on the loop; whether it will be run.
    @discardableResult
    func offer(_ action: @escaping () -> Void) -> Bool {
        if isCurrent {
            own.later.append(action)
            return true
        }
        return give(action)
    }

    /// Runs an action on the loop when this time has passed, or later.
    public func enqueue(after delay: Duration, _ action: @escaping () -> Void) {
        let deadline = monotonicNanoseconds() + UInt64(max(0, delay.nanoseconds))
        guard isCurrent else {
            let moved = Moved(action)
            give { [own] in own.addTimer(at: deadline, moved.value) }
            return
        }
        own.addTimer(at: deadline, action)
    }

    /// Runs `work` beside the loop, then `completion` on it.
    public func perform(
        on worker: LoopWorker,
        _ work: @escaping () -> Void,
        completion: @escaping () -> Void
    ) {
        guard let thread = workers[worker] else { preconditionFailure("there is a thread for each worker") }
        let accepted = inbox.withLock { inbox in
            if inbox.isOver { return false }
            inbox.pendingWork += 1
            return true
        }
        guard accepted else { return }
        thread.perform { [inbox] in
            work()
            inbox.withLock { inbox in
                inbox.pendingWork -= 1
                inbox.actions.append(completion)
            }
            inbox.ring()
        }
    }

    /// True on the loop's own thread.
    public var isCurrent: Bool { thread.isCurrent }

    /// Ends the loop, and waits until its threads have ended. To be called once, from another thread.
    public func end() {
        precondition(!isCurrent, "a loop cannot wait for itself")
        inbox.withLock { $0.isEnding = true }
        inbox.ring()
        thread.join()
        for worker in LoopWorker.allCases { workers[worker]?.end() }
    }

    @discardableResult
    private func give(_ action: @escaping Action) -> Bool {
        let outcome: (isTaken: Bool, rings: Bool) = inbox.withLock { inbox in
            if inbox.isOver { return (false, false) }
            inbox.actions.append(action)
            // A bell that has rung need not ring again before it was heard.
            return (true, inbox.actions.count == 1)
        }
        if outcome.rings { inbox.ring() }
        return outcome.isTaken
    }

    // MARK: The thread

    private static func run(_ inbox: Monitor<Inbox>, _ own: OwnQueue, _ counters: NodeCounters) {
        var arrived: [Action] = []
        while collect(&arrived, inbox, own) {
            counters.loopRounds.add(1)
            counters.loopActions.add(arrived.count + own.later.count)
            for action in arrived { action() }
            arrived.removeAll(keepingCapacity: true)
            let now = monotonicNanoseconds()
            while let action = own.dueTimer(at: now) { action() }
            own.runLater()
        }
        own.clear()
    }

    /// Takes what has arrived, waiting for something to do; returns false when there will be nothing any more.
    private static func collect(_ arrived: inout [Action], _ inbox: Monitor<Inbox>, _ own: OwnQueue) -> Bool {
        inbox.wait { inbox, deadline in
            if inbox.isEnding, inbox.actions.isEmpty, inbox.pendingWork == 0, own.later.isEmpty {
                inbox.isOver = true
                return false
            }
            if inbox.actions.isEmpty, own.later.isEmpty {
                deadline = inbox.isEnding ? nil : own.nextDeadline
                guard let due = deadline, due <= monotonicNanoseconds() else { return nil }
            }
            // The two lists change places, so that neither grows anew each time.
            swap(&arrived, &inbox.actions)
            return true
        }
    }

    /// What the loop's thread alone touches, once it runs.
    private final class OwnQueue: @unchecked Sendable {
        var later: [Action] = []
        private var spare: [Action] = []
        private var timers = Heap<Timer>()
        private var lastTimer: UInt64 = 0

        var nextDeadline: UInt64? { timers.min?.deadline }

        func addTimer(at deadline: UInt64, _ action: @escaping Action) {
            lastTimer += 1
            timers.insert(Timer(deadline: deadline, number: lastTimer, action: action))
        }

        func dueTimer(at now: UInt64) -> Action? {
            guard let next = timers.min, next.deadline <= now else { return nil }
            return timers.removeMin().action
        }

        /// Runs what was put off until now; what that puts off in turn comes in the next round.
        func runLater() {
            swap(&later, &spare)
            for action in spare { action() }
            spare.removeAll(keepingCapacity: true)
        }

        func clear() {
            later = []
            timers = Heap()
        }
    }

    private struct Timer: Comparable {
        let deadline: UInt64
        /// Timers for one moment go off in the order in which they were set.
        let number: UInt64
        let action: Action

        static func < (a: Timer, b: Timer) -> Bool { (a.deadline, a.number) < (b.deadline, b.number) }
        static func == (a: Timer, b: Timer) -> Bool { a.number == b.number }
    }
}
