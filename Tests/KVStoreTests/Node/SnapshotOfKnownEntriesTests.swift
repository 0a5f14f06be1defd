import KVStore
import Raft
import Testing

/// A follower that has entries which its leader no longer has, and does not know that they are committed.
@Suite struct SnapshotOfKnownEntriesTests {
    private let trio: StoreTrio

    init() throws {
        var options = StoreOptions()
        options.keptEntries = 0
        trio = try StoreTrio(options)
    }

    @Test("A follower that needs nothing of a snapshot says so, and learns what is committed")
    func nothingNeeded() throws {
        try trio.live(300)
        let leader = try #require(trio.leader)
        let follower = try #require(trio.nodes.first { $0 !== leader })
        try trio.live(1)
        // Entries reach the follower, and not a word comes back.
        let isFromFollower: (StoreMessage) -> Bool = { $0.from == follower.id }
        for id: UInt128 in 1...5 {
            try leader.store?.submit(command(id, put("a", "\(id)")), to: partition, token: RequestToken(UInt64(id)))
        }
        #expect(try trio.live(5, isLost: isFromFollower).count == 5)
        let status = try #require(leader.store?.status(of: partition))
        #expect(follower.store?.status(of: partition)?.last == status.last)
        try leader.engine?.flush()
        _ = try leader.store?.maintain()
        #expect(leader.store?.status(of: partition)?.base == status.last)
        // The follower forgets what was committed, which it never has to remember, and the leader what it was told.
        follower.crash(power: .nothing)
        try follower.start()
        leader.store?.nodeReturned(follower.id)
        try trio.live(300)
        #expect(trio.applied(follower) == trio.applied(leader))
    }
}
