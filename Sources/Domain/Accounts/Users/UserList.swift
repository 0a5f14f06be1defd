internal import KVStore

/// All users, the newest first, spread over a few buckets, so that sign-ups do not all meet in one place.
enum UserList {
    private static let shards: UInt16 = 8

    private static func shard(_ number: UInt16) -> DomainKey { DomainKey(.userList, in: Bucket(number)) }

    static func key(of user: UserID) -> DomainKey {
        shard(Bucket(of: user).rawValue % shards).appendingNewestFirst(user)
    }

    /// The part of every shard behind the place, put together.
    static func page(_ page: PageRequest, _ snapshot: Snapshot) async throws -> Page<UserID> {
        var found: [UserID] = []
        var isMore = false
        for number in 0..<shards {
            let entries: Page<Stored<UsernameEntry>> = try await snapshot.records(under: shard(number), page)
            found += entries.items.map(\.record.user)
            isMore = isMore || entries.next != nil
        }
        found.sort { $0 > $1 }
        let items = Array(found.prefix(page.limit))
        let key = shard(0)
        let places = items.map { key.place(of: key.appendingNewestFirst($0).bytes) }
        return Page(items: items, places: places, next: isMore || found.count > page.limit ? places.last : nil)
    }
}
