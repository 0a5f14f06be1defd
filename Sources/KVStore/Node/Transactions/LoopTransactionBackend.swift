/// A backend of transactions that runs on a loop somewhere: all it has to say is how one asks there.
public protocol LoopTransactionBackend: TransactionBackend {
    /// Asks the loop, from any thread.
    ///
    /// - Parameters:
    ///   - last: What is thrown where the loop ends before it has answered.
    ///   - body: Runs on the loop, and calls back once.
    func transacting<Value: Sendable>(
        orElse last: TransactionError,
        _ body: @escaping @Sendable (StoreLoop, @escaping (Result<Value, TransactionError>) -> Void) -> Void
    ) async throws(TransactionError) -> Value
}

extension LoopTransactionBackend {
    /// Asks the oracle; see ``TransactionBackend/timestamp(patience:)``.
    public func timestamp(patience: Duration) async throws(TransactionError) -> Timestamp {
        try await transacting(orElse: .stopping) { loop, reply in loop.timestamp(patience: patience, reply: reply) }
    }

    /// Reads; see ``TransactionBackend/read(_:at:patience:)``.
    public func read(
        _ keys: [[UInt8]],
        at timestamp: Timestamp,
        patience: Duration
    ) async throws(TransactionError) -> [StoredEntry?] {
        try await transacting(orElse: .stopping) { loop, reply in
            loop.entries(of: keys, at: timestamp, patience: patience, reply: reply)
        }
    }

    /// Scans; see ``TransactionBackend/scan(_:at:limit:patience:)``.
    public func scan(
        _ range: KeyRange,
        at timestamp: Timestamp,
        limit: ScanLimit,
        patience: Duration
    ) async throws(TransactionError) -> EntryPage {
        try await transacting(orElse: .stopping) { loop, reply in
            loop.scan(range, at: timestamp, limit: limit, patience: patience, reply: reply)
        }
    }

    /// Commits; see ``TransactionBackend/commit(_:_:patience:)``.
    public func commit(
        _ draft: TransactionDraft,
        _ attempt: TransactionAttempt,
        patience: Duration
    ) async throws(TransactionError) -> Timestamp {
        try await transacting(orElse: .unknown) { loop, reply in
            loop.commit(draft, attempt, patience: patience, reply: reply)
        }
    }

    /// Reads and locks; see ``TransactionBackend/readLocking(_:_:patience:)``.
    public func readLocking(
        _ key: [UInt8],
        _ attempt: inout TransactionAttempt,
        patience: Duration
    ) async throws(TransactionError) -> StoredEntry? {
        let before = attempt
        let found: LockedEntry = try await transacting(orElse: .stopping) { loop, reply in
            loop.readLocking(key, before, patience: patience) { result in
                reply(result.map { LockedEntry(entry: $0.0, attempt: $0.1) })
            }
        }
        attempt = found.attempt
        return found.entry
    }
}

/// What was locked, and the attempt that holds it.
private struct LockedEntry: Sendable {
    let entry: StoredEntry?
    let attempt: TransactionAttempt
}
