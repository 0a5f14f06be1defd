public import KVStore

/// Requests as their callers look back on them.
public struct Requests: Sendable {
    private let database: Database

    /// Those that a store knows.
    public init(_ services: Services) { database = services.database }

    /// What became of a request.
    public enum Outcome: Hashable, Sendable {
        /// It is over.
        case concluded(Conclusion)
        /// It has begun and goes on: as far as the top-up is that it is about.
        case begun(TransferID?)
        /// Nothing of it is known: it did not take effect so far.
        case absent
    }

    /// What became of a caller's request.
    public func outcome(caller: UserID, route: String, key: String) async throws(TransactionError) -> Outcome {
        let snapshot = try await database.snapshot()
        let place = RequestKey.place(caller: caller, route: route, key: key)
        guard let record = try await snapshot.record(RequestRecord.self, at: place)?.record else { return .absent }
        switch (record.progress, record.subject) {
        case (.concluded(let conclusion), _): return .concluded(conclusion)
        case (.begun, .topUp(let id)): return .begun(id)
        case (.begun, _): return .begun(nil)
        }
    }

    /// Carries out a request that is one commit and may be given a key, once if it is.
    ///
    /// Without a key nothing is recorded, and a request whose outcome is unknown is not tried again.
    ///
    /// - Parameter explain: What it means that the store refuses, by the key at which it does.
    func carryOut(
        _ key: RequestKey?,
        _ subject: RequestRecord.Subject,
        _ effect: (Transaction) async throws -> RecordedAnswer,
        explaining explain: (TransactionError.Refusal, [UInt8]) async throws -> DomainError? = { _, _ in nil }
    ) async throws -> Concluded {
        guard let key else {
            let committed = try await database.transact(effect)
            return Concluded(.answered(committed.value), isReplay: false, at: committed.timestamp)
        }
        let once = OnceOnly(database: database, key: key)
        let reached = try await once.reach(
            subject,
            { txn in .concluded(.answered(try await effect(txn))) },
            explaining: explain
        )
        guard case .concluded(let conclusion) = reached.progress else {
            throw TransactionError.unreadable("a request of one commit is recorded as begun")
        }
        return Concluded(conclusion, isReplay: reached.isReplay, at: reached.at)
    }
}
