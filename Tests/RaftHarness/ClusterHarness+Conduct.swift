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
        case returned(NodeID)
    }

    mutating func feed(_ event: CoreEvent, to position: Int) throws(Violation) {
        let before = Standing(replicas[position].core)
        now += 1
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
            if before.leader == node {
                // An election time-out without a word from it: every lease has run out.
                known[position].expectEarlyCampaign(ticks: mix.options.electionTicks)
                known[position].ticksSinceStart = mix.options.electionTicks
            }
            known[position].silent.insert(node)
            try judgeTerm(position, before)
            let id = replicas[position].id
            guard !replicas[position].core.isQuiet || before.leader != node || node == id else {
                throw Violation(description: "sleep: \(id) sleeps on while its leader \(node) is silent")
            }
        case .returned(let node):
            replicas[position].core.nodeReturned(node)
            known[position].silent.remove(node)
            try judgeTerm(position, before)
            let core = replicas[position].core
            let isMember = node != core.id && core.configuration.contains(node)
            guard core.role != .leader || !core.isQuiet || !isMember else {
                throw Violation(description: "sleep: \(core.id) sleeps on while \(node) returns and may lack something")
            }
            guard !core.isQuiet || before.leader != node else {
                throw Violation(description: "sleep: \(core.id) sleeps on while its leader \(node) returns")
            }
        }
        noteCampaign(event, position, before)
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
        // It may have granted a lease before it started.
        if mix.options.usesLeases, known[position].ticksSinceStart < mix.options.electionTicks { return true }
        guard let leader = before.leader, leader != candidate else { return false }
        if before.role == .leader { return true }
        guard let ticks = known[position].ticksSinceLeader else { return false }
        return before.isQuiet || ticks < mix.options.electionTicks
    }

    private mutating func judge(_ envelope: Envelope, _ position: Int, _ before: Standing) throws(Violation) {
        let id = replicas[position].id
        let core = replicas[position].core
        switch envelope.message {
        case .preVoteRequest(let request):
            guard core.term == before.term, core.vote == before.vote else {
                throw Violation(description: "pre-vote: \(id) changes its term or its vote for one")
            }
            guard
                core.role == .leader || core.committedIndex >= request.committed.index
                    || core.termHistory.term(at: request.committed.index) != request.committed.term
            else {
                throw Violation(description: "pre-vote: \(id) does not learn from one what is committed")
            }
            let isRefused = known[position].isRefused[envelope.from] ?? true
            known[position].isRefused[envelope.from] =
                isRefused && protectsLeader(position, before, from: envelope.from)
            known[position].unanswered.append(PreVote(candidate: envelope.from, term: request.prospectiveTerm))
        case .preVoteReply(let reply):
            try judgePreVotes(reply, from: envelope.from, position, before)
        case .voteRequest(let request) where !request.isTransfer:
            guard core.term == before.term || !protectsLeader(position, before, from: envelope.from) else {
                throw Violation(description: "disruption: \(id) leaves a leader that it hears for a candidate")
            }
        case .append(let request):
            let shown = request.previous.index + request.entries.count
            guard core.committedIndex <= max(before.commit, shown) else {
                throw Violation(description: "commitment: \(id) commits more than an append has shown to match")
            }
            try hears(envelope, position)
        case .heartbeat, .installSnapshot, .quiesce:
            try hears(envelope, position)
        default:
            break
        }
        guard core.role == .leader, core.term == envelope.term else { return }
        known[position].heard[envelope.from] = known[position].ticksLeading
    }

    /// Whoever hears its leader is awake, unless it is told to sleep by a leader whose node it believes to be alive.
    private mutating func hears(_ envelope: Envelope, _ position: Int) throws(Violation) {
        let core = replicas[position].core
        guard core.leader == envelope.from, core.term == envelope.term else { return }
        // What comes from a node that is silent is old.
        known[position].ticksSinceLeader = known[position].silent.contains(envelope.from) ? nil : 0
        switch envelope.message {
        case .quiesce(let order):
            guard !core.isQuiet || core.termHistory.last == order.lastEntry else {
                throw Violation(description: "sleep: \(core.id) sleeps with another log than its leader's")
            }
            guard !core.isQuiet || !known[position].silent.contains(envelope.from) else {
                throw Violation(description: "sleep: \(core.id) obeys \(envelope.from), whose node is silent")
            }
        case .heartbeat:
            checker.sees(heartbeatOf: envelope.term, heardBy: core.id, at: now)
            fallthrough
        default:
            guard !core.isQuiet else {
                throw Violation(description: "sleep: \(core.id) hears its leader and sleeps on")
            }
        }
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
            known[position].expectEarlyCampaign(ticks: mix.options.electionTicks)
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
        try judgePatience(position, before)
        known[position].ticksSinceStart += 1
        known[position].ticksSinceLeader = known[position].ticksSinceLeader.map { $0 + 1 }
        let core = replicas[position].core
        guard core.role == .leader else { return }
        if core.isQuiet { return try judgeSleep(position) }
        known[position].ticksLeading += 1
        let watch = known[position]
        let patience = 2 * mix.options.electionTicks
        let isHeard = { (voter: NodeID) in
            voter == core.id || watch.ticksLeading - (watch.heard[voter] ?? 0) < patience
        }
        guard core.configuration.hasMajorities(where: isHeard) else {
            throw Violation(description: "quorum check: \(core.id) leads two election time-outs without being heard")
        }
    }

    /// A leader goes to sleep when whoever is not known to be silent has everything.
    private func judgeSleep(_ position: Int) throws(Violation) {
        let core = replicas[position].core
        let last = core.termHistory.last
        for member in core.configuration.members where !known[position].silent.contains(member) {
            guard let other = self.position(of: member) else { continue }
            guard replicas[other].disk.holds(last.index, of: last.term) else {
                throw Violation(description: "sleep: \(core.id) sleeps while \(member) lacks \(last)")
            }
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
            guard core.role == .leader, core.term == envelope.term else { return }
            let log = core.termHistory
            for entry in request.entries where entry.index > log.base.index {
                guard log.term(at: entry.index) == entry.term else {
                    throw Violation(description: "\(core.id) sends \(entry.position), which is not in its log")
                }
            }
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

    /// A leader is one by the votes of a quorum, and commits what a quorum has stored of its own term (3.4, 3.6.2): told
    /// from what everybody has sent and stored. Judged after each event, against what was known before it.
    func judgeLeader(_ position: Int) throws(Violation) {
        let core = replicas[position].core
        guard core.role == .leader else { return }
        guard known[position].role == .leader, known[position].term == core.term else {
            let isElected = core.configuration.hasMajorities { voter in
                voter == core.id || checker.hasVoted(voter, for: core.id, in: core.term)
            }
            guard isElected else {
                throw Violation(description: "election: \(core.id) leads term \(core.term) without a quorum's votes")
            }
            return
        }
        let commit = core.committedIndex
        guard commit > known[position].commit else { return }
        guard core.termHistory.term(at: commit) == core.term else {
            throw Violation(description: "commitment: \(core.id) counts copies of \(commit), of an older term")
        }
        let isStored = core.configuration.hasMajorities { voter in
            self.position(of: voter).map { replicas[$0].disk.holds(commit, of: core.term) } ?? true
        }
        guard isStored else {
            throw Violation(description: "commitment: \(core.id) commits \(commit), which no quorum has stored")
        }
    }

    /// A leader answers its own read once a quorum has heard it since the read began (6.4).
    func judgeRead(_ read: PendingRead, _ position: Int) throws(Violation) {
        let configuration = replicas[position].core.configuration
        guard read.isAtLeader, read.configuration == configuration else { return }
        let isConfirmed = configuration.hasMajorities { voter in
            voter == read.replica || checker.lastHeartbeat(of: read.term, heardBy: voter) >= read.began
        }
        guard isConfirmed else {
            throw Violation(description: "linearizability: \(read.replica) answers a read that no quorum has confirmed")
        }
    }

    // MARK: Configurations

    /// Members that are gone are not needed any more: a majority of those who are left remembers that they are gone.
    func judgeSettlement(of configuration: Configuration, _ position: Int) throws(Violation) {
        let core = replicas[position].core
        // Learners were never needed.
        guard let index = checker.index(ofLeavingJointFor: configuration) else { return }
        let isRemembered = configuration.hasMajorities { voter in
            guard let other = self.position(of: voter) else { return false }
            let disk = replicas[other].disk
            return max(disk.hardState.commit, disk.flushed.index) >= index
        }
        guard isRemembered else {
            throw Violation(description: "membership: \(core.id) lets members go that may be needed for a vote")
        }
    }

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

extension Configuration {
    /// Whether a majority of the voters satisfies the condition, and one of the outgoing voters if there are any: told
    /// without the core's own notion of a quorum.
    func hasMajorities(where condition: (NodeID) -> Bool) -> Bool {
        [voters, outgoingVoters].allSatisfy { half in half.isEmpty || half.count(where: condition) > half.count / 2 }
    }
}
