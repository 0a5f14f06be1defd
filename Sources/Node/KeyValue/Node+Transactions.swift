public import KVStore

/// Transactions at a node that works, from any thread.
extension Node: TransactionBackend {
    /// The machine's steady clock.
    public var now: MonotonicTime { SystemClock().now }

    /// Asks the oracle; see ``TransactionBackend/timestamp(patience:)``.
    public func timestamp(patience: Duration) async throws(TransactionError) -> Timestamp {
        try await transacting { loop, reply in loop.timestamp(patience: patience, reply: reply) }
    }

    /// Reads on the node's loop; see ``TransactionBackend/read(_:at:patience:)``.
    public func read(
        _ keys: [[UInt8]],
        at timestamp: Timestamp,
        patience: Duration
    ) async throws(TransactionError) -> [StoredEntry?] {
        try await transacting { loop, reply in
            loop.entries(of: keys, at: timestamp, patience: patience, reply: reply)
        }
    }

    /// Scans on the node's loop; see ``TransactionBackend/scan(_:at:limit:patience:)``.
    public func scan(
        _ range: KeyRange,
        at timestamp: Timestamp,
        limit: ScanLimit,
        patience: Duration
    ) async throws(TransactionError) -> EntryPage {
        try await transacting { loop, reply in
            loop.scan(range, at: timestamp, limit: limit, patience: patience, reply: reply)
        }
    }

    /// Commits by the node's loop; see ``TransactionBackend/commit(_:_:patience:)``.
    public func commit(
        _ draft: TransactionDraft,
        _ attempt: TransactionAttempt,
        patience: Duration
    ) async throws(TransactionError) -> Timestamp {
        try await transacting(orElse: .unknown) { loop, reply in
            loop.commit(draft, attempt, patience: patience, reply: reply)
        }
    }

    /// Reads and locks by the node's loop; see ``TransactionBackend/readLocking(_:_:patience:)``.
    public func readLocking(
        _ key: [UInt8],
        _ attempt: inout TransactionAttempt,
        patience: Duration
    ) async throws(TransactionError) -> StoredEntry? {
        let before = attempt
        let found: Locked = try await transacting { loop, reply in
            loop.readLocking(key, before, patience: patience) { result in
                reply(result.map { Locked(entry: $0.0, attempt: $0.1) })
            }
        }
        attempt = found.attempt
        return found.entry
    }

    /// Lets go on the node's loop.
    public func abandon(_ attempt: TransactionAttempt) {
        guard attempt.primary != nil else { return }
        thread.enqueue { [seat] in seat.loop?.abandon(attempt) }
    }

    /// A new attempt.
    public func attempt(age: TransactionAge?) -> TransactionAttempt { attempts.next(age: age) }

    private struct Locked: Sendable {
        let entry: StoredEntry?
        let attempt: TransactionAttempt
    }

    /// Asks the loop; a node that ends meanwhile answers with `last`.
    private func transacting<Value: Sendable>(
        orElse last: TransactionError = .stopping,
        _ body: @escaping @Sendable (StoreLoop, @escaping (Result<Value, TransactionError>) -> Void) -> Void
    ) async throws(TransactionError) -> Value {
        let result: Result<Value, TransactionError>
        do throws(NodeStopped) {
            result = try await asking(body)
        } catch {
            throw last
        }
        return try result.get()
    }
}
