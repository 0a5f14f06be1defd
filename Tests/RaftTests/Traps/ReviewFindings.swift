import Raft
import Testing

/// Findings of a review, each a sequence of events that fails.
@Suite("Review")
struct ReviewFindings {
    @Test("A: reads go on after all reads of two rounds were cancelled before the answers came")
    func cancelledRoundsDoNotBlockReads() throws {
        var leader = Replica(1)
        leader.lead(votes: [2])
        leader.acknowledge(2)
        leader.settle()
        try leader.core.requestRead(ReadToken(1))
        leader.settle()
        try leader.core.requestRead(ReadToken(2))
        leader.settle()
        // Both clients give up.
        leader.core.cancelRead(ReadToken(1))
        leader.core.cancelRead(ReadToken(2))
        for follower: UInt64 in [2, 3] {
            leader.receive(.heartbeatReply(HeartbeatReply(readRound: ReadRound(2))), from: follower, term: 1)
        }
        leader.settle()
        try leader.core.requestRead(ReadToken(3))
        leader.settle()
        // A healthy cluster for a hundred ticks: every heartbeat is answered.
        for _ in 0..<100 {
            leader.tick()
            for envelope in leader.takeSent() {
                guard case .heartbeat(let heartbeat) = envelope.message else { continue }
                leader.receive(
                    .heartbeatReply(HeartbeatReply(readRound: heartbeat.readRound)),
                    from: envelope.to.rawValue,
                    term: 1
                )
            }
            leader.settle()
        }
        #expect(leader.core.role == .leader)
        #expect(leader.reads == [.ready(ReadToken(3), index: LogIndex(1))])
    }

    private func earlyCandidate(of voters: Configuration, options: RaftOptions) -> Replica {
        var replica = Replica(2, voters, options: options)
        replica.receive(.heartbeat(), from: 1, term: 1)
        replica.sync()
        replica.core.connectionLost(to: NodeID(1))
        replica.sync()
        return replica
    }

    @Test("B: a pre-vote that is granted late does not shorten the campaign that it was for")
    func lateGrantLeavesTheCampaignAlone() {
        var options = RaftOptions.test
        options.electionTicks = 50
        var candidate = earlyCandidate(of: .voters(1, 2, 3, 4, 5), options: options)
        candidate.receive(.granted(preVote: 2), from: 3, term: 1)
        candidate.receive(.granted(preVote: 2), from: 4, term: 1)
        #expect(candidate.core.role == .candidate)
        candidate.sync()
        candidate.receive(.granted(preVote: 2), from: 5, term: 1)
        // The votes are on their way: they need a round trip and a write on every voter's disk.
        candidate.tick(5)
        #expect(candidate.core.role == .candidate, "an early campaign lasts half an election time-out at least")
    }

    @Test("B: whoever has given its vote away does not stand because of an answer to its earlier pre-vote")
    func lateRefusalAfterVote() {
        var options = RaftOptions.test
        options.electionTicks = 50
        var voter = earlyCandidate(of: .voters(1, 2, 3, 4, 5), options: options)
        let request = VoteRequest(lastEntry: .origin, isTransfer: false, committed: .origin)
        voter.receive(.voteRequest(request), from: 3, term: 2)
        #expect(voter.core.vote == NodeID(3))
        voter.sync()
        let refusal = PreVoteReply(prospectiveTerm: Term(2), isGranted: false, committed: .origin)
        voter.receive(.preVoteReply(refusal), from: 4, term: 1)
        voter.tick(5)
        #expect(voter.core.role == .follower, "it has voted for 3 a moment ago")
    }

    @Test("E: an early campaign that a later term ends is tried again early, as an early pre-vote is")
    func refusedByLaterTerm() {
        var options = RaftOptions.test
        options.electionTicks = 50
        var candidate = earlyCandidate(of: .voters(1, 2, 3, 4, 5), options: options)
        candidate.receive(.granted(preVote: 2), from: 3, term: 1)
        candidate.receive(.granted(preVote: 2), from: 4, term: 1)
        candidate.sync()
        #expect(candidate.core.role == .candidate)
        candidate.receive(.voteReply(VoteReply(isGranted: false, committed: .origin)), from: 5, term: 7)
        #expect(candidate.core.term == Term(7))
        candidate.tick(5)
        #expect(candidate.core.role == .preCandidate)
    }
}
