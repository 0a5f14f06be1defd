import Raft
import Testing

/// Traps of commitment and of the log. Each is a mistake that real implementations have made.
@Suite("Traps: commitment and log")
struct CommitTraps {
    @Test("1. An entry of an earlier term is never committed by counting copies")
    func oldTermIsNotCounted() {
        var leader = Replica(1, restoring: restored([1, 2], term: 2))
        leader.lead(votes: [2])
        // Both others store the old entry at 2, but not yet this leader's own at 3.
        for follower in [2, 3] as [UInt64] {
            leader.receive(.appended(AppendAcknowledgement(match: LogIndex(2))), from: follower, term: 3)
        }
        #expect(leader.core.status.committed == LogIndex(0))
        leader.receive(.appended(AppendAcknowledgement(match: LogIndex(3))), from: 2, term: 3)
        #expect(leader.core.status.committed == LogIndex(3), "its own entry commits, and the old ones with it")
    }

    @Test("2. A new leader writes an entry of its own, and reads wait until it commits")
    func readsWaitForOwnEntry() throws {
        var leader = Replica(1, restoring: restored([1], term: 1, commit: 1, applied: 1))
        leader.lead(votes: [2])
        #expect(leader.core.status.last == at(2, 2))
        try leader.core.requestRead(ReadToken(1))
        let early = leader.takeSent().filter {
            if case .heartbeat(let beat) = $0.message { beat.readRound != .none } else { false }
        }
        #expect(early.isEmpty, "no round begins before the leader knows what is committed")
        leader.acknowledge(2)
        leader.receive(.heartbeatReply(HeartbeatReply(readRound: ReadRound(1))), from: 2, term: 2)
        leader.settle()
        #expect(leader.reads == [.ready(ReadToken(1), index: LogIndex(2))])
    }

    @Test("4. Nobody hears of a vote before it is on disk")
    func votesAreDurableFirst() {
        var voter = Replica(2)
        voter.receive(
            .voteRequest(VoteRequest(lastEntry: .origin, isTransfer: false, committed: .origin)),
            from: 1,
            term: 1
        )
        #expect(voter.takeSent().isEmpty)
        #expect(voter.writes.map(\.hardState) == [HardState(term: Term(1), vote: NodeID(1), commit: .zero)])
        voter.sync()
        #expect(voter.sent.map(\.message) == [.voteReply(VoteReply(isGranted: true, committed: .origin))])
    }

    @Test("4. A term is written no later than its entries")
    func termIsWrittenWithEntries() {
        var follower = Replica(2)
        follower.receive(.append(after: .origin, [entry(3, 1)]), from: 1, term: 3)
        follower.take()
        #expect(follower.writes.count == 1)
        #expect(follower.writes.first?.hardState.term == Term(3))
        #expect(follower.writes.first?.entries == [entry(3, 1)])
        #expect(follower.sent.isEmpty, "the acknowledgement waits")
    }

    @Test("4. A candidate asks for votes only once its own is on disk")
    func candidateIsDurableFirst() {
        var candidate = Replica(1)
        candidate.core.campaign()
        candidate.receive(.granted(preVote: 1), from: 2, term: 0)
        let early = candidate.takeSent().filter { if case .voteRequest = $0.message { true } else { false } }
        #expect(early.isEmpty)
        candidate.sync()
        #expect(candidate.sent.count == 2)
    }

    @Test("5. A late append that ends before the log does truncates nothing")
    func onlyConflictsTruncate() {
        var follower = Replica(2)
        follower.receive(.append(after: .origin, [entry(1, 1), entry(1, 2), entry(1, 3)]), from: 1, term: 1)
        follower.receive(.append(after: .origin, [entry(1, 1)]), from: 1, term: 1)
        #expect(follower.core.status.last == at(1, 3))
        follower.receive(.append(after: at(1, 1), [entry(2, 2)]), from: 3, term: 2)
        #expect(follower.core.status.last == at(2, 2), "a conflict does")
    }

    @Test("5. Nothing at or below the commit index is ever replaced, whoever asks")
    func committedIsNeverTruncated() {
        var follower = Replica(2)
        follower.receive(.append(after: .origin, [entry(1, 1), entry(1, 2)], commit: 2), from: 1, term: 1)
        follower.receive(.append(after: at(1, 1), [entry(2, 2)]), from: 3, term: 2)
        #expect(follower.core.status.last == at(1, 2))
        #expect(follower.core.rejections[.contradictsCommitted] == 1)
    }

    @Test("6. A heartbeat tells no more than the follower has acknowledged")
    func heartbeatCommitIsBounded() {
        var leader = Replica(1)
        leader.lead(votes: [2])
        leader.acknowledge(2)
        #expect(leader.core.status.committed == LogIndex(1))
        leader.sent.removeAll()
        leader.tick()
        let commits = leader.takeSent().compactMap { envelope -> String? in
            guard case .heartbeat(let heartbeat) = envelope.message else { return nil }
            return "\(envelope.to) \(heartbeat.commit)"
        }
        #expect(commits == ["2 1", "3 0"])
    }

    @Test("7. A write that ends late does not vouch for entries that have been replaced")
    func staleCompletionVouchesForNothing() {
        var follower = Replica(2)
        follower.receive(.append(after: .origin, [entry(1, 1), entry(1, 2), entry(1, 3)]), from: 1, term: 1)
        follower.take()
        follower.receive(.append(after: at(1, 1), [entry(2, 2), entry(2, 3)]), from: 3, term: 2)
        follower.take()
        let (first, second) = (follower.writes[0].id, follower.writes[1].id)
        follower.core.persisted(through: first)
        #expect(follower.core.durableIndex == LogIndex(1), "only what both writes agree on")
        let late = follower.takeSent()
        #expect(late.map(\.term) == [Term(1)], "the acknowledgement of the first term, for the first leader alone")
        follower.core.persisted(through: second)
        #expect(follower.core.durableIndex == LogIndex(3))
        #expect(follower.takeSent().map(\.message) == [.appended(AppendAcknowledgement(match: LogIndex(3)))])
    }

    @Test("7. Completions out of order and doubled strand nothing")
    func completionsInAnyOrder() {
        var follower = Replica(2)
        follower.receive(.append(after: .origin, [entry(1, 1)]), from: 1, term: 1)
        follower.take()
        follower.receive(.append(after: at(1, 1), [entry(1, 2)]), from: 1, term: 1)
        follower.take()
        let (first, second) = (follower.writes[0].id, follower.writes[1].id)
        follower.core.persisted(through: second)
        follower.core.persisted(through: first)
        follower.core.persisted(through: second)
        #expect(follower.core.durableIndex == LogIndex(2))
        #expect(follower.takeSent().count == 2, "each append is acknowledged, once")
    }

    @Test("11. A window whose messages were all lost still makes progress")
    func lostWindowRecovers() throws {
        var options = RaftOptions.test
        options.maxInflightMessages = 2
        options.maxMessageEntries = 1
        var leader = Replica(1, options: options)
        leader.lead(votes: [2])
        leader.acknowledge(2)
        _ = try leader.core.propose([[1], [2], [3], [4]])
        _ = leader.takeSent()  // Lost, all of them.
        leader.receive(.heartbeatReply(HeartbeatReply(readRound: .none)), from: 2, term: 1)
        let probe = try #require(leader.takeSent().last { $0.to == NodeID(2) })
        #expect(
            probe.message == .append(after: at(1, 3), commit: 1),
            "beside the full window, to find out what is missing"
        )
        let rejection = AppendRejection(rejected: LogIndex(3), hint: at(1, 1))
        leader.receive(.appendRejected(rejection), from: 2, term: 1)
        guard case .append(let again)? = leader.takeSent().last(where: { $0.to == NodeID(2) })?.message else {
            Issue.record("the follower must be sent what it lacks")
            return
        }
        #expect(again.previous == at(1, 1))
        #expect(again.entries.map(\.index) == [LogIndex(2)])
    }

    @Test("13. The cap on uncommitted bytes outlives a change of term")
    func capOutlivesTerms() {
        var options = RaftOptions.test
        options.maxUncommittedBytes = 100 + EntryPayload.overheadBytes
        var leader = Replica(1, options: options)
        leader.lead(votes: [2])
        _ = try? leader.core.propose([[UInt8](repeating: 0, count: 90)])
        #expect(throws: RaftCore.ProposalRefusal.overloaded(uncommittedBytes: 90 + EntryPayload.overheadBytes)) {
            try leader.core.propose([[UInt8](repeating: 0, count: 20)])
        }
        leader.sync()
        leader.receive(.staleTerm(StaleTermNotice()), from: 2, term: 5)
        leader.lead(votes: [2])
        #expect(throws: RaftCore.ProposalRefusal.overloaded(uncommittedBytes: 90 + EntryPayload.overheadBytes)) {
            try leader.core.propose([[UInt8](repeating: 0, count: 20)])
        }
        leader.acknowledge(2)
        #expect(throws: Never.self) { try leader.core.propose([[UInt8](repeating: 0, count: 20)]) }
    }

    @Test("13. What a restart finds uncommitted counts too")
    func capOutlivesRestarts() {
        var options = RaftOptions.test
        options.maxUncommittedBytes = 100 + EntryPayload.overheadBytes
        var leader = Replica(1, options: options, restoring: restored([1, 1], uncommittedBytes: 95))
        leader.lead(votes: [2])
        #expect(throws: RaftCore.ProposalRefusal.overloaded(uncommittedBytes: 95)) {
            try leader.core.propose([[UInt8](repeating: 0, count: 10)])
        }
        leader.acknowledge(2)
        #expect(leader.core.uncommittedBytes == 0)
    }
}
