import Raft
import Testing

@testable import KVStore

@Suite("Leaderships in a cluster of loops")
struct LeadershipTests {
    private var options: StoreLoopOptions {
        var options = StoreLoopOptions()
        options.placement = PlacementOptions()
        options.placement?.partitions = 8
        return options
    }

    /// How many partitions each node leads, as all of them see it; nil while they do not agree, or somebody leads nothing.
    private func leaderships(_ cluster: LoopCluster) -> [UInt64: Int]? {
        let loops = cluster.ids.compactMap { cluster.nodes[$0]?.loop }
        var counts: [UInt64: Int] = [:]
        for partition in (1...9).map({ PartitionID($0) }) {
            let leaders = Set(loops.map { $0.store.leader(of: partition) })
            guard leaders.count == 1, let leader = leaders.first ?? nil else { return nil }
            guard cluster.nodes[leader]?.loop?.store.status(of: partition)?.role == .leader else { return nil }
            counts[leader.rawValue, default: 0] += 1
        }
        return counts
    }

    private func started() throws -> LoopCluster {
        let cluster = LoopCluster(3)
        try cluster.startAll(options)
        cluster.create(StoreLoop.metaPartition)
        #expect(cluster.run(milliseconds: 30_000) { leaderships(cluster) == [1: 3, 2: 3, 3: 3] })
        return cluster
    }

    @Test func theyAreSpreadAndStayWhereTheyAre() throws {
        let cluster = try started()
        defer { cluster.end() }
        let terms = (1...9).map { cluster.loop(1).store.status(of: PartitionID($0))?.term }
        cluster.run(milliseconds: 20_000)
        #expect(leaderships(cluster) == [1: 3, 2: 3, 3: 3])
        #expect((1...9).map { cluster.loop(1).store.status(of: PartitionID($0))?.term } == terms)
    }

    @Test func theyFlowBackToANodeThatHasDiedAndReturned() throws {
        let cluster = try started()
        defer { cluster.end() }
        cluster.node(2).kill()
        for id: UInt64 in [1, 3] { cluster.loop(id).connectionLost(to: NodeID(2)) }
        #expect(
            cluster.run(milliseconds: 5_000) { leaderships(cluster).map { $0[2] == nil && $0[1] != 9 } ?? false }
        )
        try cluster.node(2).start(options)
        #expect(cluster.run(milliseconds: 10_000) { leaderships(cluster) == [1: 3, 2: 3, 3: 3] })
    }

    @Test func aDrainingNodeLeadsNothingWhoeverWasAskedToDrainIt() throws {
        let cluster = try started()
        defer { cluster.end() }
        var outcome: OrderOutcome?
        cluster.loop(1).orderDraining(true, of: NodeID(2), patienceTicks: 300) { outcome = $0 }
        #expect(cluster.run(milliseconds: 5_000) { outcome != nil })
        #expect(outcome == .done)
        #expect(cluster.loop(2).isDraining)
        cluster.run(milliseconds: 5_000)
        let counts = try #require(leaderships(cluster))
        #expect(counts[2] == nil)
        #expect(abs((counts[1] ?? 0) - (counts[3] ?? 0)) == 1)
        #expect(cluster.loop(3).state(of: NodeID(2)) == NodeState(isDraining: true))
        outcome = nil
        cluster.loop(3).orderDraining(false, of: NodeID(2), patienceTicks: 300) { outcome = $0 }
        #expect(cluster.run(milliseconds: 10_000) { leaderships(cluster) == [1: 3, 2: 3, 3: 3] })
        #expect(outcome == .done)
    }

    @Test func twoNodesThatDrainDoNotHandOverToEachOther() throws {
        let cluster = try started()
        defer { cluster.end() }
        var outcomes: [OrderOutcome] = []
        for id: UInt64 in [1, 2] {
            cluster.loop(3).orderDraining(true, of: NodeID(id), patienceTicks: 300) { outcomes.append($0) }
            cluster.run(milliseconds: 2_000)
        }
        #expect(outcomes == [.done, .done])
        #expect(cluster.run(milliseconds: 5_000) { leaderships(cluster) == [3: 9] })
        cluster.run(milliseconds: 5_000)
        #expect(leaderships(cluster) == [3: 9])
    }

    @Test func anyNodeHasALeadershipHandedOver() throws {
        let cluster = try started()
        defer { cluster.end() }
        let partition = PartitionID(5)
        let leader = try #require(cluster.loop(1).store.leader(of: partition)).rawValue
        let others = (1...3).filter { $0 != leader }
        func order(_ asked: UInt64, _ partition: UInt64, to target: UInt64?) -> OrderOutcome? {
            var outcome: OrderOutcome?
            cluster.loop(asked).orderTransfer(
                of: PartitionID(partition),
                to: target.map { NodeID($0) },
                patienceTicks: 300
            ) { outcome = $0 }
            cluster.run(milliseconds: 6_000) { outcome != nil }
            return outcome
        }
        #expect(order(others[0], 5, to: others[1]) == .done)
        #expect(cluster.loop(others[1]).store.leader(of: partition) == NodeID(others[1]))
        #expect(order(leader, 5, to: others[1]) == .done, "it leads already")
        #expect(order(others[1], 5, to: nil) == .done)
        #expect(order(leader, 99, to: nil) == .notFound("there is no partition 99"))
        let now = try #require(cluster.loop(1).store.leader(of: partition)).rawValue
        let asked = (1...3).first { $0 != now } ?? now
        #expect(order(asked, 5, to: 9) == .refused("node 9 has no vote in partition 5"))
        cluster.node(asked).kill()
        #expect(cluster.run(milliseconds: 2_000) { cluster.loop(now).store.silentNodes == [NodeID(asked)] })
        #expect(order(now, 5, to: asked) == .refused("node \(asked) is not heard"))
    }
}
