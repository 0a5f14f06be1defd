import Raft
import Testing

/// Traps of elections, reads and transfers.
@Suite("Traps: elections, reads, transfers")
struct ElectionTraps {
    private func preVote(_ term: UInt64, last: LogPosition = .origin) -> Message {
        .preVoteRequest(PreVoteRequest(prospectiveTerm: Term(term), lastEntry: last, committed: .origin))
    }

    @Test("3. An answer to a round of an earlier leadership confirms nothing in this one")
    func roundsBelongToOneLeadership() throws {
        var leader = Replica(1)
        leader.lead(votes: [2])
        leader.acknowledge(2)
        try leader.core.requestRead(ReadToken(1))
        leader.settle()
        leader.receive(.staleTerm(StaleTermNotice()), from: 3, term: 4)
        leader.lead(votes: [2])
        leader.acknowledge(2)
        leader.settle()
        try leader.core.requestRead(ReadToken(2))
        leader.settle()
        leader.reads.removeAll()
        leader.receive(.heartbeatReply(HeartbeatReply(readRound: ReadRound(1))), from: 2, term: 1)
        leader.settle()
        #expect(leader.reads.isEmpty, "round 1 of term 1 is not round 1 of term 5")
        leader.receive(.heartbeatReply(HeartbeatReply(readRound: ReadRound(1))), from: 2, term: 5)
        leader.settle()
        #expect(leader.reads == [.ready(ReadToken(2), index: LogIndex(2))])
    }

    @Test("3. A follower takes no answer to a read of an earlier start for one of this start")
    func readsBelongToOneStart() throws {
        func name(seed: UInt64) throws -> ReadID {
            var follower = Replica(2, seed: seed)
            follower.receive(.heartbeat(), from: 1, term: 1)
            try follower.core.requestRead(ReadToken(1))
            for envelope in follower.takeSent() {
                if case .readRequest(let request) = envelope.message { return request.id }
            }
            throw CancellationError()
        }
        #expect(try name(seed: 1) != name(seed: 2))
    }

    @Test("8. A pre-vote changes nobody's term")
    func preVoteBumpsNoTerm() {
        var voter = Replica(2)
        voter.receive(preVote(8), from: 3, term: 7)
        voter.take()
        #expect(voter.core.term == .zero)
        #expect(voter.writes.isEmpty)
        #expect(voter.sent.map(\.message) == [.granted(preVote: 8)])
    }

    @Test("8. A pre-vote of an earlier term is refused, not dropped, and so carries the term back")
    func latePreVoteIsAnswered() {
        var voter = Replica(2, restoring: restored([], term: 9))
        voter.receive(preVote(4), from: 3, term: 3)
        let reply = voter.takeSent()
        #expect(reply.map(\.term) == [Term(9)])
        let refusal = PreVoteReply(prospectiveTerm: Term(4), isGranted: false, committed: .origin)
        #expect(reply.map(\.message) == [.preVoteReply(refusal)])
        var candidate = Replica(3, restoring: restored([], term: 3))
        candidate.core.campaign()
        candidate.receive(.preVoteReply(refusal), from: 2, term: 9)
        #expect(candidate.core.term == Term(9), "the next attempt can succeed")
    }

    @Test("8. A voter whose term is behind can grant a pre-vote")
    func grantFromEarlierTerm() {
        var candidate = Replica(1, restoring: restored([2], term: 6))
        candidate.core.campaign()
        candidate.receive(.granted(preVote: 7), from: 2, term: 2)
        #expect(candidate.core.role == .candidate)
    }

    @Test("8. A voter that takes itself for a learner, in an old term, can still be won")
    func grantFromUnawareVoter() {
        let joining = Configuration(
            voters: [NodeID(2)],
            learners: [Configuration.Learner(id: NodeID(1), promotion: .manual)]
        )
        var voter = Replica(1, joining)
        voter.receive(preVote(7, last: at(5, 9)), from: 2, term: 6)
        #expect(voter.takeSent().last.map { [$0.message] } == [.granted(preVote: 7)])
        var candidate = Replica(2, restoring: restored([5], term: 6))
        candidate.core.campaign()
        candidate.receive(.granted(preVote: 7), from: 1, term: 0)
        #expect(candidate.core.role == .candidate)
    }

    @Test("9. An isolated replica that has reached a later term can come back")
    func laterTermRejoins() {
        var leader = Replica(1)
        leader.lead(votes: [2])
        var isolated = Replica(3, restoring: restored([], term: 5))
        isolated.receive(.heartbeat(), from: 1, term: 1)
        #expect(isolated.takeSent().map(\.message) == [.staleTerm(StaleTermNotice())])
        leader.receive(.staleTerm(StaleTermNotice()), from: 3, term: 5)
        #expect(leader.core.role == .follower)
        #expect(leader.core.term == Term(5), "its next leadership is of a term that the other accepts")
    }

    @Test("9. A leader that is heard is protected: no vote, no term")
    func heardLeaderIsProtected() {
        var follower = Replica(2)
        follower.receive(.heartbeat(), from: 1, term: 1)
        follower.take()
        let request = VoteRequest(lastEntry: at(8, 8), isTransfer: false, committed: .origin)
        follower.receive(.voteRequest(request), from: 3, term: 9)
        #expect(follower.core.term == Term(1))
        follower.receive(preVote(2, last: at(1, 8)), from: 3, term: 1)
        let refusal = PreVoteReply(prospectiveTerm: Term(2), isGranted: false, committed: .origin)
        #expect(follower.takeSent().last?.message == .preVoteReply(refusal))
    }

    @Test("28. With leases, a replica that has just started votes for nobody: it may have granted one")
    func leaseOutlivesRestart() {
        var options = RaftOptions.test
        options.usesLeases = true
        var voter = Replica(3, options: options)
        let request = Message.voteRequest(VoteRequest(lastEntry: .origin, isTransfer: false, committed: .origin))
        voter.receive(request, from: 2, term: 1)
        voter.sync()
        #expect(voter.core.term == .zero)
        voter.tick(10)
        voter.receive(request, from: 2, term: 1)
        voter.sync()
        #expect(voter.sent.map(\.message) == [.voteReply(VoteReply(isGranted: true, committed: .origin))])
    }

    @Test("10. A joint quorum is a majority of each half, without exception")
    func jointQuorumsHaveNoShortcut() {
        let joint = Configuration(
            voters: [NodeID(1)],
            outgoingVoters: [NodeID(1), NodeID(2), NodeID(3)],
            learners: [],
            demotedVoters: [],
            retired: []
        )
        var candidate = Replica(1, joint)
        candidate.core.campaign()
        candidate.settle()
        #expect(candidate.core.role == .preCandidate, "the only voter of one half does not elect itself")
        candidate.receive(.granted(preVote: 1), from: 3, term: 0)
        candidate.sync()
        #expect(candidate.core.role == .candidate)
        candidate.receive(.voteReply(VoteReply(isGranted: true, committed: .origin)), from: 3, term: 1)
        candidate.settle()
        #expect(candidate.core.role == .leader)
        #expect(candidate.core.status.committed == .zero, "nor does it commit alone")
        candidate.acknowledge(2)
        #expect(candidate.core.status.committed == LogIndex(1))
    }

    @Test("12. A transfer waits until the target has everything, and holds proposals")
    func transferWaitsForTarget() throws {
        var leader = Replica(1)
        leader.lead(votes: [2])
        leader.acknowledge(2)
        _ = try leader.core.propose([[1]])
        leader.sync()
        leader.sent.removeAll()
        try leader.core.transferLeadership(to: NodeID(2))
        #expect(!leader.takeSent().contains { $0.message == .campaignNow(CampaignNow()) })
        #expect(throws: RaftCore.ProposalRefusal.transferring(to: NodeID(2))) { try leader.core.propose([[2]]) }
        leader.acknowledge(2)
        #expect(leader.takeSent().contains { $0.message == .campaignNow(CampaignNow()) && $0.to == NodeID(2) })
    }

    @Test("12. A transfer that comes to nothing ends after an election time-out")
    func transferIsAborted() throws {
        var leader = Replica(1)
        leader.lead(votes: [2])
        leader.acknowledge(2)
        try leader.core.transferLeadership(to: NodeID(3))
        for _ in 0..<10 {
            leader.tick()
            leader.receive(.heartbeatReply(HeartbeatReply(readRound: .none)), from: 2, term: 1)
        }
        leader.take()
        #expect(leader.notices.contains(.transferAborted(NodeID(3))))
        #expect(throws: Never.self) { try leader.core.propose([[2]]) }
    }

    @Test("12. The target campaigns without a pre-vote, and its request passes the others' protection")
    func transferPassesProtection() {
        var target = Replica(2)
        target.receive(.heartbeat(), from: 1, term: 1)
        target.receive(.campaignNow(CampaignNow()), from: 1, term: 1)
        target.sync()
        let request = VoteRequest(lastEntry: .origin, isTransfer: true, committed: .origin)
        #expect(target.sent.suffix(2).map(\.message) == [.voteRequest(request), .voteRequest(request)])
        var voter = Replica(3)
        voter.receive(.heartbeat(), from: 1, term: 1)
        voter.receive(.voteRequest(request), from: 2, term: 2)
        voter.sync()
        #expect(voter.sent.last?.message == .voteReply(VoteReply(isGranted: true, committed: .origin)))
    }
}
