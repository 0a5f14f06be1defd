import Raft

/// The second half of every run: faults stop, and the cluster must heal itself. Then it must do, well as it is, what a
/// group that is well does.
extension ClusterHarness {
    /// Rounds, of a tick for everybody and the delivery of everything, within which all must be well.
    static let roundLimit = 600

    mutating func converge() throws(Violation) {
        try heal()
        stalledDisks.removeAll()
        for position in replicas.indices {
            if !replicas[position].isUp { try restart(position) }
        }
        for position in replicas.indices { try reportNodes(position) }
        timeline.record { "faults end" }
        try untilWell("a leader emerges and everything commits")
        try serve()
        if chance(30) { try giveUpReads() }
        if chance(50) {
            try fallAsleep()
            if chance(50) { try wakeForLostProposal() } else { try restartSleepingLeader() }
        }
        if chance(25) { try overtakeStalledLeader() }
        if chance(50) { try standAgainAfterLaterTerm() }
        if chance(40) { try resistDisruption() }
        if chance(40) { try handOver() }
        if chance(25) { try changeWhileHandingOver() }
        if chance(60) { try survive() }
        try checkReads()
    }

    // MARK: What a group that is well does

    /// A proposal commits and a read is answered.
    mutating func serve() throws(Violation) {
        guard let leader = healthyLeader else { return }
        let before = checker.committed
        try proposeOne(leader)
        lastRead += 1
        let token = ReadToken(lastRead)
        // Reads from before may still wait for their round, as many as are admitted.
        var isAdmitted = false
        for _ in 0..<Self.roundLimit where !isAdmitted {
            isAdmitted = (try? replicas[leader].core.requestRead(token)) != nil
            if isAdmitted { admitted(token, leader) }
            try finish(leader, mayGather: false)
            try runRound()
        }
        guard isAdmitted else { throw Violation(description: "liveness: the leader admits no read") }
        try untilWell("a proposal commits and a read is answered") { harness in
            harness.checker.committed > before && harness.reads[token] == nil
        }
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

    /// A replica that campaigns for no reason changes nothing while the others hear their leader (4.2.3).
    private mutating func resistDisruption() throws(Violation) {
        guard let leader = healthyLeader, let position = anyVoter(but: leader) else { return }
        let term = replicas[leader].core.term
        timeline.record { "\(replicas[position].id) disturbs" }
        try feed(.campaign, to: position)
        try finish(position, mayGather: false)
        for _ in 0..<mix.options.electionTicks { try runRound() }
        guard healthyLeader == leader, replicas[leader].core.term == term else {
            throw Violation(
                description: "disruption: \(replicas[position].id) campaigns and deposes a leader that is well"
            )
        }
    }

    /// Leadership goes where it is asked to go, with a proposal still on its way there (3.10).
    private mutating func handOver() throws(Violation) {
        guard let leader = healthyLeader, let successor = anyVoter(but: leader) else { return }
        try proposeOne(leader)
        timeline.record { "transfer to \(replicas[successor].id)" }
        guard (try? replicas[leader].core.transferLeadership(to: replicas[successor].id)) != nil else {
            throw Violation(description: "liveness: a healthy leader refuses to hand over to a voter")
        }
        // A lost order is repeated with the next heartbeat.
        if mix.options.electionTicks > 2 * mix.options.heartbeatTicks + 1, chance(50) { ordersToLose = 1 }
        try finish(leader, mayGather: false)
        for _ in 0..<mix.options.electionTicks { try runRound() }
        ordersToLose = 0
        guard replicas[successor].core.role == .leader else {
            throw Violation(description: "transfer: \(replicas[successor].id) does not become leader")
        }
        try untilWell("the successor is followed")
    }

    /// A voter that is dead is made a learner while leadership is to go to it: the transfer comes to nothing, the change
    /// does not (4.3).
    private mutating func changeWhileHandingOver() throws(Violation) {
        guard let leader = healthyLeader, let dead = anyVoter(but: leader),
            replicas[leader].core.configuration.voters.count >= 3
        else { return }
        let id = replicas[dead].id
        timeline.record { "\(id) dies, is demoted and shall lead" }
        replicas[dead].crash(keepingWrites: replicas[dead].writes.count)
        guard (try? replicas[leader].core.proposeMembership(MembershipChange([.demote(id)]))) != nil,
            (try? replicas[leader].core.transferLeadership(to: id)) != nil
        else { throw Violation(description: "liveness: a healthy leader refuses a change or a transfer") }
        try finish(leader, mayGather: false)
        try untilWell("a voter is demoted without it") { !$0.replicas[leader].core.configuration.isVoter(id) }
        try restart(dead)
        for position in replicas.indices { try reportNodes(position) }
        try untilWell("\(id) finds its place again")
    }

    /// The loss of one replica, asleep or not, leader or not, stops nobody for longer than a failover; and it finds its
    /// place again.
    private mutating func survive() throws(Violation) {
        if chance(50) { for _ in 0..<20 { try runRound() } }
        guard let leader = healthyLeader, let other = anyVoter(but: leader),
            replicas[leader].core.configuration.voters.count >= 3
        else { return }
        let victim = chance(60) ? leader : other
        let id = replicas[victim].id
        let others = replicas.indices.filter { $0 != victim }
        timeline.record { "\(id) dies" }
        replicas[victim].crash(keepingWrites: replicas[victim].writes.count)
        let isNoticedAtOnce = chance(50)
        for position in others where isNoticedAtOnce {
            try feed(.connectionLost(id), to: position)
            try finish(position, mayGather: false)
        }
        // A broken connection makes up for the time-out, but for leases.
        if isNoticedAtOnce, victim == leader, !mix.options.usesLeases,
            others.allSatisfy({ replicas[$0].core.role == .follower })
        {
            throw Violation(description: "failover: nobody campaigns though \(id) was seen to die")
        }
        for _ in 0..<mix.options.electionTicks { try runRound() }
        for position in others {
            try feed(.silence(id), to: position)
            try finish(position, mayGather: false)
            try deliverLateOrder(of: id, to: position)
        }
        try untilWell("the others go on without \(id)")
        guard let successor = healthyLeader else { return }
        let before = checker.committed
        try proposeOne(successor)
        try untilWell("a proposal commits without \(id)") { $0.checker.committed > before }
        if chance(50) { for _ in 0..<20 { try runRound() } }
        try restart(victim)
        for position in replicas.indices { try reportNodes(position) }
        try untilWell("\(id) finds its place again")
    }

    /// An order to sleep that a dead node has sent arrives at last, or again.
    private mutating func deliverLateOrder(of leader: NodeID, to position: Int) throws(Violation) {
        guard let order = lastOrders[replicas[position].id], order.from == leader else { return }
        coverage.count(.lateOrder)
        try deliver(order)
    }

    /// Whoever leads asks itself, so that no message about the read can be lost: there must be an outcome.
    private func checkReads() throws(Violation) {
        for (token, read) in reads where read.isAtLeader {
            guard let position = position(of: read.replica),
                replicas[position].incarnation == read.incarnation, replicas[position].isUp
            else { continue }
            throw Violation(description: "liveness: \(read.replica) never answers its read \(token.rawValue)")
        }
    }

    mutating func proposeOne(_ leader: Int) throws(Violation) {
        lastCommand += 1
        do {
            _ = try replicas[leader].core.propose([[UInt8(truncatingIfNeeded: lastCommand)]])
        } catch {
            throw Violation(description: "liveness: the leader refuses a proposal: \(error)")
        }
        try finish(leader, mayGather: false)
    }

    mutating func anyVoter(but leader: Int) -> Int? {
        let configuration = replicas[leader].core.configuration
        let id = replicas[leader].id
        return anyReplica { $0.id != id && configuration.isVoter($0.id) }
    }

    // MARK: Rounds

    mutating func untilWell(
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

    mutating func runRound() throws(Violation) {
        for position in replicas.indices where replicas[position].isUp {
            try feed(.tick, to: position)
            try finish(position, mayGather: false)
        }
        for _ in 0..<4 where !isSettled { try settle() }
    }

    private var isSettled: Bool {
        network.isEmpty && snapshots.isEmpty
            && replicas.allSatisfy { replica in
                !replica.isUp
                    || (replica.writes.isEmpty && replica.logReads.isEmpty && replica.applying == nil
                        && !replica.hasUntakenEffects)
            }
    }

    /// Delivers, writes and applies everything that waits.
    private mutating func settle() throws(Violation) {
        let arriving = network
        network.removeAll()
        for envelope in arriving { try deliver(envelope) }
        let moving = snapshots
        snapshots.removeAll()
        for transfer in moving { try move(transfer, fails: false) }
        for position in replicas.indices where replicas[position].isUp {
            if !replicas[position].writes.isEmpty, !stalledDisks.contains(replicas[position].id) {
                replicas[position].sync(replicas[position].writes.count)
                try finish(position, mayGather: false)
            }
            while !replicas[position].logReads.isEmpty { try answerLogRead(position) }
            if replicas[position].applying != nil {
                try apply(position, count: .max)
                try finish(position, mayGather: false)
            }
            if replicas[position].hasUntakenEffects { try finish(position, mayGather: false) }
        }
    }

    private var survivingLeader: Int? {
        let running = replicas.indices.filter { replicas[$0].isUp }
        let newestTerm = running.map { replicas[$0].core.term }.max() ?? .zero
        return running.first { replicas[$0].core.role == .leader && replicas[$0].core.term == newestTerm }
    }

    /// The leader of a cluster in which nothing is left to do for any replica that runs; nil while something is.
    var healthyLeader: Int? {
        guard let leader = survivingLeader else { return nil }
        let core = replicas[leader].core
        let end = core.termHistory.lastIndex
        guard core.appliedIndex == end, core.status.transferTarget == nil, !core.configuration.isJoint,
            !core.configuration.learners.contains(where: { $0.promotion == .automatic })
        else { return nil }
        for member in core.configuration.members {
            guard let position = position(of: member) else { return nil }
            guard replicas[position].isUp else { continue }
            let other = replicas[position].core
            guard other.appliedIndex == end, other.leader == replicas[leader].id,
                replicas[position].state.fingerprint == replicas[leader].state.fingerprint
            else { return nil }
        }
        return leader
    }
}
