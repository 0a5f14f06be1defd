import Raft
import Testing

@testable import KVStore

/// Snapshots between stores, where one of the two begins anew.
@Suite struct SnapshotTransferTests {
    private static let other = PartitionID(partition.rawValue + 1)

    /// A leader that has cut its log, and a follower that lacks what was in it.
    private final class Lagging {
        let trio: StoreTrio
        let leader: SimulatedNode
        let follower: SimulatedNode
        /// The numbers of the chunks that were sent to the follower.
        private(set) var chunks: [UInt64] = []

        init(_ options: StoreOptions, _ partitions: [PartitionID] = [partition]) throws {
            let trio = try StoreTrio(options, partitions)
            try trio.live(300)
            let leader = try #require(trio.leader)
            let follower = try #require(trio.nodes.first { $0 !== leader })
            let store = try #require(leader.store)
            for number: UInt128 in 1...60 {
                let change = put("key \(number)", String(repeating: "x", count: 150))
                try store.submit(command(number, change), to: partition, token: RequestToken(1))
            }
            let answers = try trio.live(30) { $0.to == follower.id || $0.from == follower.id }
            #expect(answers.count == 60)
            try leader.engine?.flush()
            _ = try store.maintain()
            store.nodeReturned(follower.id)
            self.trio = trio
            self.leader = leader
            self.follower = follower
        }

        func live(_ ticks: Int, isLost: (StoreMessage) -> Bool = { _ in false }) throws {
            try trio.live(ticks) { message in
                if case .snapshot(let snapshot) = message, case .chunk(let bytes) = snapshot.content,
                    snapshot.partition == partition, let chunk = try? PackedChunk(bytes)
                {
                    chunks.append(chunk.number)
                }
                return isLost(message)
            }
        }

        /// Lets time pass until so many chunks were sent.
        func live(untilChunks count: Int) throws {
            for _ in 0..<2_000 where chunks.count < count { try live(1) }
            #expect(chunks.count >= count)
        }

        var isWhole: Bool { trio.applied(follower) == trio.applied(leader) }
    }

    private var options: StoreOptions {
        var options = StoreOptions()
        options.keptEntries = 0
        options.snapshotChunkBytes = 200
        return options
    }

    @Test("A sender that begins anew at the same state goes on where the receiver is")
    func secondWriter() throws {
        let pair = try Lagging(options)
        try pair.live(untilChunks: 30)
        let store = try #require(pair.leader.store)
        let before = pair.chunks.count
        let base = try #require(store.status(of: partition)).base
        store.outgoing.add(SnapshotRequest(follower: pair.follower.id, minimumIndex: base.index), of: partition)
        // Either side would give it up after 500 ticks, and begin with the first chunk.
        try pair.live(300)
        #expect(pair.isWhole)
        let after = pair.chunks[before...]
        #expect(after.first == 0)
        #expect(after.dropFirst().allSatisfy { $0 >= 28 })
    }

    @Test("A receiver that wants what the snapshot does not have begins anew at once")
    func chunkBehindTheEnd() throws {
        let pair = try Lagging(options)
        try pair.live(untilChunks: 20)
        let store = try #require(pair.leader.store)
        let position = try #require(store.outgoing.active.first).writer.metadata.position
        store.receive(
            .snapshot(
                SnapshotMessage(
                    partition: partition,
                    from: pair.follower.id,
                    to: pair.leader.id,
                    position: position,
                    content: .want(10_000)
                )
            )
        )
        let before = pair.chunks.count
        // Nor does the receiver say meanwhile what it really wants.
        try pair.live(5) { message in
            if case .snapshot(let snapshot) = message, case .want = snapshot.content { true } else { false }
        }
        try pair.live(60)
        #expect(pair.chunks[before...].contains(0) && pair.chunks[before...].contains(1))
        try pair.live(300)
        #expect(pair.isWhole)
    }

    @Test("That a snapshot is lost is heard while another partition's waits for the same follower")
    func lossWhileAnotherWaits() throws {
        var options = options
        options.maxOutgoingSnapshots = 1
        let pair = try Lagging(options, [partition, Self.other])
        // All of it arrives, and the order to install it does not.
        var ordered = false
        let isOrder: (StoreMessage) -> Bool = { message in
            guard case .raft(let envelope) = message, case .installSnapshot = envelope.message else { return false }
            ordered = true
            return true
        }
        for _ in 0..<2_000 where !ordered { try pair.live(1, isLost: isOrder) }
        #expect(ordered)
        pair.follower.crash(power: .nothing)
        try pair.follower.start()
        // The other partition's has the only place, and one for this follower is next.
        let store = try #require(pair.leader.store)
        let third = try #require(pair.trio.nodes.first { $0 !== pair.leader && $0 !== pair.follower })
        for node in [third, pair.follower] {
            store.outgoing.add(SnapshotRequest(follower: node.id, minimumIndex: .zero), of: Self.other)
        }
        try pair.live(150) { message in
            if case .snapshot(let snapshot) = message { snapshot.partition == Self.other } else { false }
        }
        #expect(store.outgoing.isWaiting(Self.other, to: pair.follower.id))
        #expect(store.outgoing.isWaiting(partition, to: pair.follower.id))
        try pair.live(2_000)
        #expect(pair.isWhole)
    }

    @Test func transfersThatWaitForOthersToEndGiveATurnNothingToDo() {
        var outgoing = OutgoingSnapshots()
        #expect(!outgoing.hasWork(limit: 1))
        outgoing.add(SnapshotRequest(follower: NodeID(2), minimumIndex: LogIndex(5)), of: partition)
        #expect(outgoing.hasWork(limit: 1))
        #expect(!outgoing.hasWork(limit: 0))
    }
}
