import KVStore
import Raft
import Testing

/// A follower that has entries which its leader no longer has, and does not know that they are committed.
@Suite struct SnapshotOfKnownEntriesTests {
    private let nodes: [SimulatedNode]

    init() throws {
        var options = StoreOptions()
        options.keptEntries = 0
        nodes = (1...3).map { SimulatedNode(NodeID($0), options: options, seed: 1) }
        for node in nodes {
            try node.start()
            try node.store?.create(partition, initial: threeVoters)
        }
    }

    /// Ticks and takes turns; messages that `isLost` names do not arrive.
    private func live(_ ticks: Int, isLost: (StoreMessage) -> Bool = { _ in false }) throws -> [Answer] {
        var answers: [Answer] = []
        for _ in 0..<ticks {
            for node in nodes {
                guard let store = node.store else { continue }
                store.tick()
                let turn = try store.prepare()
                if turn.needsSync { try store.sync() }
                answers += try store.complete().answers
                for message in turn.messages where !isLost(message) {
                    nodes.first { $0.id == message.to }?.store?.receive(message)
                }
            }
        }
        return answers
    }

    private func applied(_ node: SimulatedNode) -> LogIndex? { node.store?.appliedPosition(of: partition)?.index }

    @Test("A follower that needs nothing of a snapshot says so, and learns what is committed")
    func nothingNeeded() throws {
        _ = try live(300)
        let leader = try #require(nodes.first { $0.store?.status(of: partition)?.role == .leader })
        let follower = try #require(nodes.first { $0 !== leader })
        _ = try live(1)
        // Entries reach the follower, and not a word comes back.
        let isFromFollower: (StoreMessage) -> Bool = { $0.from == follower.id }
        for id: UInt128 in 1...5 {
            try leader.store?.submit(command(id, put("a", "\(id)")), to: partition, token: RequestToken(UInt64(id)))
        }
        #expect(try live(5, isLost: isFromFollower).count == 5)
        let status = try #require(leader.store?.status(of: partition))
        #expect(follower.store?.status(of: partition)?.last == status.last)
        try leader.engine?.flush()
        _ = try leader.store?.maintain()
        #expect(leader.store?.status(of: partition)?.base == status.last)
        // The follower forgets what was committed, which it never has to remember, and the leader what it was told.
        follower.crash(power: .nothing)
        try follower.start()
        leader.store?.nodeReturned(follower.id)
        _ = try live(300)
        #expect(applied(follower) == applied(leader))
    }
}
