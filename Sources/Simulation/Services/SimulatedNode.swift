public import KVStore
public import Raft

/// One life of a node's process, as the services that run in it see it: a store, a clock, and a way to wait.
///
/// When the process dies, whoever waits in it is told so as by a node that stops, and nothing of what it does from then
/// on reaches anybody: so every task comes to its end, and none has an effect after its process.
///
/// Safety: everything happens on the one thread on which the world lives; see ``SimulatedExecutor``.
public final class SimulatedNode: @unchecked Sendable {
    /// Which node it is.
    public let id: NodeID
    let process: SimulatedProcess
    let executor: SimulatedExecutor
    private let onCommit: () -> Void
    /// How those who wait are told that nothing will come, by their numbers.
    private var waiting: [UInt64: () -> Void] = [:]
    private var numbers: UInt64 = 0
    /// Tasks that have begun and not ended.
    private(set) var tasks = 0

    init(_ process: SimulatedProcess, _ scheduler: Scheduler, _ chance: Chance, onCommit: @escaping () -> Void) {
        id = process.node
        self.process = process
        self.onCommit = onCommit
        executor = SimulatedExecutor(chance) { [unowned process, unowned scheduler] action in
            if process.isDead { scheduler.after(.zero, action) } else { process.enqueue(action) }
        }
    }

    /// Waits for that long, by the node's own clock.
    ///
    /// - Throws: where the process dies meanwhile.
    public func sleep(_ duration: Duration) async throws {
        let isOver = await wait(orElse: false) { resume in process.enqueue(after: duration) { resume(true) } }
        if !isOver { throw CancellationError() }
    }

    /// Begins something that the process does beside all requests.
    public func begin(_ work: @escaping @Sendable () async -> Void) {
        tasks += 1
        Task(executorPreference: executor) { [self] in
            await work()
            tasks -= 1
        }
    }

    /// The process has died: whoever waits in it goes on to his end.
    func died() {
        precondition(process.isDead, "who is told of its death is dead")
        for number in waiting.keys.sorted() { waiting.removeValue(forKey: number)?() }
        executor.wakeAll()
    }

    /// Waits for something that `begin` brings about; for `last` where the process is dead or dies meanwhile.
    private func wait<Value: Sendable>(
        orElse last: Value,
        _ begin: (@escaping (Value) -> Void) -> Void
    ) async -> Value {
        await withCheckedContinuation { (continuation: CheckedContinuation<Value, Never>) in
            guard !process.isDead else { return continuation.resume(returning: last) }
            numbers += 1
            let number = numbers
            waiting[number] = { continuation.resume(returning: last) }
            begin { [self] value in
                guard waiting.removeValue(forKey: number) != nil else { return }
                continuation.resume(returning: value)
            }
        }
    }
}

/// Transactions by the loop of the process, as on a real machine.
extension SimulatedNode: LoopTransactionBackend {
    /// The machine's steady clock, which is a little fast or slow.
    public var now: MonotonicTime { process.now }

    /// Asks the process's loop; one that dies answers with `last`.
    public func transacting<Value: Sendable>(
        orElse last: TransactionError,
        _ body: @escaping @Sendable (StoreLoop, @escaping (Result<Value, TransactionError>) -> Void) -> Void
    ) async throws(TransactionError) -> Value {
        let result: Result<Value, TransactionError> = await wait(orElse: .failure(last)) { reply in
            guard let loop = process.loop else { return reply(.failure(last)) }
            body(loop, reply)
        }
        return try result.get()
    }

    /// Commits by the loop, and tells that it is about to; see ``TransactionBackend/commit(_:_:patience:)``.
    public func commit(
        _ draft: TransactionDraft,
        _ attempt: TransactionAttempt,
        patience: Duration
    ) async throws(TransactionError) -> Timestamp {
        try await transacting(orElse: .unknown) { [self] loop, reply in
            onCommit()
            loop.commit(draft, attempt, patience: patience, reply: reply)
        }
    }

    /// Lets go on the loop.
    public func abandon(_ attempt: TransactionAttempt) {
        guard attempt.primary != nil, !process.isDead else { return }
        process.enqueue { [process] in process.loop?.abandon(attempt) }
    }

    /// A new attempt; one that will come to nothing where the process is dead.
    public func attempt(age: TransactionAge?) -> TransactionAttempt {
        if let loop = process.loop { return loop.transactionAttempt(age: age) }
        let nobody = TransactionAge(milliseconds: .max, tieBreak: .max)
        return TransactionAttempt(id: TransactionID(.max), age: age ?? nobody)
    }
}
