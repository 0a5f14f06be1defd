import Raft
import Testing

@testable import KVStore

@Suite("Leaderships are spread over the nodes")
struct LeaderBalanceTests {
    private typealias View = LeaderBalance.View

    /// What a node sees: who leads each partition, and who may lead. Everybody has caught up but `lagging`.
    private func view(
        _ node: UInt64,
        _ leaders: [UInt64?],
        up: [UInt64],
        of nodes: Int = 3,
        lagging: [UInt64] = []
    ) -> View {
        View(
            node: NodeID(node),
            members: (1...UInt64(nodes)).map { View.Member(id: NodeID($0), mayLead: up.contains($0)) },
            partitions: leaders.enumerated().map { place, leader in
                let successors = (1...UInt64(nodes)).filter { $0 != leader && !lagging.contains($0) }
                return View.Partition(
                    id: PartitionID(UInt64(place + 1)),
                    leader: leader.map { NodeID($0) },
                    successors: leader == node ? successors.map { NodeID($0) } : []
                )
            }
        )
    }

    /// What is decided when nothing changes for a while.
    private func settled(_ view: View) -> [LeaderBalance.Transfer] {
        var balance = LeaderBalance(calmTicks: 10)
        for tick in 1..<10 {
            let early = balance.decide(view, at: tick)
            #expect(early.isEmpty)
        }
        return balance.decide(view, at: 11)
    }

    private func leads(_ counts: Int...) -> [UInt64?] {
        counts.enumerated().flatMap { place, count in [UInt64?](repeating: UInt64(place + 1), count: count) }
    }

    @Test func whoLeadsMostGivesHalfOfTheDifferenceToWhoLeadsLeast() {
        let transfers = settled(view(1, leads(6, 4, 1), up: [1, 2, 3]))
        #expect(transfers.map(\.target) == [NodeID(3), NodeID(3)])
        #expect(transfers.map(\.partition) == [PartitionID(6), PartitionID(5)], "the meta partition moves last")
        #expect(settled(view(2, leads(6, 4, 1), up: [1, 2, 3])).isEmpty)
        #expect(settled(view(2, leads(5, 5, 1), up: [1, 2, 3])).isEmpty, "one gives at a time")
        #expect(settled(view(1, leads(100, 0, 0), up: [1, 2, 3])).count == 6)
        #expect(settled(view(1, leads(17, 0, 0), up: [1, 2, 3])).count == 4)
    }

    @Test func aDifferenceOfOneIsRest() {
        #expect(settled(view(1, leads(6, 6, 5), up: [1, 2, 3])).isEmpty)
        #expect(settled(view(1, leads(2, 1, 1), up: [1, 2, 3])).isEmpty)
    }

    @Test func nothingIsGivenToNodesThatMayNotLeadOrLackSomething() {
        #expect(settled(view(1, leads(6, 6, 0), up: [1, 2])).isEmpty)
        #expect(settled(view(1, leads(8, 4, 0), up: [1, 2])).map(\.target) == [NodeID(2), NodeID(2)])
        let transfers = settled(view(1, leads(8, 4, 0), up: [1, 2, 3], lagging: [3]))
        #expect(transfers.map(\.target) == [NodeID(2), NodeID(2)])
    }

    @Test func nothingIsDoneWhileSomethingIsUnderWay() {
        #expect(settled(view(1, leads(8, 0, 0) + [nil], up: [1, 2, 3])).isEmpty)
        #expect(settled(view(1, leads(8, 0, 1), up: [1, 2])).isEmpty, "node 3 is about to hand over")
    }

    @Test func whatDoesNotComeAboutIsTriedMoreSeldomAndWithOthers() {
        var balance = LeaderBalance(calmTicks: 10)
        let view = view(1, leads(4, 2), up: [1, 2], of: 2)
        var tries: [(tick: Int, partition: PartitionID)] = []
        for tick in 0..<400 {
            for transfer in balance.decide(view, at: tick) { tries.append((tick, transfer.partition)) }
        }
        #expect(tries.map(\.tick) == [10, 30, 70, 150, 310])
        #expect(tries.prefix(4).map(\.partition.rawValue) == [4, 3, 2, 1])
    }

    /// A cluster in which nodes see changes late, leaderships move slowly or not at all, and nodes go and come.
    private struct Cluster {
        var random: SplitMix
        let nodes: Int
        var leaders: [UInt64?]
        var up: [UInt64]
        var balances: [LeaderBalance]
        /// What nodes may still see: the newest last.
        var past: [([UInt64?], [UInt64])] = []
        var moves: [(tick: Int, partition: Int, target: UInt64)] = []
        var transfers = 0

        init(seed: UInt64) {
            random = SplitMix(seed: seed)
            nodes = Int.random(in: 1...7, using: &random)
            up = (1...UInt64(nodes)).map { $0 }
            let count = Int.random(in: 1...257, using: &random)
            leaders = []
            balances = (0..<nodes).map { _ in LeaderBalance(calmTicks: 20) }
            for _ in 0..<count { leaders.append(UInt64.random(in: 1...UInt64(nodes), using: &random)) }
        }

        /// All leaderships of a node go elsewhere, as after its death.
        mutating func lose(_ node: UInt64) {
            up.removeAll { $0 == node }
            for place in leaders.indices where leaders[place] == node || leaders[place] == nil {
                leaders[place] = up[Int.random(in: 0..<up.count, using: &random)]
            }
            moves.removeAll { $0.target == node }
        }

        mutating func tick(_ tick: Int, _ view: (UInt64, [UInt64?], [UInt64]) -> View) {
            past.append((leaders, up))
            if past.count > 10 { past.removeFirst() }
            for node in up {
                // Of its own leaderships a node knows at once.
                let (seen, seenUp) = past[Int.random(in: 0..<past.count, using: &random)]
                var known = seen
                for place in leaders.indices where leaders[place] == node || seen[place] == node {
                    known[place] = leaders[place]
                }
                for transfer in balances[Int(node) - 1].decide(view(node, known, seenUp), at: tick) {
                    let place = Int(transfer.partition.rawValue) - 1
                    transfers += 1
                    guard leaders[place] == node, Int.random(in: 0..<10, using: &random) > 0 else { continue }
                    leaders[place] = nil
                    let delay = Int.random(in: 1...5, using: &random)
                    moves.append((tick + delay, place, transfer.target.rawValue))
                }
            }
            for move in moves where move.tick <= tick { leaders[move.partition] = move.target }
            moves.removeAll { $0.tick <= tick }
        }

        var spread: Int {
            let counts = up.map { node in leaders.count { $0 == node } }
            return (counts.max() ?? 0) - (counts.min() ?? 0)
        }
    }

    @Test("Any cluster comes to rest with at most one between any two nodes, and stays so", arguments: 0..<40)
    func convergence(seed: UInt64) {
        var cluster = Cluster(seed: seed)
        let nodes = cluster.nodes
        var tick = 0
        func live(_ ticks: Int) {
            for _ in 0..<ticks {
                tick += 1
                cluster.tick(tick) { view($0, $1, up: $2, of: nodes) }
            }
        }
        func expectRest(_ when: String) {
            #expect(cluster.spread <= 1, "seed \(seed) \(when)")
            let transfers = cluster.transfers
            live(2_000)
            #expect(cluster.spread <= 1)
            #expect(cluster.transfers == transfers, "seed \(seed) \(when): it does not stay")
        }
        live(4_000)
        expectRest("at first")
        guard nodes > 1 else { return }
        let lost = UInt64.random(in: 1...UInt64(nodes), using: &cluster.random)
        cluster.lose(lost)
        live(4_000)
        expectRest("without node \(lost)")
        cluster.up = (cluster.up + [lost]).sorted()
        live(4_000)
        expectRest("with node \(lost) again")
    }
}
