import Raft
import Testing

/// Early campaigns: whoever sees the leader's process die stands at once, and is in nobody's way but the dead leader's,
/// not even in its own.
@Suite("Early campaigns")
struct EarlyCampaignTests {
    /// Voter 2 of five, who has just seen the connection to its leader 1 break, and asks for pre-votes of term 2.
    private static var preCandidate: Replica {
        var options = RaftOptions.test
        options.electionTicks = 50
        var replica = Replica(2, .voters(1, 2, 3, 4, 5), options: options)
        replica.receive(.heartbeat(), from: 1, term: 1)
        replica.sync()
        replica.core.connectionLost(to: NodeID(1))
        replica.sync()
        return replica
    }

    /// The same, elected by 3 and 4 to stand for term 2; votes are on their way.
    private static var candidate: Replica {
        var replica = preCandidate
        replica.receive(.granted(preVote: 2), from: 3, term: 1)
        replica.receive(.granted(preVote: 2), from: 4, term: 1)
        #expect(replica.core.role == .candidate)
        replica.sync()
        return replica
    }

    @Test("A pre-vote that is granted late does not shorten the campaign that it was for")
    func lateGrantLeavesTheCampaignAlone() {
        var candidate = Self.candidate
        candidate.receive(.granted(preVote: 2), from: 5, term: 1)
        // The votes are on their way: they need a round trip and a write on every voter's disk.
        candidate.tick(5)
        #expect(candidate.core.role == .candidate, "an early campaign lasts half an election time-out at least")
    }

    @Test("Whoever has given its vote away does not stand because of an answer to its earlier pre-vote")
    func lateRefusalAfterVote() {
        var voter = Self.preCandidate
        let request = VoteRequest(lastEntry: .origin, isTransfer: false, committed: .origin)
        voter.receive(.voteRequest(request), from: 3, term: 2)
        #expect(voter.core.vote == NodeID(3))
        voter.sync()
        let refusal = PreVoteReply(prospectiveTerm: Term(2), isGranted: false, committed: .origin)
        voter.receive(.preVoteReply(refusal), from: 4, term: 1)
        voter.tick(5)
        #expect(voter.core.role == .follower, "it has voted for 3 a moment ago")
    }

    @Test("An early campaign that a later term ends is tried again early, as an early pre-vote is")
    func refusedByLaterTerm() {
        var candidate = Self.candidate
        candidate.receive(.voteReply(VoteReply(isGranted: false, committed: .origin)), from: 5, term: 7)
        #expect(candidate.core.term == Term(7))
        candidate.tick(5)
        #expect(candidate.core.role == .preCandidate)
    }

    @Test(
        "An early failover ends in a few round trips, with slow disks and long ways too",
        arguments: [3, 5, 7],
        [1, 2]
    )
    func failoverTakesAFewRoundTrips(voters: UInt64, latencyTicks: Int) {
        let ticks = (1...40).map { seed in
            DeadLeader(voters: voters, latencyTicks: latencyTicks, seed: seed).ticksUntilSucceeded(limit: 400)
        }
        let median = ticks.map { $0 ?? .max }.sorted()[20]
        #expect(median <= 6 * latencyTicks + 10)
    }
}

/// A group whose leader 1 has just died, as all others have seen. Messages and writes take the same time.
private struct DeadLeader {
    private static let leader = NodeID(1)

    private let latencyTicks: Int
    private var survivors: [Replica]
    private var messages: [(due: Int, envelope: Envelope)] = []
    private var writes: [(due: Int, survivor: Int, id: PersistID)] = []

    init(voters: UInt64, latencyTicks: Int, seed: UInt64) {
        var options = RaftOptions()
        options.electionTicks = 50
        options.heartbeatTicks = 5
        self.latencyTicks = latencyTicks
        let configuration = Configuration(voters: (1...voters).map { NodeID($0) })
        survivors = (2...voters).map { id in
            var replica = Replica(id, configuration, options: options, seed: seed &* 100 &+ id)
            replica.receive(.heartbeat(), from: 1, term: 1)
            replica.sync()
            replica.sent.removeAll()
            replica.core.connectionLost(to: Self.leader)
            return replica
        }
    }

    /// After how many ticks somebody leads; nil when nobody does within the limit.
    consuming func ticksUntilSucceeded(limit: Int) -> Int? {
        for now in 0..<limit {
            for survivor in survivors.indices {
                if now > 0 { survivors[survivor].tick() }
                finishWhatIsDue(at: now, for: survivor)
                if survivors[survivor].core.role == .leader { return now }
            }
        }
        return nil
    }

    private mutating func finishWhatIsDue(at now: Int, for survivor: Int) {
        let id = survivors[survivor].core.id
        for message in messages where message.due <= now && message.envelope.to == id {
            survivors[survivor].core.step(message.envelope)
        }
        messages.removeAll { $0.due <= now && $0.envelope.to == id }
        for write in writes where write.due <= now && write.survivor == survivor {
            survivors[survivor].core.persisted(through: write.id)
        }
        writes.removeAll { $0.due <= now && $0.survivor == survivor }
        for envelope in survivors[survivor].takeSent() where envelope.to != Self.leader {
            messages.append((now + latencyTicks, envelope))
        }
        for write in survivors[survivor].writes { writes.append((now + latencyTicks, survivor, write.id)) }
        survivors[survivor].writes.removeAll()
    }
}
