/// The store, for those who build on it: transactions over any keys, strictly serializable, from any thread of any node.
///
///     let receipt = try await database.transact { txn in
///         try txn.add(-500, to: wallet, floor: 0)
///         try txn.add(500, to: cause)
///         try txn.insert(record, at: gift)
///     }
///
/// **Retries.** Where others came between, the closure runs again on a newer snapshot, inside its deadline: it must have
/// no effects of its own. After ``lockingAfter`` such failures it locks what it reads, so that it comes to its end
/// however busy its keys are.
///
/// **Outcomes.** Returning means committed and durable. Every error but `unknown` means that nothing changed and nothing
/// will. `unknown` means what it says: a transaction that has to happen exactly once inserts a record under a key of
/// its own choice, and tries again with the same key.
public struct Database: Sendable {
    /// Failed attempts after which a transaction locks what it reads.
    public static let lockingAfter = 3

    private let backend: any TransactionBackend

    /// A store behind a backend.
    public init(_ backend: any TransactionBackend) { self.backend = backend }

    /// Runs a transaction, as often as it takes until `patience` is over.
    ///
    /// - Throws: ``TransactionError``, or what `body` throws, upon which nothing changes.
    public func transact<Value>(
        patience: Duration = .seconds(5),
        _ body: (Transaction) async throws -> Value
    ) async throws -> Committed<Value> {
        let deadline = backend.now + min(patience, TransactionLimits.longestPatience)
        var attempt = backend.attempt(age: nil)
        var failures = 0
        while true {
            let transaction = Transaction(
                backend,
                attempt: attempt,
                isLocking: failures >= Self.lockingAfter,
                deadline: deadline
            )
            do {
                return try await run(body, transaction, deadline)
            } catch let error as TransactionError {
                guard case .conflict = error, backend.remaining(until: deadline) > .zero else { throw error }
            }
            failures += 1
            attempt = backend.attempt(age: attempt.age)
        }
    }

    private func run<Value>(
        _ body: (Transaction) async throws -> Value,
        _ transaction: Transaction,
        _ deadline: MonotonicTime
    ) async throws -> Committed<Value> {
        let value: Value
        let draft: TransactionDraft
        do {
            value = try await body(transaction)
            if let failure = transaction.lockFailure { throw failure }
            draft = transaction.draft
            do throws(FieldError) { try draft.validate() } catch { throw TransactionError.invalid(error) }
        } catch {
            backend.abandon(transaction.attempt)
            throw error
        }
        if draft.changes.isEmpty, draft.checks.isEmpty, transaction.attempt.primary == nil {
            // What was read was so at one moment, which lies behind everything that was answered before. What was locked
            // was read at several: only a commit shows that no lock had expired before the last of them.
            backend.abandon(transaction.attempt)
            return Committed(value: value, at: draft.start ?? .zero)
        }
        let patience = backend.remaining(until: deadline)
        let timestamp = try await backend.commit(draft, transaction.attempt, patience: patience)
        return Committed(value: value, at: timestamp)
    }

    /// Everything as it is now, or as it was at an earlier timestamp, to be read without standing in anybody's way.
    /// Reads at a timestamp that the store has not handed out yet are refused.
    public func snapshot(
        at timestamp: Timestamp? = nil,
        patience: Duration = .seconds(5)
    ) async throws(TransactionError) -> Snapshot {
        if let timestamp { return Snapshot(backend, at: timestamp) }
        return Snapshot(backend, at: try await backend.timestamp(patience: patience))
    }
}

/// What a transaction has returned, and when it took place.
public struct Committed<Value> {
    /// What its closure has returned.
    public let value: Value
    /// Its place in the order of all transactions. Zero for one that neither read nor changed anything.
    public let timestamp: Timestamp

    init(value: Value, at timestamp: Timestamp) {
        self.value = value
        self.timestamp = timestamp
    }
}

extension Committed: Sendable where Value: Sendable {}
