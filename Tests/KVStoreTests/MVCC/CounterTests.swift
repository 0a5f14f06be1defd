import KVStore
import Raft
import Testing

@Suite("Counters, as they are applied")
struct CounterTests {
    let machine: StateMachine

    init() throws { machine = try open(EngineFixture(.memory).engine) }

    @Test("Additions may come in any order: every version is the sum of what committed at or below it")
    func outOfOrder() throws {
        for (timestamp, delta) in [(30, 5), (10, 1), (40, 2), (20, 4)] as [(UInt64, Int64)] {
            #expect(try machine.step(once(at: timestamp, draft(.add("n", delta)))) == committed(timestamp))
        }
        #expect(try machine.at(9, "n") == nil)
        #expect(try machine.at(10, "n") == "1@10")
        #expect(try machine.at(25, "n") == "5@20")
        #expect(try machine.at(30, "n") == "10@30")
        #expect(try machine.last("n") == "12@40")
        // And after something else has taken its place, and again something.
        try machine.step(once(at: 50, draft(.delete("n"))))
        try machine.step(once(at: 60, draft(.put("n", "x"))))
        try machine.step(once(at: 70, draft(.delete("n"))))
        try machine.step(once(at: 90, draft(.add("n", 7))))
        try machine.step(once(at: 80, draft(.add("n", 1))))
        let expected: [(UInt64, String?)] = [
            (9, nil), (10, "1@10"), (29, "5@20"), (39, "10@30"), (40, "12@40"), (49, "12@40"), (50, nil), (60, "x@60"),
            (70, nil), (79, nil), (80, "1@80"), (90, "8@90"),
        ]
        for (timestamp, text) in expected { #expect(try machine.at(timestamp, "n") == text, "at \(timestamp)") }
        for safePoint: UInt64 in [5, 15, 25, 35, 45, 55, 65, 75, 85, 95] {
            try machine.step(collect(safePoint))
            for (timestamp, text) in expected where timestamp >= safePoint {
                #expect(try machine.at(timestamp, "n") == text, "at \(timestamp), safe point \(safePoint)")
            }
        }
    }

    @Test("An addition keeps its bound at its own moment and in every later version (history 11)")
    func everyLaterVersion() throws {
        try machine.step(once(at: 8, draft(.add("c", 0))))
        try machine.step(prepare(1, primary: "c", floor: 8, draft(.add("c", 5))))
        try machine.step(commit(1, primary: "c", at: 10))
        #expect(try machine.step(once(at: 9, draft(.add("c", -5, floor: 0)))) == needsNewer("c"))
        #expect(try machine.step(once(at: 11, draft(.add("c", -5, floor: 0)))) == committed(11))
        // And in a version that lies between.
        try machine.step(once(at: 20, draft(.add("c", 5))))
        try machine.step(once(at: 30, draft(.add("c", -4))))
        try machine.step(once(at: 40, draft(.add("c", 9))))
        #expect(try machine.step(once(at: 25, draft(.add("c", -3, floor: 0)))) == needsNewer("c"))
        #expect(try machine.step(once(at: 25, draft(.add("c", -1, floor: 0)))) == committed(25))
        #expect(try machine.at(30, "c") == "0@30")
    }

    @Test("An addition does not break the bounds of those that have committed behind it")
    func othersBounds() throws {
        try machine.step(once(at: 10, draft(.add("c", 99))))
        try machine.step(once(at: 30, draft(.add("c", 1, ceiling: 100))))
        try machine.step(once(at: 40, draft(.add("c", -50))))
        #expect(try machine.step(once(at: 20, draft(.add("c", 1)))) == needsNewer("c"))
        #expect(try machine.step(once(at: 50, draft(.add("c", 1)))) == committed(50))
    }

    @Test("A bound is refused by what has committed, and only by that")
    func refusal() throws {
        try machine.step(once(at: 10, draft(.add("c", 5))))
        #expect(try machine.step(once(at: 20, draft(.add("c", -6, floor: 0)))) == refused(.boundReached, "c"))
        #expect(try machine.step(once(at: 20, draft(.add("c", 6, ceiling: 10)))) == refused(.boundReached, "c"))
        #expect(try machine.step(once(at: 20, draft(.add("d", -1, floor: 0)))) == refused(.boundReached, "d"))
        #expect(try machine.step(once(at: 20, draft(.add("c", .max)))) == refused(.boundReached, "c"))
        #expect(try machine.step(once(at: 20, draft(.add("c", -5, floor: 0)))) == committed(20))
        #expect(try machine.step(once(at: 30, draft(.add("c", .max)))) == committed(30))
        #expect(try machine.step(once(at: 40, draft(.add("c", 1)))) == refused(.boundReached, "c"))
    }

    @Test("A bound is not refused while something that may have committed elsewhere would make room")
    func remedies() throws {
        try machine.step(once(at: 5, draft(.add("c", 5))))
        try machine.step(prepare(1, primary: "a", floor: 5, draft(.add("c", 5))))
        #expect(try machine.step(once(at: 10, draft(.add("c", -7, floor: 0))))?.blocker == "c by 1")
        #expect(try machine.step(once(at: 10, draft(.add("c", -11, floor: 0)))) == refused(.boundReached, "c"))
        try machine.step(prepare(2, primary: "a", floor: 5, draft(.add("c", -2))))
        #expect(try machine.step(once(at: 10, draft(.add("c", 6, ceiling: 9))))?.blocker == "c by 2")
        #expect(try machine.step(once(at: 10, draft(.add("c", 7, ceiling: 9)))) == refused(.boundReached, "c"))
        try machine.step(commit(1, primary: "a", at: 8))
        try machine.step(decide(2, primary: "a", mustEnd: true))
        #expect(try machine.step(once(at: 11, draft(.add("c", -7, floor: 0)))) == committed(11))
    }

    @Test("Additions that are not decided are counted on neither side (history 9)")
    func escrow() throws {
        try machine.step(once(at: 5, draft(.add("c", 5))))
        try machine.step(prepare(1, primary: "c", floor: 5, draft(.add("c", -5, floor: 0))))
        // Its own bound is none, but the pending one would come to −1.
        #expect(try machine.step(once(at: 10, draft(.add("c", -1))))?.blocker == "c by 1")
        #expect(try machine.step(prepare(2, primary: "c", floor: 5, draft(.add("c", -1))))?.blocker == "c by 1")
        // Its own bound stands in its way only if the pending one commits: it is not refused.
        #expect(try machine.step(once(at: 10, draft(.add("c", -1, floor: 0))))?.blocker == "c by 1")
        // What may come in does not help.
        try machine.step(prepare(3, primary: "c", floor: 5, draft(.add("c", 9, ceiling: 14))))
        #expect(try machine.step(once(at: 10, draft(.add("c", -1))))?.blocker == "c by 1")
        #expect(try machine.step(once(at: 10, draft(.add("c", 1))))?.blocker == "c by 3")
        try machine.step(decide(1, primary: "c", mustEnd: true))
        #expect(try machine.step(once(at: 11, draft(.add("c", -1, floor: 0)))) == committed(11))
        #expect(try machine.step(commit(3, primary: "c", at: 12)) == committed(12))
        #expect(try machine.last("c") == "13@12")
    }

    @Test("An addition below others leaves room for what is pending there")
    func escrowInEarlierVersions() throws {
        try machine.step(once(at: 5, draft(.add("c", 5))))
        try machine.step(prepare(1, primary: "c", floor: 5, draft(.add("c", -5, floor: 0))))
        try machine.step(once(at: 30, draft(.add("c", 10))))
        #expect(try machine.step(once(at: 15, draft(.add("c", -3))))?.blocker == "c by 1")
        #expect(try machine.step(once(at: 35, draft(.add("c", -3)))) == committed(35))
        #expect(try machine.step(commit(1, primary: "c", at: 20)) == committed(20))
        #expect(try machine.at(20, "c") == "0@20")
        #expect(try machine.last("c") == "7@35")
    }

    @Test("Pending additions are never too much for 64 bits together")
    func overflow() throws {
        try machine.step(prepare(1, primary: "c", draft(.add("c", .max))))
        #expect(try machine.step(prepare(2, primary: "c", draft(.add("c", 1))))?.blocker == "c by 1")
        #expect(try machine.step(prepare(3, primary: "c", draft(.add("c", .min)))) == .prepared)
        #expect(try machine.step(prepare(4, primary: "c", draft(.add("c", -1))))?.blocker == "c by 3")
        #expect(try machine.step(commit(3, primary: "c", at: 10)) == committed(10))
        #expect(try machine.step(commit(1, primary: "c", at: 20)) == committed(20))
        #expect(try machine.last("c") == "-1@20")
    }
}
