import Raft

/// How replicas stand for election: pre-votes are answered and counted whatever term they are of, a campaign is given
/// the time that it needs, and an early one that a later term ends is not left at that.
extension ClusterHarness {
    /// A pre-vote is answered, by whomever and of whatever term: the answer may carry the term without which whoever
    /// asks can never stand.
    mutating func judgeAnswers(among messages: [Envelope], _ position: Int) throws(Violation) {
        for preVote in known[position].unanswered {
            let isAnswered = messages.contains { envelope in
                guard case .preVoteReply(let reply) = envelope.message else { return false }
                return envelope.to == preVote.candidate && reply.prospectiveTerm == preVote.term
            }
            guard isAnswered else {
                throw Violation(
                    description: "pre-vote: \(replicas[position].id) does not answer \(preVote.candidate)"
                )
            }
        }
        known[position].unanswered.removeAll()
    }

    /// Whoever has a quorum's pre-votes stands, though the voters' terms be behind its own (9.6).
    mutating func judgePreVotes(
        _ reply: PreVoteReply,
        from voter: NodeID,
        _ position: Int,
        _ before: Standing
    ) throws(Violation) {
        let core = replicas[position].core
        guard before.role == .preCandidate, reply.prospectiveTerm == before.term.next,
            core.configuration.isVoter(voter), var answers = known[position].preVotes
        else { return }
        if answers[voter] == nil { answers[voter] = reply.isGranted }
        known[position].preVotes = answers
        guard core.role == .preCandidate, core.term == before.term, core.configuration.isVoter(core.id) else { return }
        guard !core.configuration.hasMajorities(where: { $0 == core.id || answers[$0] == true }) else {
            throw Violation(description: "pre-vote: \(core.id) has a quorum's and does not stand")
        }
    }

    /// What later events have to be judged by.
    mutating func noteCampaign(_ event: CoreEvent, _ position: Int, _ before: Standing) {
        let core = replicas[position].core
        let isSame = core.term == before.term && core.role == before.role
        if core.role != .preCandidate {
            known[position].preVotes = nil
        } else if before.role != .preCandidate {
            known[position].preVotes = [:]
        } else if case .message = event {
            // A message makes nobody ask anew.
        } else {
            known[position].preVotes = nil
        }
        if !isSame { known[position].ticksAsCandidate = 0 }
        if core.leader != nil, before.leader != core.leader || isHearing(event, core) { known[position].earlyTicks = 0 }
        noteRetry(event, position, before)
    }

    private func isHearing(_ event: CoreEvent, _ core: RaftCore) -> Bool {
        guard case .message(let envelope) = event else { return false }
        return envelope.from == core.leader && envelope.term == core.term
    }

    /// A candidate whose early campaign is refused by a later term stands again within a few ticks, unless anything
    /// else happens to it.
    private mutating func noteRetry(_ event: CoreEvent, _ position: Int, _ before: Standing) {
        let core = replicas[position].core
        if case .tick = event { return }
        if core.term != before.term || core.vote != before.vote || core.leader != nil || core.role != .follower {
            known[position].retryTicks = nil
        }
        guard case .message(let envelope) = event, case .voteReply = envelope.message, before.role == .candidate,
            core.role == .follower, core.term > before.term, known[position].earlyTicks > 0
        else { return }
        known[position].retryTicks = mix.options.campaignRetryTicks
    }

    /// A campaign that was begun early is repeated early, but not before votes have had the time to come.
    mutating func judgePatience(_ position: Int, _ before: Standing) throws(Violation) {
        let core = replicas[position].core
        if before.role == .candidate { known[position].ticksAsCandidate += 1 }
        if before.role == .candidate, core.role == .preCandidate {
            guard known[position].ticksAsCandidate >= mix.options.electionTicks / 2 else {
                throw Violation(description: "early campaign: \(core.id) does not wait for the votes that it asks for")
            }
        }
        known[position].earlyTicks = max(0, known[position].earlyTicks - 1)
        guard let ticks = known[position].retryTicks else { return }
        known[position].retryTicks = ticks > 1 && core.role == .follower ? ticks - 1 : nil
        guard ticks > 1 || core.role != .follower || !mayStand(position) else {
            throw Violation(description: "early campaign: \(core.id) gives up because of a later term")
        }
    }

    /// Whether nothing holds a replica back from campaigns.
    private func mayStand(_ position: Int) -> Bool {
        let core = replicas[position].core
        let unapplied = checker.lastConfiguration(before: core.committedIndex.next, in: core.termHistory)
        return core.configuration.isVoter(core.id) && !mix.options.usesLeases
            && core.termHistory.base.index <= core.appliedIndex && unapplied ?? .zero <= core.appliedIndex
    }
}
