/// Elections (3.4), with pre-votes and the protection of a leader that is alive (9.6, 4.2.3), quorum checks (6.2), and
/// early campaigns when the leader's process seems to have died.
///
///     follower ──time-out──▶ pre-candidate ──quorum would vote──▶ candidate ──quorum votes──▶ leader
///        ▲                        │  leader heard, or refused          │ later term               │ quorum lost
///        └────────────────────────┴────────────────────────────────────┴──────────────────────────┘
extension RaftCore {
    // MARK: Time

    mutating func tickAsFollower() {
        ticksSinceLeader += 1
        if earlyCampaignTicks > 0 { earlyCampaignTicks -= 1 }
        if takeOverTicks > 0 { takeOverTicks -= 1 }
        if leaseGuardTicks > 0 { leaseGuardTicks -= 1 }
        ticksUntilCampaign -= 1
        guard ticksUntilCampaign <= 0 else { return }
        resetCampaignTimer()
        // Whether or not this replica may stand: it has no leader.
        changeLeader(to: nil)
        if mayCampaign { preCampaign() } else { lookForLeader() }
    }

    /// A member that may not stand, a learner above all, makes itself heard: its leader may have gone to sleep without
    /// it.
    private mutating func lookForLeader() {
        guard configuration.contains(id) else { return }
        for voter in otherVoters { send(WakeRequest(), to: voter) }
    }

    mutating func resetCampaignTimer() {
        ticksUntilCampaign = options.electionTicks + random.number(below: options.electionTicks)
    }

    /// Starts an election now, as if the leader had not been heard for an election time-out.
    public mutating func campaign() {
        guard role != .leader else { return }
        wake()
        preCampaign()
    }

    // MARK: Campaigning

    /// Whether this replica may become leader: it votes, and it knows the configuration by which votes are counted.
    var mayCampaign: Bool {
        configuration.isVoter(id) && !log.hasUnappliedConfiguration && installing == nil && unwrittenSnapshot == nil
    }

    private mutating func preCampaign() {
        guard mayCampaign, leaseGuardTicks == 0 else { return }
        role = .preCandidate
        changeLeader(to: nil)
        votes = VoteTally()
        votes.record(id, isGranted: true)
        // A request may be lost, and its answer too.
        if earlyCampaignTicks > 0 { ticksUntilCampaign = 2 * options.campaignRetryTicks }
        let request = PreVoteRequest(
            prospectiveTerm: term.next,
            lastEntry: log.last,
            committed: log.lastCommitted
        )
        for voter in otherVoters { send(request, to: voter) }
        countVotes()
    }

    mutating func campaignForVotes(isTransfer: Bool) {
        guard mayCampaign, term < .max else { return }
        wake()
        enter(term.next)
        vote = id
        role = .candidate
        changeLeader(to: nil)
        votes = VoteTally()
        ownVote = newestWrite
        resetCampaignTimer()
        if earlyCampaignTicks > 0 { ticksUntilCampaign /= 2 }
        takeOverTicks = 0
        let request = VoteRequest(lastEntry: log.last, isTransfer: isTransfer, committed: log.lastCommitted)
        for voter in otherVoters { sendOnceDurable(request, to: voter) }
    }

    private var otherVoters: [NodeID] { configuration.members.filter { $0 != id && configuration.isVoter($0) } }

    mutating func countOwnVote() {
        guard role == .candidate else { return }
        votes.record(id, isGranted: true)
        countVotes()
    }

    private mutating func countVotes() {
        switch (votes.result(in: configuration), role) {
        case (.won, .preCandidate): campaignForVotes(isTransfer: false)
        case (.won, .candidate): becomeLeader()
        case (.lost, _): becomeFollower(term: term, leader: nil)
        default: break
        }
    }

    // MARK: Voting

    /// A replica that hears its leader protects it from campaigns: they would only disturb (4.2.3).
    func protectsLeader(from candidate: NodeID) -> Bool {
        if leaseGuardTicks > 0 { return true }
        guard let leader, leader != candidate, !isStickinessLifted else { return false }
        return role == .leader || isQuiet || ticksSinceLeader < options.electionTicks
    }

    /// A pre-vote changes no term, neither this replica's nor, when granted, anybody's; it is always answered, so that
    /// a replica whose term is behind learns the term and can stand at all.
    mutating func handlePreVoteRequest(_ request: PreVoteRequest, from candidate: NodeID) {
        learnCommit(request.committed)
        let isGranted =
            request.prospectiveTerm > term && request.lastEntry >= log.last && !protectsLeader(from: candidate)
        send(
            PreVoteReply(
                prospectiveTerm: request.prospectiveTerm,
                isGranted: isGranted,
                committed: log.lastCommitted(upTo: request.lastEntry.index)
            ),
            to: candidate
        )
        if configuration.retired.contains(candidate) {
            // Its campaign is in vain, and not worth waking anybody.
            effects.notices.append(.retiredMemberHeard(candidate))
            return
        }
        wake()
        // The candidate does not hear its leader: let it, now.
        if role == .leader, let peer = peerIndex(of: candidate) { sendHeartbeat(toPeer: peer) }
    }

    mutating func handlePreVoteReply(_ reply: PreVoteReply, from voter: NodeID) {
        learnCommit(reply.committed)
        guard role == .preCandidate, reply.prospectiveTerm == term.next else {
            // The answer may have ended this very campaign, by its term or by its commit position; but whoever has
            // given its vote in this term, to itself or to another, waits for what comes of it.
            if role == .follower, vote == nil { retryEarlyCampaign() }
            return reject(.outOfPlace)
        }
        guard configuration.isVoter(voter) else { return reject(.notAMember) }
        votes.record(voter, isGranted: reply.isGranted)
        countVotes()
        if !reply.isGranted { retryEarlyCampaign() }
    }

    /// Votes are given without a look at the configuration: it may be the candidate that knows a newer one (4.2.2), and
    /// a learner here may be a voter there already.
    mutating func handleVoteRequest(_ request: VoteRequest, from candidate: NodeID) {
        learnCommit(request.committed)
        let isFree = vote == candidate || (vote == nil && leader == nil)
        let isGranted = isFree && request.lastEntry >= log.last
        if isGranted {
            wake()
            if vote == nil {
                vote = candidate
                hasUnwrittenHardState = true
            }
            if role == .preCandidate { role = .follower }
            resetCampaignTimer()
        }
        let known = log.lastCommitted(upTo: request.lastEntry.index)
        sendOnceDurable(VoteReply(isGranted: isGranted, committed: known), to: candidate)
    }

    mutating func handleVoteReply(_ reply: VoteReply, from voter: NodeID) {
        learnCommit(reply.committed)
        guard role == .candidate else {
            if role == .follower, vote == nil { retryEarlyCampaign() }
            return reject(.outOfPlace)
        }
        guard configuration.isVoter(voter) else { return reject(.notAMember) }
        votes.record(voter, isGranted: reply.isGranted)
        countVotes()
        // Unlike a refused pre-vote, a refused vote is not repeated while others may still grant theirs.
        if role == .follower { retryEarlyCampaign() }
    }

    /// Somebody knows this entry to be committed, and it is in this log: then it is committed, whoever says so. A
    /// campaign ends where that makes a configuration known which has to be applied first.
    private mutating func learnCommit(_ position: LogPosition) {
        guard role != .leader, position.index > log.committed, log.contains(position) else { return }
        log.commit(through: position.index)
        if role != .follower, log.hasUnappliedConfiguration { becomeFollower(term: term, leader: nil) }
    }

    // MARK: Early campaigns

    /// The connection to `node` ended without a goodbye: its process seems to have died.
    ///
    /// A follower of that leader stops protecting it and campaigns at once, staggered by its place among the voters;
    /// while it is refused it tries again after a few ticks, for one election time-out at most. Other replicas still
    /// protect a leader that they hear, and a pre-vote disturbs nobody: if only the connection broke, nothing happens.
    /// Where leaders answer reads by lease nothing is hastened, for a broken connection is no proof of death.
    public mutating func connectionLost(to node: NodeID) {
        if role == .leader {
            guard peerIndex(of: node) != nil else { return }
            peerUnreachable(node)
            return wake()
        }
        guard !options.usesLeases else { return }
        expectCampaign(against: node)
    }

    /// Nothing was heard from `node` for at least an election time-out, on any group: a group that sleeps counts no
    /// time itself and has to be told. ``nodeReturned(_:)`` takes it back.
    public mutating func nodeSilent(_ node: NodeID) {
        if !silentNodes.contains(node) { silentNodes.append(node) }
        if let peer = peerIndex(of: node) {
            peers[peer].isSilent = true
            wake()
        } else {
            // An election time-out without a word outlasts every lease.
            if leader == node { leaseGuardTicks = 0 }
            expectCampaign(against: node)
        }
    }

    private mutating func expectCampaign(against node: NodeID) {
        guard role == .follower, leader == node else { return }
        wake()
        doubtLeader()
        if ticksUntilCampaign == 0 {
            resetCampaignTimer()
            preCampaign()
        }
    }

    /// No longer protects the leader, and stands soon: the first among the other voters at once, each further one
    /// later.
    private mutating func doubtLeader() {
        isStickinessLifted = true
        earlyCampaignTicks = options.electionTicks
        let rank = configuration.members.filter { $0 != leader && configuration.isVoter($0) }.firstIndex(of: id) ?? 0
        ticksUntilCampaign = rank * options.campaignRetryTicks
    }

    mutating func retryEarlyCampaign() {
        guard earlyCampaignTicks > 0, role != .leader else { return }
        ticksUntilCampaign = min(ticksUntilCampaign, 1 + random.number(below: options.campaignRetryTicks))
    }

    // MARK: Changing roles

    /// Enters a later term, in which it has voted for nobody yet.
    private mutating func enter(_ term: Term) {
        precondition(term > self.term, "terms never go back")
        self.term = term
        vote = nil
        hasUnwrittenHardState = true
        ownVote = nil
        takeOverTicks = 0
    }

    /// Follows `leader`, or waits for one.
    mutating func becomeFollower(term: Term, leader: NodeID?) {
        if role == .leader { endLeadership(.laterTerm) }
        if term > self.term { enter(term) }
        role = .follower
        votes = VoteTally()
        ownVote = nil
        if isQuiet {
            isQuiet = false
            effects.notices.append(.woke)
        }
        resetCampaignTimer()
        changeLeader(to: leader)
    }

    private mutating func becomeLeader() {
        precondition(role == .candidate && !isQuiet, "only a candidate that is awake becomes leader")
        role = .leader
        leaseGuardTicks = 0
        changeLeader(to: id)
        earlyCampaignTicks = 0
        ticksSinceHeartbeat = 0
        ticksSinceQuorumCheck = 0
        idleTicks = 0
        peers = configuration.members.filter { $0 != id }.map(newPeer)
        effects.notices.append(.becameLeader(term))
        log.append(.noop, term: term)
        configurationBarrier = log.lastIndex
        settlement = configuration.isJoint ? nil : log.lastIndex
    }

    /// What a leader knows about a member to begin with.
    func newPeer(_ id: NodeID) -> Progress {
        var peer = Progress(id: id, next: log.lastIndex.next)
        peer.isSilent = silentNodes.contains(id)
        return peer
    }

    /// Stops leading without having seen a later term.
    mutating func stepDown(_ reason: StepDownReason) {
        endLeadership(reason)
        becomeFollower(term: term, leader: nil)
    }

    private mutating func endLeadership(_ reason: StepDownReason) {
        precondition(role == .leader, "only a leader can stop leading")
        role = .follower
        effects.notices.append(.steppedDown(term, reason))
        peers.removeAll()
        settlement = nil
        endTransfer()
        failReads()
    }

    mutating func changeLeader(to leader: NodeID?) {
        isStickinessLifted = false
        guard leader != self.leader else { return }
        self.leader = leader
        effects.notices.append(.leaderChanged(leader))
        failForwardedReads()
    }

    /// Called for every message that only the leader of this term sends. Returns false, and counts the message, when it
    /// cannot be from there.
    mutating func hears(_ sender: NodeID) -> Bool {
        guard role != .leader, leader == nil || leader == sender else {
            reject(.secondLeader)
            return false
        }
        if role != .follower { becomeFollower(term: term, leader: sender) }
        changeLeader(to: sender)
        ticksSinceLeader = 0
        earlyCampaignTicks = 0
        resetCampaignTimer()
        if options.usesLeases { leaseGuardTicks = options.electionTicks }
        // The runtime reports that a node has returned before it feeds new messages from there: this one is an old one.
        if silentNodes.contains(sender) { doubtLeader() }
        return true
    }
}
