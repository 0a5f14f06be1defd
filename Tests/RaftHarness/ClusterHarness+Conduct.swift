import Raft

/// Feeds events to cores and judges each by what it may do to a replica. Broken rules of this kind lose no data; they let
/// replicas disturb a group that is well, or cling to one that is not.
extension ClusterHarness {
    enum CoreEvent {
        case tick
        case campaign
        case message(Envelope)
        case connectionLost(NodeID)
        case silence(NodeID)
    }

    mutating func feed(_ event: CoreEvent, to position: Int) throws(Violation) {
        let before = Standing(replicas[position].core)
        switch event {
        case .tick:
            replicas[position].core.tick()
            try judgeTick(position, before)
        case .campaign:
            replicas[position].core.campaign()
            try judgeTerm(position, before)
        case .message(let envelope):
            replicas[position].core.step(envelope)
            try judge(envelope, position, before)
        case .connectionLost(let node):
            replicas[position].core.connectionLost(to: node)
            try judgeConnectionLost(to: node, position, before)
        case .silence(let node):
            replicas[position].core.nodeSilent(node)
            if before.leader == node { known[position].ticksSinceLeader = nil }
            try judgeTerm(position, before)
        }
    }

    // MARK: Elections

    /// Nobody enters a term by itself: others have granted their pre-votes first (9.6).
    private func judgeTerm(_ position: Int, _ before: Standing) throws(Violation) {
        guard replicas[position].core.term == before.term || before.isOnlyVoter else {
            throw Violation(description: "pre-vote: \(replicas[position].id) enters a term without asking")
        }
    }

    /// Whether a replica has to protect its leader from the candidate: it leads, or has heard its leader (4.2.3).
    private func protectsLeader(_ position: Int, _ before: Standing, from candidate: NodeID) -> Bool {
        guard let leader = before.leader, leader != candidate else { return false }
        if before.role == .leader { return true }
        guard let ticks = known[position].ticksSinceLeader else { return false }
        return before.isQuiet || ticks < mix.options.electionTicks
    }

    private mutating func judge(_ envelope: Envelope, _ position: Int, _ before: Standing) throws(Violation) {
        let id = replicas[position].id
        let core = replicas[position].core
        switch envelope.message {
        case .preVoteRequest:
            guard core.term == before.term, core.vote == before.vote else {
                throw Violation(description: "pre-vote: \(id) changes its term or its vote for one")
            }
            let isRefused = known[position].isRefused[envelope.from] ?? true
            known[position].isRefused[envelope.from] =
                isRefused && protectsLeader(position, before, from: envelope.from)
        case .voteRequest(let request) where !request.isTransfer:
            guard core.term == before.term || !protectsLeader(position, before, from: envelope.from) else {
                throw Violation(description: "disruption: \(id) leaves a leader that it hears for a candidate")
            }
        case .append(let request):
            let shown = request.previous.index + request.entries.count
            guard core.committedIndex <= max(before.commit, shown) else {
                throw Violation(description: "commitment: \(id) commits more than an append has shown to match")
            }
            hears(envelope, position)
        case .heartbeat, .installSnapshot, .quiesce:
            hears(envelope, position)
        default:
            break
        }
        if core.role == .leader, core.term == envelope.term {
            known[position].heard[envelope.from] = known[position].ticksLeading
        }
    }

    private mutating func hears(_ envelope: Envelope, _ position: Int) {
        let core = replicas[position].core
        if core.leader == envelope.from, core.term == envelope.term { known[position].ticksSinceLeader = 0 }
    }

    /// Where leaders answer reads by lease, a broken connection proves nothing and hastens nothing.
    private mutating func judgeConnectionLost(
        to node: NodeID,
        _ position: Int,
        _ before: Standing
    ) throws(Violation) {
        try judgeTerm(position, before)
        guard before.role != .leader, before.leader == node else { return }
        guard mix.options.usesLeases else {
            known[position].ticksSinceLeader = nil
            return
        }
        guard replicas[position].core.role == before.role else {
            throw Violation(description: "lease: \(replicas[position].id) campaigns for a broken connection")
        }
    }

    // MARK: Leaders

    private mutating func judgeTick(_ position: Int, _ before: Standing) throws(Violation) {
        try judgeTerm(position, before)
        if before.isQuiet { return }
        known[position].ticksSinceLeader = known[position].ticksSinceLeader.map { $0 + 1 }
        let core = replicas[position].core
        guard core.role == .leader, !core.isQuiet else { return }
        known[position].ticksLeading += 1
        let watch = known[position]
        let patience = 2 * mix.options.electionTicks
        let isHeard = { (voter: NodeID) in
            voter == core.id || watch.ticksLeading - (watch.heard[voter] ?? 0) < patience
        }
        let halves = [core.configuration.voters, core.configuration.outgoingVoters].filter { !$0.isEmpty }
        guard halves.allSatisfy({ half in half.count { isHeard($0) } > half.count / 2 }) else {
            throw Violation(description: "quorum check: \(core.id) leads two election time-outs without being heard")
        }
    }

    /// What a leader says in the name of a rule that only it can keep.
    func judgeSent(_ envelope: Envelope, _ position: Int) throws(Violation) {
        switch envelope.message {
        case .preVoteReply(let reply) where reply.isGranted && known[position].isRefused[envelope.to] == true:
            throw Violation(description: "disruption: \(envelope.from) hears its leader and grants a pre-vote")
        case .campaignNow:
            try judgeHandover(envelope, position)
        case .append(let request):
            let core = replicas[position].core
            guard core.role == .leader, core.term == envelope.term, let first = request.entries.first else { return }
            guard core.termHistory.base.index >= first.index || core.termHistory.term(at: first.index) == first.term
            else { throw Violation(description: "\(core.id) sends \(first.position), which is not in its log") }
        default:
            break
        }
    }

    /// A leader asks its successor to campaign only once the successor has its whole log (3.10).
    private func judgeHandover(_ envelope: Envelope, _ position: Int) throws(Violation) {
        let core = replicas[position].core
        guard core.role == .leader, core.term == envelope.term, let transfer = known[position].transfer,
            transfer.target == envelope.to, let target = self.position(of: envelope.to),
            replicas[target].core.term <= core.term
        else { return }
        guard replicas[target].disk.lastIndex >= transfer.end else {
            throw Violation(description: "transfer: \(envelope.from) asks \(envelope.to) before it has caught up")
        }
    }

    // MARK: Configurations

    /// One change of the members at a time, by a leader that knows what is committed (4.1, 4.3); and whoever stores a
    /// configuration stores that the one before it is committed.
    mutating func judgeConfigurations(in request: PersistRequest, _ position: Int) throws(Violation) {
        let core = replicas[position].core
        for entry in request.entries {
            guard case .configuration(let configuration) = entry.payload else { continue }
            let isOwn = core.role == .leader && core.term == entry.term
            if let prior = checker.lastConfiguration(before: entry.index, in: core.termHistory) {
                guard !isOwn || prior <= core.appliedIndex else {
                    throw Violation(
                        description: "one change at a time: \(core.id) proposes \(entry.position) too early"
                    )
                }
                guard prior <= request.hardState.commit else {
                    throw Violation(
                        description: "\(core.id) stores \(entry.position) and not that \(prior) is committed"
                    )
                }
            }
            guard isOwn else { continue }
            guard core.termHistory.term(at: core.appliedIndex) == core.term else {
                throw Violation(description: "\(core.id) changes the members before it knows what is committed")
            }
            if configuration.isJoint { try judgePromotions(to: configuration, at: entry.index, core) }
        }
    }

    /// Learners that are promoted by themselves lack no more than was allowed (4.2.1).
    private func judgePromotions(
        to configuration: Configuration,
        at index: LogIndex,
        _ leader: RaftCore
    ) throws(Violation) {
        for id in configuration.voters where !configuration.outgoingVoters.contains(id) {
            guard !requestedPromotions.contains(id), let position = position(of: id),
                replicas[position].core.term <= leader.term
            else { continue }
            guard replicas[position].disk.lastIndex + mix.options.promotionLagEntries >= index.previous else {
                throw Violation(description: "promotion: \(id) votes before it has caught up")
            }
        }
    }
}
