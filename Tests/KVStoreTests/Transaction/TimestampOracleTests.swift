import Raft
import Testing

@testable import KVStore

@Suite("Oracle")
struct TimestampOracleTests {
    private var oracle = TimestampOracle(term: Term(2), voters: 3)
    private var now = MonotonicTime(nanoseconds: 10_000_000_000)

    private mutating func ask(
        _ number: UInt64,
        count: Int = 1,
        node: UInt64 = 1,
        clock: UInt64 = 0,
        hasTime: Bool = true
    ) -> [TimestampOracle.Action] {
        oracle.receive(number, count: count, from: NodeID(node), clock: clock, hasTime: hasTime, now: now)
    }

    /// Brings the oracle to where it has a window to hand out from.
    private mutating func open(at reserved: Timestamp) {
        _ = ask(100)
        for action in oracle.roundEnded(reserved: reserved, now: now) {
            if case .reserve(let below) = action { _ = oracle.reserved(below: below, now: now) }
        }
    }

    private func answers(_ actions: [TimestampOracle.Action]) -> [UInt64: Timestamp] {
        var answers: [UInt64: Timestamp] = [:]
        for case .answer(let number, let first) in actions { answers[number] = first }
        return answers
    }

    @Test("Nothing is handed out below what a predecessor may have handed out, nor before more is in the log")
    mutating func begins() {
        let reserved = Timestamp(milliseconds: 500)
        #expect(ask(1) == [.confirm])
        let actions = oracle.roundEnded(reserved: reserved, now: now)
        #expect(answers(actions).isEmpty)
        guard case .reserve(let below)? = actions.only else {
            Issue.record("\(actions)")
            return
        }
        #expect(below > reserved)
        let first = answers(oracle.reserved(below: below, now: now))[1]
        #expect(first.map { $0 > reserved && $0 < below } == true)
    }

    @Test("Who comes while a round is under way is answered after the next one")
    mutating func laterRequests() {
        open(at: .zero)
        #expect(ask(1) == [.confirm])
        #expect(ask(2) == [])
        let first = oracle.roundEnded(reserved: .zero, now: now)
        #expect(answers(first).keys.sorted() == [1])
        #expect(first.contains(.confirm))
        #expect(answers(oracle.roundEnded(reserved: .zero, now: now)).keys.sorted() == [2])
    }

    @Test("A round that fails answers nobody who waits, and tells who they are")
    mutating func failedRound() {
        open(at: .zero)
        _ = ask(1)
        _ = ask(2)
        #expect(oracle.roundFailed() == [1, 2])
        #expect(ask(3) == [.confirm])
    }

    @Test("Batches do not overlap, whatever their lengths")
    mutating func batches() {
        open(at: .zero)
        _ = ask(1, count: 10)
        _ = oracle.roundEnded(reserved: .zero, now: now)
        var last = Timestamp.zero
        for number in UInt64(2)...50 {
            let count = Int(number * 7 % 13) + 1
            _ = ask(number, count: count)
            guard let first = answers(oracle.roundEnded(reserved: .zero, now: now))[number] else {
                Issue.record("\(number) was not answered")
                return
            }
            #expect(first > last)
            last = Timestamp(first.rawValue + UInt64(count - 1))
        }
    }

    @Test("Nothing at or above the limit is handed out before a new limit is in the log")
    mutating func limit() {
        open(at: .zero)
        var waiting: UInt64 = 1
        var reservation: Timestamp?
        while reservation == nil {
            _ = ask(waiting, count: TimestampOracle.mostTimestamps)
            let actions = oracle.roundEnded(reserved: .zero, now: now)
            for case .reserve(let below) in actions { reservation = below }
            if answers(actions)[waiting] == nil { break }
            waiting += 1
        }
        guard let reservation else {
            Issue.record("the window has no end")
            return
        }
        #expect(answers(oracle.reserved(below: reservation, now: now)).allSatisfy { $0.value < reservation })
    }

    @Test("Time runs at most a tenth faster than the steady clock, however far the nodes' clocks are ahead")
    mutating func slewed() {
        open(at: Timestamp(milliseconds: 1_000))
        let begin = Timestamp(milliseconds: 1_000)
        for node in UInt64(1)...3 { _ = ask(node, node: node, clock: 9_000_000_000) }
        _ = oracle.roundEnded(reserved: .zero, now: now)
        _ = oracle.roundEnded(reserved: .zero, now: now)
        now = now + .seconds(1)
        _ = ask(9)
        let first = answers(oracle.roundEnded(reserved: .zero, now: now))[9] ?? .zero
        #expect((begin.milliseconds + 900...begin.milliseconds + 1_100).contains(first.milliseconds))
    }

    @Test("After a full stop it steps forward to the median of the nodes' clocks")
    mutating func steps() {
        let clock: UInt64 = 1_700_000_000_000
        _ = ask(1, node: 1, clock: clock, hasTime: false)
        _ = ask(2, node: 2, clock: clock + 5, hasTime: false)
        var actions = oracle.roundEnded(reserved: .zero, now: now)
        actions += oracle.roundEnded(reserved: .zero, now: now)
        for case .reserve(let below) in actions { actions += oracle.reserved(below: below, now: now) }
        #expect(answers(actions)[1].map { $0.milliseconds } == clock)
    }

    @Test("While any node has been told the time it does not step")
    mutating func doesNotStep() {
        _ = ask(1, node: 1, clock: 1_700_000_000_000, hasTime: false)
        _ = ask(2, node: 2, clock: 1_700_000_000_000, hasTime: true)
        var actions = oracle.roundEnded(reserved: Timestamp(milliseconds: 77), now: now)
        actions += oracle.roundEnded(reserved: .zero, now: now)
        for case .reserve(let below) in actions { actions += oracle.reserved(below: below, now: now) }
        #expect(answers(actions)[1].map { $0.milliseconds } == 77)
    }
}

@Suite("Timestamp desk")
struct TimestampDeskTests {
    @Test("Callers share a request until it is sent; who comes later has to wait for the next")
    func shares() {
        var desk = TimestampDesk()
        desk.want(1)
        desk.want(2)
        #expect(desk.send() == .init(batch: 1, count: 2))
        desk.want(3)
        #expect(desk.given(40, to: 1) == [.init(caller: 1, timestamp: 40), .init(caller: 2, timestamp: 41)])
        #expect(desk.send() == .init(batch: 2, count: 1))
        #expect(desk.given(50, to: 2) == [.init(caller: 3, timestamp: 50)])
        #expect(desk.isIdle && desk.send() == nil)
    }

    @Test("A batch that was not answered is asked for again, and an answer that comes after all is nobody's")
    func asksAgain() {
        var desk = TimestampDesk()
        desk.want(1)
        _ = desk.send()
        desk.want(2)
        desk.failed(1)
        #expect(desk.given(40, to: 1) == [])
        #expect(desk.send() == .init(batch: 2, count: 2))
        #expect(desk.given(50, to: 2).map(\.caller) == [1, 2])
    }

    @Test("What no oracle hands out is no answer, and nothing runs over that is counted from the last that is one")
    func endOfTime() throws {
        for first in [Timestamp.mintedEnd, .max] {
            let answer = PartitionResponse.timestamps(first: first).encoded
            #expect(throws: FieldError.self) { try PartitionResponse(encoded: answer) }
        }
        let first = Timestamp(Timestamp.mintedEnd.rawValue - 1)
        let answer = PartitionResponse.timestamps(first: first)
        #expect(try PartitionResponse(encoded: answer.encoded) == answer)
        var desk = TimestampDesk()
        for caller in 0..<UInt64(TimestampOracle.mostTimestamps) { desk.want(caller) }
        let sent = desk.send()
        let given = desk.given(first, to: try #require(sent).batch)
        let last = try #require(given.last).timestamp
        #expect(last.rawValue == first.rawValue + UInt64(TimestampOracle.mostTimestamps) - 1)
        var clock = ClusterClock()
        clock.observe(last, at: .zero)
        #expect(clock.now(.zero + .seconds(9_000_000_000)) > last)
    }
}

@Suite("Cluster clock")
struct ClusterClockTests {
    @Test("It goes on by itself from what it has heard, and not a little back")
    func goesOn() {
        var clock = ClusterClock()
        #expect(!clock.isSet && clock.now(.zero) == .zero)
        clock.observe(Timestamp(milliseconds: 1_000), at: .zero)
        let later = MonotonicTime.zero + .milliseconds(30)
        #expect(clock.now(later).milliseconds == 1_030)
        clock.observe(Timestamp(milliseconds: 1_020), at: later)
        #expect(clock.now(later).milliseconds == 1_030)
        clock.observe(Timestamp(milliseconds: 2_000), at: later)
        #expect(clock.now(later).milliseconds == 2_000)
    }

    @Test("What a safe point may be taken from is what the oracle has handed out, however late this node thinks it is")
    func greatestIsHandedOut() {
        var clock = ClusterClock()
        clock.observe(Timestamp(milliseconds: 1_000), at: .zero)
        let later = MonotonicTime.zero + .seconds(60)
        #expect(clock.now(later).milliseconds == 61_000)
        #expect(clock.greatest == Timestamp(milliseconds: 1_000))
        clock.observe(Timestamp(milliseconds: 1_500), at: later)
        clock.observe(Timestamp(milliseconds: 1_200), at: later)
        #expect(clock.greatest == Timestamp(milliseconds: 1_500))
    }

    @Test("It goes back to an oracle that begins long before where it has come by itself")
    func followsTheOracleBack() {
        var clock = ClusterClock()
        clock.observe(Timestamp(milliseconds: 1_000), at: .zero)
        let later = MonotonicTime.zero + .seconds(1_800)
        // An answer from before says nothing.
        clock.observe(Timestamp(milliseconds: 900), at: later)
        #expect(clock.now(later).milliseconds == 1_801_000)
        clock.observe(Timestamp(milliseconds: 2_000), at: later)
        #expect(clock.now(later).milliseconds == 2_000)
        clock.observe(Timestamp(milliseconds: 2_010), at: later + .seconds(1))
        #expect(clock.now(later + .seconds(1)).milliseconds == 3_000)
    }
}
