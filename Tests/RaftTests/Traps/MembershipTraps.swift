import Raft
import Testing

/// Traps of changing members.
@Suite("Traps: members")
struct MembershipTraps {
    private let joint = Configuration(
        voters: [NodeID(1), NodeID(2), NodeID(4)],
        outgoingVoters: [NodeID(1), NodeID(2), NodeID(3)],
        learners: [],
        demotedVoters: [],
        retired: []
    )

    /// A leader of one voter, with everything applied.
    private func loneLeader() -> Replica {
        var leader = Replica(1, .voters(1))
        leader.lead(votes: [])
        leader.settle()
        return leader
    }

    @Test("14. Nobody campaigns with a committed configuration that is not applied")
    func noCampaignBeforeApplying() {
        let entry = RestoredState.ConfigurationEntry(index: LogIndex(1), configuration: joint)
        var replica = Replica(1, restoring: restored([1, 1], commit: 2, configurations: [entry]))
        replica.tick(100)
        replica.core.campaign()
        replica.take()
        #expect(replica.core.role == .follower)
        #expect(replica.sent.isEmpty)
        replica.core.applied(through: LogIndex(1))
        replica.core.campaign()
        #expect(replica.core.role == .preCandidate)
        #expect(Set(replica.takeSent().map(\.to)) == [NodeID(2), NodeID(3), NodeID(4)], "both halves are asked")
    }

    @Test("14. Whoever campaigns learns what the others know to be committed, and applies it first")
    func campaignsSpreadCommit() {
        let entry = RestoredState.ConfigurationEntry(index: LogIndex(2), configuration: .voters(1))
        let half = Configuration(
            voters: [NodeID(1)],
            outgoingVoters: [NodeID(1), NodeID(2)],
            learners: [],
            demotedVoters: [],
            retired: []
        )
        let state = restored([1, 1], commit: 1, applied: 1, configuration: half, configurations: [entry])
        var survivor = Replica(1, restoring: state)
        survivor.core.campaign()
        let refusal = PreVoteReply(prospectiveTerm: Term(2), isGranted: false, committed: at(1, 2))
        survivor.receive(.preVoteReply(refusal), from: 2, term: 1)
        survivor.settle()
        #expect(survivor.core.configuration == .voters(1))
        survivor.core.campaign()
        survivor.settle()
        #expect(survivor.core.role == .leader, "the removed voter, whose log is longer, is not needed any more")
    }

    @Test("15. A joint configuration is left by whoever leads, however often leadership is lost")
    func jointIsLeftInTheEnd() {
        let entry = RestoredState.ConfigurationEntry(index: LogIndex(1), configuration: joint)
        var leader = Replica(1, restoring: restored([1], commit: 1, configurations: [entry]))
        leader.settle()
        leader.lead(votes: [2])
        leader.acknowledge(2)
        leader.settle()
        let proposed = leader.core.status.last.index
        #expect(proposed == LogIndex(3), "behind its own first entry")
        leader.receive(.staleTerm(StaleTermNotice()), from: 3, term: 9)
        leader.lead(votes: [2])
        leader.acknowledge(2)
        leader.settle()
        leader.acknowledge(2)
        leader.settle()
        #expect(!leader.core.configuration.isJoint)
        #expect(leader.core.configuration.retired == [NodeID(3)])
    }

    @Test("15. A transfer only delays leaving")
    func leavingWaitsForTransfer() throws {
        let entry = RestoredState.ConfigurationEntry(index: LogIndex(1), configuration: joint)
        var leader = Replica(1, restoring: restored([1], commit: 1, configurations: [entry]))
        leader.settle()
        leader.lead(votes: [2])
        try leader.core.transferLeadership(to: NodeID(3))
        leader.acknowledge(2)
        leader.settle()
        #expect(leader.core.status.last.index == LogIndex(2), "nothing is proposed while leadership is handed over")
        for _ in 0..<10 {
            leader.tick()
            leader.receive(.heartbeatReply(HeartbeatReply(readRound: .none)), from: 2, term: 2)
        }
        leader.settle()
        #expect(leader.core.status.last.index == LogIndex(3), "it was aborted, and the leader tries again")
    }

    @Test("16. A learner votes when asked: it may be a voter already and not know")
    func learnersVote() {
        let configuration = Configuration(
            voters: [NodeID(1), NodeID(2)],
            learners: [Configuration.Learner(id: NodeID(3), promotion: .automatic)]
        )
        var learner = Replica(3, configuration)
        let request = VoteRequest(lastEntry: .origin, isTransfer: false, committed: .origin)
        learner.receive(.voteRequest(request), from: 2, term: 1)
        learner.sync()
        #expect(learner.sent.map(\.message) == [.voteReply(VoteReply(isGranted: true, committed: .origin))])
    }

    @Test("17. A snapshot brings its configuration")
    func snapshotCarriesConfiguration() {
        var newcomer = Replica(4, Configuration(voters: []))
        let metadata = SnapshotMetadata(position: at(2, 9), configuration: joint)
        #expect(newcomer.core.wantsSnapshot(metadata))
        newcomer.receive(.installSnapshot(InstallSnapshot(metadata: metadata)), from: 1, term: 2)
        newcomer.take()
        #expect(newcomer.writes.first?.snapshot == metadata)
        #expect(newcomer.sent.isEmpty, "nothing is acknowledged before the snapshot is installed")
        newcomer.sync()
        #expect(newcomer.core.configuration == joint)
        #expect(newcomer.sent.map(\.message) == [.appended(AppendAcknowledgement(match: LogIndex(9)))])
        newcomer.core.campaign()
        #expect(newcomer.core.role == .preCandidate)
    }

    @Test("18. A leader that was removed hands over once its removal is committed, and not before")
    func removedLeaderStepsDown() throws {
        var leader = Replica(1)
        leader.lead(votes: [2])
        leader.acknowledge(2, 3)
        leader.settle()
        _ = try leader.core.proposeMembership(MembershipChange([.remove(NodeID(1))]))
        leader.sync()
        leader.acknowledge(2, 3)
        leader.settle()
        #expect(leader.core.role == .leader, "it leads the way out of the joint configuration")
        leader.sync()
        leader.acknowledge(2, 3)
        leader.sent.removeAll()
        leader.settle()
        #expect(leader.core.role == .follower)
        #expect(leader.notices.contains(.steppedDown(Term(1), .removed)))
        #expect(leader.sent.last?.message == .campaignNow(CampaignNow()), "the group need not wait for a time-out")
        leader.tick(100)
        leader.take()
        #expect(leader.core.role == .follower, "and it never stands again")
    }

    @Test("19. The id of a member that was removed is never admitted again")
    func retiredIDsStayOut() throws {
        let changed = try Configuration.voters(1, 2, 3).applying(MembershipChange([.remove(NodeID(3))])).leavingJoint()
        #expect(throws: MembershipError.retired(NodeID(3))) {
            try changed.applying(MembershipChange([.add(NodeID(3))]))
        }
        #expect(throws: Never.self) { try changed.applying(MembershipChange([.add(NodeID(4))])) }
    }

    @Test("20. A group of one grows to three without needing those who have not caught up")
    func growingKeepsQuorum() throws {
        var leader = loneLeader()
        _ = try leader.core.proposeMembership(MembershipChange([.add(NodeID(2)), .add(NodeID(3))]))
        leader.settle()
        _ = try leader.core.propose([[1]])
        leader.settle()
        #expect(leader.core.status.committed == leader.core.status.last.index, "it commits alone meanwhile")
        leader.acknowledge(2)
        leader.tick()
        leader.settle()
        #expect(leader.core.configuration.voters == [NodeID(1)], "one newcomer alone would be needed by every quorum")
        leader.acknowledge(3)
        leader.tick()
        leader.settle()
        #expect(leader.core.configuration.isJoint)
        leader.acknowledge(2, 3)
        leader.settle()
        #expect(leader.core.configuration == .voters(1, 2, 3))
        #expect(!leader.notices.contains(.configurationSettled(.voters(1, 2, 3))))
        leader.acknowledge(2)
        leader.settle()
        #expect(leader.notices.contains(.configurationSettled(.voters(1, 2, 3))), "a quorum could go on without it")
    }

    @Test("20. A newcomer that is alive and lags is waited for, even right after a quorum check")
    func laggingNewcomerIsWaitedFor() throws {
        var leader = loneLeader()
        _ = try leader.core.proposeMembership(MembershipChange([.add(NodeID(2)), .add(NodeID(3))]))
        leader.settle()
        for _ in 0..<25 {
            leader.tick()
            leader.settle()
            leader.acknowledge(2)
            leader.receive(.heartbeatReply(HeartbeatReply(readRound: .none)), from: 2, term: 1)
            leader.receive(.heartbeatReply(HeartbeatReply(readRound: .none)), from: 3, term: 1)
            #expect(leader.core.configuration.voters == [NodeID(1)])
        }
    }

    @Test("A configuration in force is on disk as committed, whatever else happens")
    func adoptedConfigurationsAreDurable() {
        let entry = RestoredState.ConfigurationEntry(index: LogIndex(2), configuration: .voters(1, 2))
        var follower = Replica(2, restoring: restored([1, 1], commit: 1, applied: 1, configurations: [entry]))
        follower.receive(.heartbeat(commit: 2), from: 1, term: 1)
        follower.take()
        #expect(follower.writes.isEmpty)
        follower.core.applied(through: LogIndex(2))
        follower.take()
        #expect(follower.writes.last?.hardState.commit == LogIndex(2))
    }

    @Test("One change at a time, and none before the leader's own first entry is applied")
    func oneChangeAtATime() throws {
        var leader = Replica(1)
        leader.lead(votes: [2])
        let change = MembershipChange([.add(NodeID(4))])
        #expect(throws: RaftCore.MembershipRefusal.pending(until: LogIndex(1))) {
            try leader.core.proposeMembership(change)
        }
        leader.acknowledge(2)
        leader.settle()
        _ = try leader.core.proposeMembership(change)
        #expect(throws: RaftCore.MembershipRefusal.pending(until: LogIndex(2))) {
            try leader.core.proposeMembership(MembershipChange([.add(NodeID(5))]))
        }
    }
}
