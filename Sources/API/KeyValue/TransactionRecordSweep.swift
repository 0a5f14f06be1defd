internal import Domain
internal import KVStore

/// Removes what is kept of operators' transactions that came with an id, when their time is over.
struct TransactionRecordSweep: Sendable {
    /// How long it is kept at least: an id may be repeated for as long.
    static let kept = RequestSweep.kept
    private static let pageEntries = 200

    let database: Database

    /// Looks at a page of records.
    ///
    /// - Parameter key: Where to go on; nil to begin a pass.
    /// - Returns: how many are gone, and where to go on; nil where the pass is over.
    func step(from key: [UInt8]?) async throws -> (removed: Int, next: [UInt8]?) {
        let snapshot = try await database.snapshot()
        let all = TransactionRecord.range
        let page = try await snapshot.scan(KeyRange(key ?? all.lower, all.upper), limit: Self.pageEntries)
        let over = page.entries.filter { item in
            snapshot.timestamp.instant.duration(since: item.entry.version.instant) > Self.kept
        }
        return (try await database.removeUnchanged(over), page.next)
    }
}
