import Raft
import Testing

/// Messages that make no sense change nothing that they may not change, are counted, and never end a replica.
@Suite("Bad input")
struct BadInputTests {
    private func envelope(
        _ message: Message,
        from: UInt64 = 2,
        to: UInt64 = 1,
        term: UInt64 = 1,
        partition: PartitionID = Replica.partition
    ) -> Envelope {
        Envelope(partition: partition, from: NodeID(from), to: NodeID(to), term: Term(term), message: message)
    }

    private func leader() -> Replica {
        var leader = Replica(1)
        leader.lead(votes: [2])
        leader.acknowledge(2)
        leader.settle()
        leader.sent.removeAll()
        return leader
    }

    @Test("For another group, another replica, or from itself")
    func wrongAddress() {
        var replica = leader()
        let before = replica.core.status
        replica.core.step(envelope(.heartbeat(), term: 9, partition: PartitionID(2)))
        replica.core.step(envelope(.heartbeat(), to: 3, term: 9))
        replica.core.step(envelope(.heartbeat(), from: 1, term: 9))
        #expect(replica.core.status == before)
        #expect(replica.core.rejections[.otherPartition] == 1)
        #expect(replica.core.rejections[.otherReplica] == 2)
    }

    /// Messages with fields that exclude each other.
    static let impossible: [Message] = {
        let far = LogIndex(.max)
        let noVoters = Configuration(voters: [])
        let twice = Configuration(
            voters: [NodeID(1)],
            learners: [Configuration.Learner(id: NodeID(1), promotion: .manual)]
        )
        func configured(_ configuration: Configuration) -> Entry {
            Entry(index: LogIndex(1), term: Term(1), payload: .configuration(configuration))
        }
        return [
            .append(after: at(9, 3)),
            .append(after: at(0, 3)),
            .append(after: at(1, 0)),
            .append(after: .origin, [entry(1, 2)]),
            .append(after: .origin, [entry(1, 1), entry(1, 3)]),
            .append(after: at(1, 1), [entry(0, 2)]),
            .append(after: .origin, [entry(9, 1)]),
            .append(after: .origin, [entry(1, 1)], commit: .max),
            .append(after: .origin, [configured(noVoters)]),
            .append(after: .origin, [configured(twice)]),
            .append(after: LogPosition(term: Term(1), index: far), [entry(1, 0)]),
            .appended(AppendAcknowledgement(match: far)),
            .appendRejected(AppendRejection(rejected: LogIndex(1), hint: at(1, 2))),
            .appendRejected(AppendRejection(rejected: far, hint: at(1, 2))),
            .heartbeat(commit: .max),
            .installSnapshot(
                InstallSnapshot(metadata: SnapshotMetadata(position: .origin, configuration: .voters(1, 2, 3)))
            ),
            .installSnapshot(InstallSnapshot(metadata: SnapshotMetadata(position: at(1, 3), configuration: noVoters))),
            .preVoteRequest(PreVoteRequest(prospectiveTerm: Term(9), lastEntry: .origin, committed: .origin)),
            .preVoteRequest(PreVoteRequest(prospectiveTerm: Term(2), lastEntry: .origin, committed: at(1, 1))),
            .preVoteReply(PreVoteReply(prospectiveTerm: Term(.max), isGranted: true, committed: .origin)),
            .voteRequest(VoteRequest(lastEntry: at(7, 7), isTransfer: true, committed: .origin)),
            .voteReply(VoteReply(isGranted: true, committed: at(5, 5))),
            .quiesce(Quiesce(lastEntry: .origin)),
            .readReply(ReadReply(id: ReadID(incarnation: 0, sequence: 0), index: far)),
        ]
    }()

    @Test("Impossible fields", arguments: BadInputTests.impossible)
    func impossibleFields(message: Message) {
        var replica = leader()
        let before = replica.core.status
        replica.core.step(envelope(message))
        #expect(replica.core.status == before)
        #expect(replica.core.rejections[.impossibleFields] == 1)
        #expect(replica.takeSent().isEmpty)
    }

    @Test("Terms beyond every election", arguments: [UInt64.max, 1 << 63, (1 << 62) + 1] as [UInt64])
    func impossibleTerms(term: UInt64) {
        var replica = leader()
        replica.core.step(envelope(.heartbeat(), term: term))
        #expect(replica.core.term == Term(1))
        #expect(replica.core.rejections[.impossibleFields] == 1)
    }

    @Test("Answers from somebody who is not a member")
    func strangers() {
        var replica = leader()
        let before = replica.core.status
        for message in [
            Message.appended(AppendAcknowledgement(match: LogIndex(1))),
            .heartbeatReply(HeartbeatReply(readRound: .none)),
            .readRequest(ReadRequest(id: ReadID(incarnation: 1, sequence: 1))),
        ] {
            replica.core.step(envelope(message, from: 77))
        }
        #expect(replica.core.status == before)
        #expect(replica.core.rejections[.notAMember] == 3)
    }

    @Test("Votes from somebody who does not vote elect nobody")
    func strangersDoNotElect() {
        var candidate = Replica(1)
        candidate.core.campaign()
        candidate.receive(.granted(preVote: 1), from: 77, term: 0)
        candidate.receive(.granted(preVote: 1), from: 78, term: 0)
        #expect(candidate.core.role == .preCandidate)
        #expect(candidate.core.rejections[.notAMember] == 2)
    }

    @Test("A second leader of one term is not followed")
    func secondLeader() {
        var replica = leader()
        replica.core.step(envelope(.append(after: .origin, [entry(1, 1)])))
        #expect(replica.core.role == .leader)
        var follower = Replica(2)
        follower.receive(.heartbeat(), from: 1, term: 1)
        follower.receive(.append(after: .origin, [entry(1, 1)]), from: 3, term: 1)
        #expect(follower.core.leader == NodeID(1))
        #expect(follower.core.status.last == .origin)
        #expect(replica.core.rejections[.secondLeader] + follower.core.rejections[.secondLeader] == 2)
    }

    @Test("More acknowledged than there is, or a round that never was")
    func beyondTheLog() {
        var replica = leader()
        replica.core.step(envelope(.appended(AppendAcknowledgement(match: LogIndex(5)))))
        replica.core.step(envelope(.heartbeatReply(HeartbeatReply(readRound: ReadRound(5)))))
        #expect(replica.core.status.committed == LogIndex(1))
        #expect(replica.core.rejections[.impossibleFields] == 2)
    }

    @Test("Entries that contradict what was compacted away")
    func contradictsBase() {
        var state = restored([1, 1, 3, 3, 3], term: 7, commit: 5, applied: 5)
        state.log = TermHistory(base: at(3, 5))
        var replica = Replica(1, restoring: state)
        for term in [1, 4] as [UInt64] {
            let entries = (3...6).map { entry(term, $0) }
            replica.core.step(envelope(.append(after: at(1, 2), entries), term: 7))
        }
        #expect(replica.core.status.last == at(3, 5))
        #expect(replica.core.rejections[.contradictsCommitted] == 2)
    }

    @Test("A heartbeat that counts on entries which are not here is answered and not believed")
    func heartbeatBeyondTheLog() {
        var follower = Replica(2)
        follower.receive(.heartbeat(commit: 9), from: 1, term: 1)
        #expect(follower.core.status.committed == .zero)
        #expect(follower.core.rejections[.contradictsCommitted] == 1)
    }

    @Test("Messages that are years late")
    func staleMessages() {
        var replica = Replica(1, restoring: restored([1, 4], term: 9, commit: 1))
        let before = replica.core.status
        for message in [
            Message.append(after: .origin, [entry(1, 1)]), .heartbeat(commit: 1),
            .appended(AppendAcknowledgement(match: LogIndex(1))), .campaignNow(CampaignNow()),
            .voteReply(VoteReply(isGranted: true, committed: .origin)),
            .voteRequest(VoteRequest(lastEntry: at(2, 9), isTransfer: true, committed: .origin)),
        ] {
            replica.core.step(envelope(message, term: 2))
        }
        #expect(replica.core.status == before)
        #expect(replica.core.rejections[.staleTerm] == 6)
        let answers = Set(replica.takeSent().map(\.term))
        #expect(answers == [Term(9)], "leaders and candidates of old terms are told the term")
    }

    @Test("Options that cannot work name the field and the rule")
    func options() {
        var options = RaftOptions()
        options.electionTicks = options.heartbeatTicks
        let problem = #expect(throws: RaftOptions.Invalid.self) { try options.validate() }
        #expect(problem?.description == "electionTicks must be greater than heartbeatTicks")
        options = RaftOptions()
        options.maxApplyBytes = 0
        #expect(throws: RaftOptions.Invalid(field: "maxApplyBytes", rule: "must be at least 1")) {
            try options.validate()
        }
    }

    @Test("A disk that has lost something is not started from")
    func inconsistentState() {
        #expect(throws: RestoredState.Inconsistency.termBehindLog) { try restored([1, 5], term: 4).validate() }
        #expect(throws: RestoredState.Inconsistency.commitBehindLog) { try restored([1], commit: 2).validate() }
        #expect(throws: RestoredState.Inconsistency.appliedBehindLog) { try restored([1], applied: 2).validate() }
    }
}
