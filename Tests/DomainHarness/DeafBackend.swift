package import Domain
package import KVStore
package import ModelStore

/// The store as it is while a home has no leader: nobody reads anything there.
package struct DeafBackend: TransactionBackend {
    private let model: ModelBackend
    private let home: Home

    /// - Parameter home: The home that is deaf.
    package init(_ model: ModelBackend, at home: Home) {
        self.model = model
        self.home = home
    }

    private func listen(_ key: [UInt8]) throws(TransactionError) {
        guard key.count > 2, key[0] == DomainKey.space else { return }
        if Home(of: Bucket(UInt16(key[1]) << 8 | UInt16(key[2]))) == home { throw .noLeader }
    }

    package var now: MonotonicTime { model.now }

    package func timestamp(patience: Duration) async throws(TransactionError) -> Timestamp {
        try await model.timestamp(patience: patience)
    }

    package func read(
        _ keys: [[UInt8]],
        at timestamp: Timestamp,
        patience: Duration
    ) async throws(TransactionError) -> [StoredEntry?] {
        for key in keys { try listen(key) }
        return try await model.read(keys, at: timestamp, patience: patience)
    }

    package func scan(
        _ range: KeyRange,
        at timestamp: Timestamp,
        limit: ScanLimit,
        patience: Duration
    ) async throws(TransactionError) -> EntryPage {
        try listen(range.lower)
        return try await model.scan(range, at: timestamp, limit: limit, patience: patience)
    }

    package func commit(
        _ draft: TransactionDraft,
        _ attempt: TransactionAttempt,
        patience: Duration
    ) async throws(TransactionError) -> Timestamp {
        try await model.commit(draft, attempt, patience: patience)
    }

    package func readLocking(
        _ key: [UInt8],
        _ attempt: inout TransactionAttempt,
        patience: Duration
    ) async throws(TransactionError) -> StoredEntry? {
        try listen(key)
        return try await model.readLocking(key, &attempt, patience: patience)
    }

    package func abandon(_ attempt: TransactionAttempt) { model.abandon(attempt) }

    package func attempt(age: TransactionAge?) -> TransactionAttempt { model.attempt(age: age) }
}
