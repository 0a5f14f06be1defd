internal import KVStore

/// Carries out a request once, however often it comes, and tells every time the same of it.
///
///     ┌─ one commit ────────────┐
///     │ the effect              │   another copy of the request finds the record in its way: its own commit is
///     │ insert the record of it │   refused as a whole, and it answers what the record says
///     └─────────────────────────┘
///
/// So there is no moment at which one of two is there. The record is looked at only when it stood in the way: the first
/// copy, which is nearly always the only one, reads nothing.
///
/// A refusal of business is an outcome too. It is recorded in a commit of its own, before it is told: or a copy that was
/// delayed could still succeed after its sender was told that it never would.
struct OnceOnly {
    /// How often a request whose outcome is unknown is sent to the store, before its sender is told so.
    private static let tries = 2

    let database: Database
    let key: RequestKey

    /// How far a request is.
    struct Reached {
        let subject: RequestRecord.Subject?
        let progress: RequestRecord.Progress
        /// True where an earlier copy got there.
        let isReplay: Bool
        /// The commit that got it there.
        let at: Timestamp
    }

    /// Carries out an effect, unless the record says that it was.
    ///
    /// - Parameters:
    ///   - subject: What the effect makes.
    ///   - effect: What is to happen in the commit of the record. It may run several times.
    ///   - explain: What it means that the store refuses, by the key at which it does; nil where that holds no more, so
    ///     that it is worth another try.
    /// - Throws: a ``DomainError`` that is no outcome, or ``TransactionError``: `unknown` as soon as any try may still
    ///   take effect.
    func reach(
        _ subject: RequestRecord.Subject,
        _ effect: (Transaction) async throws -> RequestRecord.Progress,
        explaining explain: (TransactionError.Refusal, [UInt8]) async throws -> DomainError?
    ) async throws -> Reached {
        var mayHaveHappened = false
        var tries = 0
        while true {
            do {
                tries += 1
                return try await attempt(subject, effect, explain)
            } catch is HoldsNoMore {
                if tries > Self.tries { throw mayHaveHappened ? TransactionError.unknown : .overloaded }
            } catch TransactionError.unknown where tries < Self.tries {
                mayHaveHappened = true
            } catch {
                throw mayHaveHappened ? TransactionError.unknown : error
            }
        }
    }

    /// What stood in the way is gone.
    private struct HoldsNoMore: Error {}

    private func attempt(
        _ subject: RequestRecord.Subject,
        _ effect: (Transaction) async throws -> RequestRecord.Progress,
        _ explain: (TransactionError.Refusal, [UInt8]) async throws -> DomainError?
    ) async throws -> Reached {
        let refusal: DomainError
        do {
            let committed = try await database.transact { txn in
                let progress = try await effect(txn)
                try txn.insert(RequestRecord(key.fingerprint, subject, progress), at: key.place)
                return progress
            }
            return Reached(subject: subject, progress: committed.value, isReplay: false, at: committed.timestamp)
        } catch TransactionError.conflict(key.place.bytes) {
            throw DomainError.requestInFlight
        } catch TransactionError.refused(let reason, let place) {
            if let earlier = try await recorded(of: subject) { return earlier }
            guard place != key.place.bytes, let error = try await explain(reason, place) else { throw HoldsNoMore() }
            refusal = error
        } catch let error as DomainError {
            if let earlier = try await recorded(of: subject) { return earlier }
            refusal = error
        }
        guard refusal.isFinal else { throw refusal }
        return try await record(refusal)
    }

    private func record(_ refusal: DomainError) async throws -> Reached {
        let progress = RequestRecord.Progress.concluded(.refused(refusal))
        do {
            let committed = try await database.transact { txn in
                try txn.insert(RequestRecord(key.fingerprint, nil, progress), at: key.place)
            }
            return Reached(subject: nil, progress: progress, isReplay: false, at: committed.timestamp)
        } catch TransactionError.refused {
            guard let earlier = try await recorded(of: nil) else { throw HoldsNoMore() }
            return earlier
        }
    }

    /// What an earlier copy came to, or an earlier try of this one; nil where there was none.
    ///
    /// - Parameter subject: What this copy would make: who has made just this is no other.
    /// - Throws: ``DomainError/keyReused`` where it asked for something else.
    private func recorded(of subject: RequestRecord.Subject?) async throws -> Reached? {
        let snapshot = try await database.snapshot()
        guard let stored = try await snapshot.record(RequestRecord.self, at: key.place) else { return nil }
        let record = stored.record
        guard record.fingerprint == key.fingerprint else { throw DomainError.keyReused }
        // An event that is closed has its id from before; all others get theirs from the copy that makes them.
        let isOwn = if case .event = subject { false } else { subject != nil && subject == record.subject }
        return Reached(subject: record.subject, progress: record.progress, isReplay: !isOwn, at: stored.version)
    }

    /// Records the end of a request that was begun, in the transaction that brings it about. One that has ended stays
    /// as it is.
    ///
    /// - Returns: how it has ended, and since when if that was before.
    func conclude(
        _ conclusion: Conclusion,
        in txn: Transaction
    ) async throws(TransactionError) -> (Conclusion, since: Timestamp?) {
        guard let stored = try await txn.record(RequestRecord.self, at: key.place) else {
            throw .unreadable("a request was begun and has no record")
        }
        var record = stored.record
        if case .concluded(let earlier) = record.progress { return (earlier, stored.version) }
        record.progress = .concluded(conclusion)
        txn.put(record, at: key.place)
        return (conclusion, nil)
    }
}
