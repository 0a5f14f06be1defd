import Raft
import Testing

@testable import KVStore

@Suite("Transactions: collection")
struct CollectionTests {
    let fixture: EngineFixture
    let machine: StateMachine

    init() throws {
        fixture = try EngineFixture(.memory)
        machine = try open(fixture.engine)
    }

    private func rows(_ space: UInt8) throws -> Int {
        try fixture.engine.contents().filter { $0.key[9] == space }.count
    }

    @Test("What was there at the safe point stays, and what is older goes")
    func versions() throws {
        for timestamp in [20, 25, 30, 40] as [UInt64] {
            try machine.step(once(at: timestamp, draft(.put("a", "\(timestamp)"), .add("n", 1))))
        }
        try machine.step(once(at: 41, draft(.put("b", "1"))))
        try machine.step(once(at: 42, draft(.delete("b"))))
        #expect(try rows(5) == 3 + 4 + 1)
        #expect(try machine.step(collect(27)) == .done)
        #expect(try rows(5) == 2 + 3 + 1)
        #expect(try machine.at(27, "a") == "25@25")
        #expect(try machine.at(27, "n") == "2@25")
        #expect(try machine.step(collect(50)) == .done)
        // Of a counter the last addition stays.
        #expect(try rows(5) == 1)
        #expect(try rows(4) == 2)
        try machine.step(once(at: 60, draft(.add("n", 1), .put("b", "2"))))
        #expect(try machine.range("a", "z", at: 59) == ["a=40@40", "n=4@40"])
        #expect(try machine.range("a", "z", at: 60) == ["a=40@40", "b=2@60", "n=5@60"])
    }

    @Test("Commits that nobody has settled are found once their time is over, a few records at a time")
    func unsettled() throws {
        try machine.step(once(at: 5, draft(.put("b", "0"))))
        try machine.step(prepare(70, primary: "a", deadline: 30, draft(.put("a", "1"))))
        try machine.step(commit(70, primary: "a", at: 20, participants: ["x", "y"]))
        try machine.step(prepare(71, primary: "c", deadline: 30, draft(.put("c", "1"))))
        try machine.step(prepare(72, primary: "d", deadline: 30, draft(.put("d", "1"))))
        try machine.step(decide(72, primary: "d", now: 2_000, mustEnd: true))
        let whole = SweepPosition(key: [])
        #expect(try machine.reader.unsettled(from: whole, before: 30, limit: 100).found == [])
        let commit = UnsettledCommit(
            id: 70,
            primary: bytes("a"),
            timestamp: 20,
            participants: [bytes("x"), bytes("y")]
        )
        #expect(try machine.reader.unsettled(from: whole, before: 31, limit: 100) == .init(found: [commit], next: nil))
        var found: [UnsettledCommit] = []
        var position: SweepPosition? = whole
        var pages = 0
        while let start = position {
            let page = try machine.reader.unsettled(from: start, before: 31, limit: 1)
            found += page.found
            position = page.next
            pages += 1
        }
        #expect(found == [commit] && pages == 4)
        try machine.step(settle(70, primary: "a"))
        #expect(try machine.reader.unsettled(from: whole, before: 31, limit: 100).found == [])
    }

    @Test("A tombstone stays while something older is left that it would uncover")
    func tombstones() throws {
        try machine.step(once(at: 5, draft(.put("a", "0"))))
        try machine.step(once(at: 10, draft(.put("a", "1"))))
        try machine.step(once(at: 20, draft(.delete("a"))))
        try machine.step(once(at: 30, draft(.put("a", "2"))))
        try machine.step(collect(7))
        #expect(try rows(5) == 3)
        #expect(try machine.at(25, "a") == nil)
        // As little at a time as can be.
        #expect(try machine.step(collect(25, limit: 1)) == .done)
        #expect(try machine.at(25, "a") == nil)
        try machine.step(collect(25, from: machine.facts.sweep ?? [], limit: 1))
        #expect(try machine.at(25, "a") == nil)
        #expect(try machine.at(30, "a") == "2@30")
        try machine.step(collect(25))
        #expect(try rows(5) == 0)
    }

    @Test("Nothing is told of what was below the safe point, which never goes back")
    func safePoint() throws {
        try machine.step(once(at: 10, draft(.put("a", "1"))))
        try machine.step(once(at: 20, draft(.put("a", "2"))))
        try machine.step(collect(15))
        try machine.step(collect(12))
        #expect(machine.facts.safePoint == Timestamp(15))
        let error = StateMachineError.belowSafePoint(Timestamp(15))
        #expect(throws: error) { try machine.at(14, "a") }
        #expect(throws: error) { try machine.at(14, "b") }
        #expect(throws: error) { try machine.range("a", "b", at: 14) }
        #expect(try machine.at(15, "a") == "1@10")
        let query = ReadQuery.entries([bytes("a")], at: Timestamp(14))
        #expect(try query.answer(from: machine) == .tooOld(safePoint: Timestamp(15)))
        // What a batch has written is seen by a sweep in it.
        #expect(
            try machine.steps(once(at: 30, draft(.delete("a"))), collect(40), once(at: 50, draft(.put("c", "1"))))
                == [committed(30), .done, committed(50)]
        )
        #expect(try rows(4) == 1)
        #expect(try rows(5) == 0)
    }

    @Test("Records go when all have been told and no step can come any more")
    func records() throws {
        try machine.step(once(at: 10, deadline: 100, draft(.put("a", "1"))), id: 1)
        try machine.step(prepare(2, primary: "b", deadline: 100, draft(.put("b", "1"))))
        try machine.step(commit(2, primary: "b", at: 20, participants: ["z"]))
        try machine.step(prepare(3, primary: "c", deadline: 100, draft(.put("c", "1"))))
        try machine.step(prepare(4, primary: "d", deadline: 100, draft(.put("d", "1"))))
        try machine.step(decide(4, primary: "d", mustEnd: true))
        try machine.step(prepare(5, primary: "e", deadline: 100, draft(.put("e", "1"))))
        try machine.step(commit(5, primary: "e", at: 30))
        #expect(try rows(6) == 5)
        try machine.step(collect(0, records: 100))
        #expect(try rows(6) == 5)
        try machine.step(collect(0, records: 101))
        // That of 2 has not been settled, 3 is not decided.
        #expect(try rows(6) == 2)
        #expect(try machine.step(decide(2, primary: "b", mustEnd: true)) == committed(20))
        #expect(try machine.step(settle(2, primary: "b")) == .done)
        try machine.step(collect(0, records: 101))
        #expect(try rows(6) == 1)
        // What they barred is too late now.
        #expect(try machine.step(prepare(4, primary: "d", deadline: 100, draft(.put("d", "1")))) == .tooLate)
        #expect(try machine.step(once(at: 50, deadline: 100, draft(.put("a", "2"))), id: 9) == .tooLate)
        #expect(try machine.step(commit(3, primary: "c", at: 90)) == committed(90))
    }

    @Test("Many small sweeps come to the same as a large one", arguments: [1, 2, 3, 7])
    func pieces(limit: Int) throws {
        let otherFixture = try EngineFixture(.memory)
        let other = try open(otherFixture.engine)
        for machine in [machine, other] {
            for timestamp in 1...40 as ClosedRange<UInt64> {
                let key = ["a", "b\u{0}", "b", "c"][Int(timestamp % 4)]
                try machine.step(once(at: timestamp, deadline: 90, draft(.put(key, "x"), .add("n", 1))))
            }
            try machine.step(once(at: 50, draft(.delete("a"), .delete("n"))))
        }
        try other.step(collect(60, records: 95))
        var count = 0
        repeat {
            try machine.step(collect(60, records: 95, from: machine.facts.sweep ?? [], limit: limit))
            count += 1
            #expect(try machine.range("a", "z", at: 60) == other.range("a", "z", at: 60))
        } while machine.facts.sweep != nil
        #expect(count >= 100 / limit)
        let kept = { (fixture: EngineFixture) in try fixture.engine.contents().filter { (4...8).contains($0.key[9]) } }
        #expect(try kept(fixture) == kept(otherFixture))
        #expect(try rows(5) == 0)
        // Of the records that of the deletion stays: its deadline is far away.
        #expect(try rows(6) == 1)
    }

    @Test("Sweeps do the same in one batch and in several", arguments: [[0, 0], [5, 9, 9, 9, 9]])
    func batches(safePoints: [UInt64]) throws {
        let other = try open(EngineFixture(.memory).engine)
        // All but the last are for a part of what is there.
        let sweeps = safePoints.enumerated().map { number, safePoint in
            collect(safePoint, limit: number + 1 < safePoints.count ? number + 1 : 1_000)
        }
        for machine in [machine, other] {
            for timestamp in 1...8 as ClosedRange<UInt64> {
                try machine.step(once(at: timestamp, draft(.put("a", "x"))))
            }
        }
        for sweep in sweeps { try machine.step(sweep) }
        let first = other.state.position.index.next.rawValue
        _ = try other.apply(try sweeps.enumerated().map { try Entry(first + UInt64($0.offset), $0.element) })
        #expect(try other.checksum() == machine.checksum())
    }

    @Test("Pages go on where they stopped, also over what is not there")
    func pages() throws {
        for number in 0..<100 { try machine.step(once(at: 10, draft(.put("k\(100 + number)", "\(number)")))) }
        for number in 0..<98 { try machine.step(once(at: 20, draft(.delete("k\(100 + number)")))) }
        let range = KeyRange(bytes("k"), bytes("l"))
        func all(at timestamp: UInt64, _ limit: ScanLimit) throws -> [String] {
            var found: [String] = []
            var from = range.lower
            for _ in 0..<200 {
                let page = try machine.reader.entries(
                    in: KeyRange(from, range.upper),
                    at: Timestamp(timestamp),
                    limit: limit
                )
                #expect(page.entries.count <= limit.entries)
                found += page.entries.map { String(decoding: $0.key, as: UTF8.self) }
                guard let next = page.next else { return found }
                from = next
            }
            return found
        }
        for limit in [ScanLimit(entries: 1), ScanLimit(entries: 7), ScanLimit(bytes: 10), ScanLimit()] {
            #expect(try all(at: 15, limit) == (0..<100).map { "k\(100 + $0)" })
            #expect(try all(at: 25, limit) == ["k198", "k199"])
            #expect(try all(at: 5, limit) == [])
        }
        #expect(throws: StateMachineError.self) {
            try machine.reader.entries(in: range, at: .max, limit: .init(entries: 0))
        }
    }
}
