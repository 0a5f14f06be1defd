import Raft
import Testing

@testable import KVStore

@Suite("Participant")
struct ParticipantTests {
    private var participant = Participant(term: Term(3))
    private var contents = ScriptedContents()
    private var now = Moment(tick: 0, cluster: 10)

    init() {
        participant.confirmed(Participant.start, now: now, contents: contents)
        _ = participant.takeActions()
    }

    /// Takes a request in, and returns its number and what is to be done.
    private mutating func receive(_ request: PartitionRequest) -> (number: UInt64, actions: [Participant.Action]) {
        let number = participant.receive(request, now: now, contents: contents)
        return (number, participant.takeActions())
    }

    private mutating func fetched(_ timestamp: Timestamp, for number: UInt64) -> [Participant.Action] {
        participant.fetched(timestamp, for: number)
        return participant.takeActions()
    }

    private mutating func applied(_ number: UInt64, _ outcome: TransactionOutcome) -> [Participant.Action] {
        participant.applied(number, outcome: outcome, now: now, contents: contents)
        return participant.takeActions()
    }

    private mutating func confirmed(_ number: UInt64) -> [Participant.Action] {
        participant.confirmed(number, now: now, contents: contents)
        return participant.takeActions()
    }

    private mutating func tick(_ ticks: Int) -> [Participant.Action] {
        now.tick += ticks
        participant.tick(now, contents: contents)
        return participant.takeActions()
    }

    private func read(
        _ key: String,
        at timestamp: Timestamp? = nil,
        by attempt: TransactionID? = nil
    ) -> PartitionRequest {
        .read(keys: [bytes(key)], at: timestamp, attempt: attempt)
    }

    private static let nothing = PartitionResponse.entries([nil])

    // MARK: The beginning

    @Test("A new leader admits steps once it has caught up, in the order in which they came, and reads at any time")
    mutating func newLeader() {
        participant = Participant(term: Term(4))
        participant.begin()
        #expect(participant.takeActions() == [.confirm(Participant.start)])
        let (first, early) = receive(oneRound(1, putting("a")))
        let (second, _) = receive(oneRound(2, putting("b")))
        #expect(early == [])
        let (reader, reading) = receive(read("a"))
        #expect(reading == [.confirm(reader)])
        participant.unconfirmed(Participant.start, now: now, contents: contents)
        #expect(participant.takeActions() == [], "it is asked again with the next tick")
        #expect(tick(1) == [.confirm(Participant.start)])
        #expect(confirmed(Participant.start) == [.fetchTimestamp(first), .fetchTimestamp(second)])
    }

    @Test("Who came early waits as long as others do, and is turned away when the leadership ends before it has begun")
    mutating func earlySteps() {
        participant = Participant(term: Term(4))
        participant.begin()
        _ = participant.takeActions()
        let (first, _) = receive(oneRound(1, putting("a")))
        #expect(tick(participant.options.patienceTicks) == [.answer(first, .timedOut(key: []))])
        let (second, _) = receive(oneRound(2, putting("a")))
        #expect(participant.stepDown(leader: nil) == [.answer(second, .moved(to: nil, mayHappen: false))])
        #expect(confirmed(Participant.start) == [])
    }

    @Test("Who was routed by a later epoch is to ask again; who prepares by an earlier one hears which it is")
    mutating func epochs() {
        contents.epoch = 3
        func routed(_ epoch: UInt64) -> PartitionRequest {
            guard case .commitOnce(var request) = oneRound(TransactionID(UInt128(epoch)), putting("a")) else {
                return oneRound(1, putting("a"))
            }
            request.epoch = epoch
            return .commitOnce(request)
        }
        let (late, turnedDown) = receive(routed(4))
        #expect(turnedDown == [.answer(late, .moved(to: nil, mayHappen: false))])
        // A copy of it may have committed in its own epoch: the log tells.
        let (early, admitted) = receive(routed(2))
        #expect(admitted == [.fetchTimestamp(early)])
    }

    // MARK: One round

    @Test(
        "A transaction of one round fetches its timestamp when it has its latches, and is proposed in its leader's term"
    )
    mutating func oneRoundTransaction() {
        let (number, actions) = receive(oneRound(1, putting("a")))
        #expect(actions == [.fetchTimestamp(number)])
        guard case .propose(number, let proposal)? = fetched(20, for: number).only,
            case .commitOnce(let commit) = proposal.command
        else {
            Issue.record("it was not proposed")
            return
        }
        #expect(commit.term == Term(3) && commit.timestamp == 20)
        #expect(proposal.identity?.id == 1)
        #expect(applied(number, .committed(20)) == [.answer(number, .outcome(.committed(20)))])
        #expect(participant.isIdle && participant.latches.isEmpty)
    }

    @Test("Who comes later waits for latches, those of reads included, and goes on when they are let go")
    mutating func latchesCoverReads() {
        var draft = putting("b")
        draft.start = 5
        draft.reads = [bytes("a")]
        let (first, _) = receive(oneRound(1, draft))
        let (second, actions) = receive(oneRound(2, putting("a")))
        #expect(actions == [])
        _ = fetched(20, for: first)
        #expect(
            Set(applied(first, .committed(20))) == [
                .answer(first, .outcome(.committed(20))), .fetchTimestamp(second),
            ]
        )
    }

    @Test("Additions to one counter do not wait for each other")
    mutating func additions() {
        let (first, _) = receive(oneRound(1, adding(1, to: "c")))
        let (second, actions) = receive(oneRound(2, adding(2, to: "c")))
        #expect(actions == [.fetchTimestamp(second)] && first != second)
    }

    @Test(
        "What needs a newer timestamp, or one of this term, keeps its latches and fetches another",
        arguments: [TransactionOutcome.needsNewerTimestamp(key: bytes("c")), .wrongTerm]
    )
    mutating func newerTimestamp(outcome: TransactionOutcome) {
        let (number, _) = receive(oneRound(1, adding(1, to: "c")))
        _ = fetched(20, for: number)
        #expect(applied(number, outcome) == [.fetchTimestamp(number)])
        #expect(participant.latches.holds(number))
        guard case .propose(number, _)? = fetched(21, for: number).only else {
            Issue.record("it was not proposed again")
            return
        }
    }

    @Test("Who needs one newer timestamp after the other gives up when his time is over")
    mutating func newerTimestampsEnd() {
        let (number, _) = receive(oneRound(1, adding(1, to: "c")))
        _ = fetched(20, for: number)
        _ = tick(participant.options.patienceTicks)
        #expect(
            applied(number, .needsNewerTimestamp(key: bytes("c"))) == [.answer(number, .timedOut(key: bytes("c")))]
        )
        #expect(participant.latches.isEmpty && participant.isIdle)
    }

    @Test("A read that waits for what is lost is not answered: it may take place under the next leader")
    mutating func lostBeforeARead() {
        let (writer, _) = receive(oneRound(1, putting("a")))
        _ = fetched(20, for: writer)
        let (reader, _) = receive(read("a", at: 30))
        let (other, _) = receive(read("b", at: 30))
        #expect(confirmed(reader) == [])
        #expect(confirmed(other) == [.answer(other, Self.nothing)])
        participant.lost(writer, now: now, contents: contents)
        #expect(
            Set(participant.takeActions()) == [
                .answer(reader, .moved(to: nil, mayHappen: false)), .answer(writer, .moved(to: nil, mayHappen: true)),
            ]
        )
        #expect(participant.isIdle && participant.latches.isEmpty)
    }

    @Test("A resolution that was not carried out frees nobody")
    mutating func unresolved() {
        contents.held = [.init(holder: holder(9), key: bytes("a"), mode: .exclusive)]
        let (reader, _) = receive(read("a"))
        #expect(confirmed(reader) == [])
        let (resolution, _) = receive(.resolve(9, anchor: bytes("a"), .committed(5)))
        let outcome = TransactionOutcome.needsNewerTimestamp(key: bytes("a"))
        #expect(applied(resolution, outcome) == [.answer(resolution, .outcome(outcome))])
    }

    @Test("What meets an intent when it is applied lets go its latches, and waits")
    mutating func blockedWhenApplied() {
        let (number, _) = receive(oneRound(1, putting("a")))
        let (reader, _) = receive(read("a"))
        _ = fetched(20, for: number)
        #expect(confirmed(reader) == [])
        // Whatever it comes to now lies behind the read.
        #expect(applied(number, .blocked(key: bytes("a"), by: holder(9))) == [.answer(reader, Self.nothing)])
        #expect(participant.latches.isEmpty)
        let (resolution, _) = receive(.resolve(9, anchor: bytes("a"), .rolledBack))
        #expect(
            applied(resolution, .done) == [.answer(resolution, .outcome(.done)), .fetchTimestamp(number)]
        )
    }

    @Test("A step that is asked for again is done once, and its last asker is answered")
    mutating func repeated() {
        let (first, _) = receive(oneRound(1, putting("a")))
        let (second, actions) = receive(oneRound(1, putting("a")))
        #expect(actions == [.answer(first, .moved(to: nil, mayHappen: true))])
        _ = fetched(20, for: first)
        #expect(applied(first, .committed(20)) == [.answer(second, .outcome(.committed(20)))])
    }

    // MARK: Reads

    @Test("A read of the latest waits for the latches that are there when it comes, and for no later ones")
    mutating func latestWaits() {
        let (writer, _) = receive(oneRound(1, putting("a")))
        _ = fetched(20, for: writer)
        let (reader, actions) = receive(read("a"))
        #expect(actions == [.confirm(reader)])
        #expect(confirmed(reader) == [])
        _ = receive(oneRound(2, putting("a")))
        contents.entries[bytes("a")] = StoredEntry(.bytes([1]), version: 20)
        let entry = contents.entries[bytes("a")]
        #expect(applied(writer, .committed(20)).contains(.answer(reader, .entries([entry]))))
    }

    @Test("A read at a timestamp waits for who may have an earlier one, and for nobody else")
    mutating func snapshotWaits() {
        let (writer, _) = receive(oneRound(1, putting("a")))
        _ = fetched(20, for: writer)
        let (early, _) = receive(read("a", at: 19))
        #expect(confirmed(early) == [.answer(early, Self.nothing)])
        let (late, _) = receive(read("a", at: 21))
        #expect(confirmed(late) == [])
        #expect(applied(writer, .committed(20)).contains(.answer(late, Self.nothing)))
    }

    @Test("A read at a timestamp waits for who has none yet: he may be about to be given an earlier one")
    mutating func fetchingWaits() {
        let (writer, _) = receive(oneRound(1, putting("a")))
        let (reader, _) = receive(read("a", at: 21))
        #expect(confirmed(reader) == [])
        _ = fetched(20, for: writer)
        #expect(applied(writer, .committed(20)).contains(.answer(reader, Self.nothing)))
    }

    @Test("A scan waits for changes inside its range, and not for others")
    mutating func scanWaits() {
        let (writer, _) = receive(oneRound(1, putting("b")))
        let (inside, _) = receive(.scan(KeyRange(bytes("a"), bytes("c")), at: 50, limit: ScanLimit()))
        #expect(confirmed(inside) == [])
        let (outside, _) = receive(.scan(KeyRange(bytes("c"), bytes("d")), at: 50, limit: ScanLimit()))
        let page = PartitionResponse.page(EntryPage(entries: [], next: nil))
        #expect(confirmed(outside) == [.answer(outside, page)])
        _ = fetched(20, for: writer)
        #expect(applied(writer, .committed(20)).contains(.answer(inside, page)))
    }

    @Test("No read is answered before somebody has confirmed that its leader leads")
    mutating func unconfirmed() {
        let (reader, actions) = receive(read("a"))
        #expect(actions == [.confirm(reader)])
        participant.unconfirmed(reader, now: now, contents: contents)
        #expect(participant.takeActions() == [.answer(reader, .moved(to: nil, mayHappen: false))])
    }

    @Test("A read waits for intents that may come to lie below it, and asks their primary when their time is over")
    mutating func readWaitsForIntents() {
        contents.held = [.init(holder: holder(9), key: bytes("a"), mode: .exclusive, floor: 15)]
        let (early, _) = receive(read("a", at: 15))
        #expect(confirmed(early) == [.answer(early, Self.nothing)])
        let (late, _) = receive(read("a", at: 16))
        #expect(confirmed(late) == [])
        #expect(tick(1) == [] && tick(participant.options.askTicks) == [], "its time is not over")
        now.cluster = 101
        #expect(tick(1) == [])
        #expect(tick(participant.options.askTicks) == [.ask(holder(9), key: bytes("a"))])
        let next = participant.heard(of: 9, .committed(18), key: bytes("a"))
        #expect(next == .resolve(9, anchor: bytes("a"), .committed(18)))
        contents.held = []
        let (resolution, _) = receive(.resolve(9, anchor: bytes("a"), .committed(18)))
        #expect(applied(resolution, .done).contains(.answer(late, Self.nothing)))
    }

    @Test("What an entry of another leadership has ended is waited for no longer than a tick")
    mutating func endedByOthers() {
        contents.held = [.init(holder: holder(9), key: bytes("a"), mode: .exclusive)]
        let (number, _) = receive(oneRound(1, putting("a")))
        contents.held = []
        #expect(tick(1) == [.fetchTimestamp(number)])
    }

    @Test("Who reads what he has locked does not wait for himself")
    mutating func ownIntents() {
        contents.held = [.init(holder: holder(9), key: bytes("a"), mode: .exclusive)]
        let (reader, _) = receive(read("a", by: 9))
        #expect(confirmed(reader) == [.answer(reader, Self.nothing)])
    }

    // MARK: Prepares

    @Test("A prepare carries the greatest timestamp that its leader has seen")
    mutating func floor() {
        let (reader, _) = receive(read("a", at: 40))
        _ = confirmed(reader)
        let (number, actions) = receive(prepareRequest(1, putting("a")))
        guard case .propose(number, let proposal)? = actions.only, case .prepare(let step) = proposal.command else {
            Issue.record("it was not proposed")
            return
        }
        #expect(step.floor == 40 && proposal.identity == nil)
    }

    @Test("A read does not wait for what is being prepared: it commits later")
    mutating func preparing() {
        _ = receive(prepareRequest(1, putting("a")))
        let (reader, _) = receive(read("a"))
        #expect(confirmed(reader) == [.answer(reader, Self.nothing)])
    }

    @Test("Who holds something elsewhere and is younger waits a bounded time for an older one; the older one waits on")
    mutating func waitDie() {
        contents.held = [.init(holder: holder(9, age: 5), key: bytes("a"), mode: .exclusive)]
        let (younger, _) = receive(prepareRequest(1, putting("a"), age: 6))
        let (older, _) = receive(prepareRequest(2, putting("a"), age: 4))
        #expect(tick(participant.options.youngPatienceTicks).contains(.answer(younger, .died(key: bytes("a")))))
        #expect(!tick(participant.options.youngPatienceTicks).contains(.answer(older, .died(key: bytes("a")))))
    }

    @Test("A transaction of one round holds nothing while it waits, and so need not die")
    mutating func oneRoundWaits() {
        contents.held = [.init(holder: holder(9, age: 1), key: bytes("a"), mode: .exclusive)]
        let (number, _) = receive(oneRound(1, putting("a"), age: 9))
        #expect(!tick(participant.options.youngPatienceTicks * 2).contains(.answer(number, .died(key: bytes("a")))))
        let answer = Participant.Action.answer(number, .timedOut(key: bytes("a")))
        #expect(tick(participant.options.patienceTicks).contains(answer))
    }

    @Test("Who comes later queues behind an older one that waits for the same key")
    mutating func queue() {
        contents.held = [.init(holder: holder(9), key: bytes("a"), mode: .shared)]
        let (writer, _) = receive(oneRound(1, putting("a"), age: 4))
        // It would go well with what is held, but the writer would wait for ever.
        let (reader, actions) = receive(oneRound(2, reading("a"), age: 6))
        #expect(actions == [])
        contents.held = []
        let (resolution, _) = receive(.resolve(9, anchor: bytes("a"), .rolledBack))
        #expect(applied(resolution, .done).contains(.fetchTimestamp(writer)))
        _ = fetched(20, for: writer)
        #expect(applied(writer, .committed(20)).contains(.fetchTimestamp(reader)))
    }

    // MARK: Decisions

    @Test("What a record says is answered at once; what is not over yet stays so until its time is over")
    mutating func decisions() {
        contents.records = [1: .committed(20), 2: .rolledBack, 3: .pending(expires: 50)]
        func decide(_ id: TransactionID, mustEnd: Bool = false) -> PartitionRequest {
            .decide(id, primary: bytes("a"), mustEnd: mustEnd)
        }
        #expect(receive(decide(1)).actions == [.answer(1, .outcome(.committed(20)))])
        #expect(receive(decide(2)).actions == [.answer(2, .outcome(.rolledBack))])
        #expect(receive(decide(3)).actions == [.answer(3, .outcome(.pending(expires: 50)))])
        let ended = TransactionCommand.decide(3, primary: bytes("a"), now: 10, mustEnd: true)
        #expect(receive(decide(3, mustEnd: true)).actions == [.propose(4, .init(identity: nil, command: ended))])
        now.cluster = 51
        let expired = TransactionCommand.decide(3, primary: bytes("a"), now: 51, mustEnd: false)
        #expect(receive(decide(3)).actions == [.propose(5, .init(identity: nil, command: expired))])
    }

    @Test("What has expired is asked about even if nobody waits for it")
    mutating func sweep() {
        contents.held = [.init(holder: holder(9), key: bytes("a"), mode: .exclusive)]
        #expect(tick(participant.options.sweepTicks) == [])
        now.cluster = 101
        #expect(tick(participant.options.sweepTicks) == [.ask(holder(9), key: bytes("a"))])
    }

    // MARK: The end

    @Test("When a leadership ends, everybody is told whether a copy of his may be in the log")
    mutating func stepDown() {
        let (waiting, _) = receive(oneRound(1, putting("a")))
        let (proposed, _) = receive(oneRound(2, putting("b")))
        _ = fetched(20, for: proposed)
        let (reader, _) = receive(read("c"))
        #expect(
            participant.stepDown(leader: NodeID(2)) == [
                .answer(waiting, .moved(to: NodeID(2), mayHappen: false)),
                .answer(proposed, .moved(to: NodeID(2), mayHappen: true)),
                .answer(reader, .moved(to: NodeID(2), mayHappen: false)),
            ]
        )
    }

    @Test("What may be in the log and is heard of no more is unknown")
    mutating func lost() {
        let (number, _) = receive(oneRound(1, putting("a")))
        _ = fetched(20, for: number)
        participant.lost(number, now: now, contents: contents)
        #expect(participant.takeActions() == [.answer(number, .moved(to: nil, mayHappen: true))])
        #expect(participant.latches.isEmpty)
    }
}
