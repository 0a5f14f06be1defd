import Raft

/// The second half of every run: faults stop, and the cluster must heal itself.
extension ClusterHarness {
    /// Rounds, of a tick for everybody and the delivery of everything, within which all must be well.
    static let roundLimit = 600

    mutating func converge() throws(Violation) {
        heal()
        for position in replicas.indices {
            if !replicas[position].isUp { try restart(position) }
        }
        for position in replicas.indices { try reportNodes(position) }
        timeline.record { "faults end" }
        try untilWell("a leader emerges and everything commits")
        guard let leader = healthyLeader else { return }
        lastCommand += 1
        do {
            _ = try replicas[leader].core.propose([[UInt8(truncatingIfNeeded: lastCommand)]])
        } catch {
            throw Violation(description: "liveness: the leader refuses a proposal: \(error)")
        }
        let before = checker.committed
        try finish(leader, mayGather: false)
        lastRead += 1
        let token = ReadToken(lastRead)
        // Reads from before may still wait for their round, as many as are admitted.
        var isAdmitted = false
        for _ in 0..<Self.roundLimit where !isAdmitted {
            isAdmitted = (try? replicas[leader].core.requestRead(token)) != nil
            if isAdmitted { reads[token] = before }
            try finish(leader, mayGather: false)
            try runRound()
        }
        guard isAdmitted else { throw Violation(description: "liveness: the leader admits no read") }
        try untilWell(
            "a proposal commits and a read is answered",
            also: { harness in
                harness.checker.committed > before && harness.reads[token] == nil
            }
        )
        try fallAsleep()
    }

    /// A group that may sleep falls asleep when it is left alone, as a whole, and stays asleep.
    private mutating func fallAsleep() throws(Violation) {
        guard let quiesceTicks = mix.options.quiesceTicks else { return }
        for _ in 0..<(4 * quiesceTicks + 20) { try runRound() }
        for round in 0..<3 * mix.options.electionTicks {
            guard let leader = healthyLeader else {
                throw Violation(description: "liveness: a sleeping group has lost its leader")
            }
            let members = replicas[leader].core.configuration.members
            if let awake = members.first(where: { id in position(of: id).map { !replicas[$0].core.isQuiet } ?? true }) {
                throw Violation(description: "liveness: \(awake) is awake in round \(round) of a group left alone")
            }
            try runRound()
        }
    }

    private mutating func untilWell(
        _ goal: String,
        also isDone: (ClusterHarness) -> Bool = { _ in true }
    ) throws(Violation) {
        for round in 0..<Self.roundLimit {
            timeline.beginStep(1_000_000 + round)
            if healthyLeader != nil, isDone(self) { return }
            try runRound()
        }
        let roles = replicas.map { "\($0.id) \($0.core.status)" }.joined(separator: "\n")
        throw Violation(description: "liveness: \(goal): not in \(Self.roundLimit) rounds\n\(roles)")
    }

    private mutating func runRound() throws(Violation) {
        for position in replicas.indices {
            replicas[position].core.tick()
            try finish(position, mayGather: false)
        }
        for _ in 0..<4 { try settle() }
    }

    /// Delivers, writes and applies everything that waits.
    private mutating func settle() throws(Violation) {
        let arriving = network
        network.removeAll()
        for envelope in arriving { try deliver(envelope) }
        let moving = snapshots
        snapshots.removeAll()
        for transfer in moving { try move(transfer, fails: false) }
        for position in replicas.indices {
            replicas[position].sync(replicas[position].writes.count)
            try finish(position, mayGather: false)
            while !replicas[position].logReads.isEmpty { try answerLogRead(position) }
            if replicas[position].applying != nil {
                try apply(position, count: .max)
                try finish(position, mayGather: false)
            }
            if replicas[position].hasUntakenEffects { try finish(position, mayGather: false) }
        }
    }

    /// The leader of a cluster in which nothing is left to do; nil while something is.
    private var healthyLeader: Int? {
        let newestTerm = replicas.map(\.core.term).max() ?? .zero
        guard
            let leader = replicas.firstIndex(where: { $0.core.role == .leader && $0.core.term == newestTerm })
        else { return nil }
        let core = replicas[leader].core
        let end = core.termHistory.lastIndex
        guard core.appliedIndex == end, core.status.transferTarget == nil, !core.configuration.isJoint,
            !core.configuration.learners.contains(where: { $0.promotion == .automatic })
        else { return nil }
        for member in core.configuration.members {
            guard let position = position(of: member) else { return nil }
            let other = replicas[position].core
            guard other.appliedIndex == end, other.leader == replicas[leader].id,
                replicas[position].state.fingerprint == replicas[leader].state.fingerprint
            else { return nil }
        }
        return leader
    }
}
