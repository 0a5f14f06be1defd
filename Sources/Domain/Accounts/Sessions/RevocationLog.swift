public import KVStore

/// What was revoked lately, in the order of time, for every node to read along.
///
/// An entry stands under the time of its transaction's snapshot, which lies before its commit by no more than a
/// transaction may take. So whoever has read up to a moment begins the next time a little before it.
public struct RevocationLog: Sendable {
    private let database: Database

    /// How far behind the moment that was read up to an entry may still appear.
    public static let overlap = TransactionLimits.longestPatience + .seconds(10)
    private static let shards: UInt16 = 4
    private static let sweptAtOnce = 200

    /// The log of a store.
    public init(_ database: Database) { self.database = database }

    private static func shard(_ number: UInt16) -> DomainKey { DomainKey(.revocations, in: Bucket(number)) }

    /// Notes a revocation in the transaction that brings it about.
    static func append(_ revocation: Revocation, _ transaction: Transaction) async throws {
        let now = try await transaction.now()
        let detail =
            switch revocation.scope {
            case .session(let session): session.rawValue
            case .epoch(let epoch, _, _): epoch
            }
        let key = shard(Bucket(of: revocation.user).rawValue % shards)
            .appending(now.milliseconds).appending(revocation.user).appending(detail)
        transaction.put(revocation, at: key)
    }

    /// Everything that was noted since a moment, or that is there at all; and the moment up to which that is complete
    /// but for the overlap.
    public func entries(since moment: Instant?) async throws -> (revocations: [Revocation], upTo: Instant) {
        let snapshot = try await database.snapshot()
        var revocations: [Revocation] = []
        for number in 0..<Self.shards {
            let shard = Self.shard(number)
            var after = moment.map { shard.place(of: shard.appending($0.milliseconds).bytes) }
            while true {
                let page: Page<Stored<Revocation>> = try await snapshot.records(
                    under: shard,
                    PageRequest(limit: PageRequest.limits.upperBound, after: after)
                )
                revocations += page.items.map(\.record)
                guard let next = page.next else { break }
                after = next
            }
        }
        return (revocations, snapshot.timestamp.instant)
    }

    /// Removes some of what was noted before a moment, when the last token that it was about has expired.
    ///
    /// - Returns: true if there may be more.
    public func sweep(before moment: Instant) async throws -> Bool {
        var isMore = false
        for number in 0..<Self.shards {
            let shard = Self.shard(number)
            let old = KeyRange(shard.bytes, shard.appending(moment.milliseconds).bytes)
            let snapshot = try await database.snapshot()
            var page = try await snapshot.scan(old, limit: Self.sweptAtOnce)
            // What was removed before leaves traces for a while, which may be more than one look passes over.
            while page.entries.isEmpty, let next = page.next {
                page = try await snapshot.scan(KeyRange(next, old.upper), limit: Self.sweptAtOnce)
            }
            guard !page.entries.isEmpty else { continue }
            isMore = isMore || page.next != nil
            _ = try await database.transact { transaction in
                for entry in page.entries { transaction.delete(entry.key) }
            }
        }
        return isMore
    }
}
