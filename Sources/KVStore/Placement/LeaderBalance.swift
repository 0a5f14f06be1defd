internal import Raft

/// Which leaderships a node hands over so that all nodes lead about as many.
///
///     leads    9  8  0  ──▶  5  8  4  ──▶  5  6  6       the first gives 4 to the third, then the second gives it 2
///
/// Each node decides for itself, by what it knows of all. The one that leads most, of several the one with the smallest
/// id, hands over to the one that leads least; half of the difference at most, so that the one that takes does not lead
/// more than the one that gives: the sum of squares falls with every step, and where no two nodes differ by more than
/// one, nothing is done. So it comes to rest and stays there, as long as nodes see the same; therefore a node acts only
/// when nothing has changed for a while. What was asked for and did not come about is tried again more and more seldom.
struct LeaderBalance {
    /// What a node knows.
    struct View: Hashable {
        /// The node that looks.
        let node: NodeID
        /// All nodes, ascending.
        let members: [Member]
        /// All partitions, ascending.
        let partitions: [Partition]

        /// A node, as it is known.
        struct Member: Hashable {
            let id: NodeID
            /// It is heard, and has no reason not to lead: it neither drains nor ends nor lacks room.
            let mayLead: Bool
        }

        /// A partition, as it is known.
        struct Partition: Hashable {
            let id: PartitionID
            /// Nil while nobody is known to lead, or leadership is being handed over.
            let leader: NodeID?
            /// Who could take over at once. Known to the leader only.
            let successors: [NodeID]
        }
    }

    /// A leadership to hand over.
    struct Transfer: Hashable {
        let partition: PartitionID
        let target: NodeID
    }

    private let calmTicks: Int
    private var members: [View.Member] = []
    private var leaders: [NodeID?] = []
    private var calmSince = 0
    private var asked: [Transfer] = []
    /// How often in a row nothing of what was asked for has come about.
    private var failures = 0

    /// How often waiting is doubled at most.
    private static let mostDoublings = 5
    /// Leaderships that are handed over at once: these, or a part of all.
    private static let atOnce = (least: 4, part: 16)

    init(calmTicks: Int) { self.calmTicks = calmTicks }

    /// What to hand over now.
    mutating func decide(_ view: View, at tick: Int) -> [Transfer] {
        let leaders = view.partitions.map(\.leader)
        if leaders != self.leaders || view.members != members {
            self.leaders = leaders
            members = view.members
            calmSince = tick
        }
        guard tick - calmSince >= calmTicks else { return [] }
        noteFailures(view)
        guard tick - calmSince >= calmTicks << min(failures, Self.mostDoublings) else { return [] }
        let transfers = transfers(view)
        if transfers.isEmpty { return [] }
        asked = transfers
        calmSince = tick
        return transfers
    }

    private mutating func noteFailures(_ view: View) {
        if asked.isEmpty { return }
        let hasFailed = asked.allSatisfy { asked in
            view.partitions.contains { $0.id == asked.partition && $0.leader == view.node }
        }
        failures = hasFailed ? failures + 1 : 0
        asked = []
    }

    private func transfers(_ view: View) -> [Transfer] {
        let eligible = view.members.filter(\.mayLead).map(\.id)
        var counts = eligible.map { _ in 0 }
        for partition in view.partitions {
            // Whoever leads and should not is about to hand over, or is dead: first that has to come about.
            guard let leader = partition.leader, let place = eligible.firstIndex(of: leader) else { return [] }
            counts[place] += 1
        }
        guard let most = counts.max(), let giver = counts.firstIndex(of: most), eligible[giver] == view.node else {
            return []
        }
        for taker in counts.indices.sorted(by: { (counts[$0], $0) < (counts[$1], $1) }) {
            guard most - counts[taker] >= 2 else { return [] }
            let atOnce = max(Self.atOnce.least, view.partitions.count / Self.atOnce.part)
            let transfers = transfers(view, to: eligible[taker], min((most - counts[taker]) / 2, atOnce))
            if !transfers.isEmpty { return transfers }
        }
        return []
    }

    /// The meta partition comes last, with others after each failure: who serves all should move least.
    private func transfers(_ view: View, to target: NodeID, _ limit: Int) -> [Transfer] {
        let candidates = view.partitions.reversed().filter { $0.leader == view.node && $0.successors.contains(target) }
        guard !candidates.isEmpty else { return [] }
        return (0..<min(limit, candidates.count)).map { place in
            Transfer(partition: candidates[(place + failures) % candidates.count].id, target: target)
        }
    }
}
