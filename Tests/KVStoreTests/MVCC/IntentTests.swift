import Raft
import Testing

@testable import KVStore

@Suite("Intents and two phases, as they are applied")
struct IntentTests {
    let fixture: EngineFixture
    let machine: StateMachine

    init() throws {
        fixture = try EngineFixture(.memory)
        machine = try open(fixture.engine)
        try machine.step(once(at: 1, draft(.put("a", "0"), .add("n", 10))))
    }

    private static let uses: [(mode: String, draft: TransactionDraft)] = [
        ("exclusive", draft(.put("a", "1"))), ("delete", draft(.delete("a"))), ("insert", draft(.insert("a", "1"))),
        ("read", draft(start: 1, reads: ["a"])), ("check", draft(checks: [.exists("a")])),
        ("range", draft(start: 1, ranges: [("a", "b")])), ("add", draft(.add("a", 1))),
    ]

    @Test("Shared goes with shared, additive with additive, nothing else", arguments: 0..<7, 0..<7)
    func compatibility(first: Int, second: Int) throws {
        // Where there is nothing, every use is possible.
        let machine = try open(EngineFixture(.memory).engine)
        let (mode, held) = Self.uses[first]
        let (other, wanted) = Self.uses[second]
        let needsValue = [mode, other].contains("check")
        let needsNothing = [mode, other].contains("add")
        if needsValue && needsNothing { return }
        if needsValue { try machine.step(once(at: 1, draft(.put("a", "0")))) }
        guard try machine.step(prepare(1, primary: "a", held)) == .prepared else { return }
        let outcome = try machine.step(prepare(2, primary: "a", wanted))
        let shared = ["read", "check", "range"]
        let isFree = (shared.contains(mode) && shared.contains(other)) || (mode == "add" && other == "add")
        if isFree {
            #expect(outcome == .prepared)
        } else {
            #expect(outcome?.blocker == "a by 1", "\(mode), then \(other)")
        }
    }

    @Test("Reading a counter and adding to it do not go together (history 2)")
    func readersAndAdders() throws {
        try machine.step(prepare(1, primary: "x", draft(start: 1, reads: ["n"], .put("x", "1"))))
        #expect(
            try machine.step(prepare(2, primary: "n", draft(checks: [.isAbsent("y")], .add("n", 1))))?.blocker
                == "n by 1"
        )
        #expect(try machine.step(once(at: 9, draft(.add("n", 1))))?.blocker == "n by 1")
        try machine.step(commit(1, primary: "x", at: 10))
        try machine.step(prepare(3, primary: "n", draft(.add("n", 1))))
        #expect(try machine.step(once(at: 20, draft(start: 15, reads: ["n"], .put("z", "1"))))?.blocker == "n by 3")
        // Who does both is alone.
        try machine.step(decide(3, primary: "n", mustEnd: true))
        try machine.step(prepare(4, primary: "n", draft(start: 15, reads: ["n"], .add("n", 1))))
        #expect(try machine.step(once(at: 30, draft(.add("n", 1))))?.blocker == "n by 4")
    }

    @Test("A range that was read is held until the outcome (history 10)")
    func ranges() throws {
        try machine.step(prepare(1, primary: "x", floor: 5, draft(start: 5, ranges: [("b", "d")], .put("x", "1"))))
        #expect(try machine.step(once(at: 8, draft(.insert("c", "1"))))?.blocker == "c by 1")
        #expect(try machine.step(once(at: 8, draft(.add("b", 1))))?.blocker == "b by 1")
        #expect(try machine.step(prepare(2, primary: "c", draft(.put("c", "1"))))?.blocker == "c by 1")
        #expect(try machine.step(once(at: 8, draft(.put("d", "1")))) == committed(8))
        #expect(try machine.step(once(at: 9, draft(checks: [.isAbsent("c")], .put("e", "1")))) == committed(9))
        // And the other way round: who changes something in it keeps it from being read so.
        try machine.step(prepare(3, primary: "g", draft(.put("g", "1"))))
        let reader = draft(start: 9, ranges: [("f", "h")], .put("y", "1"))
        #expect(try machine.step(prepare(4, primary: "y", reader))?.blocker == "g by 3")
        #expect(try machine.step(once(at: 10, reader))?.blocker == "g by 3")
        #expect(try machine.step(commit(1, primary: "x", at: 20)) == committed(20))
        #expect(try machine.step(once(at: 21, draft(.insert("c", "1")))) == committed(21))
    }

    @Test("What holds nothing any more is in nobody's way, and its changes take place at the commit's timestamp")
    func commits() throws {
        #expect(try machine.step(prepare(1, primary: "a", floor: 5, draft(.put("a", "1"), .add("n", 1)))) == .prepared)
        #expect(try machine.last("a") == "0@1")
        #expect(try machine.step(commit(1, primary: "a", at: 5)) == needsNewer("a"))
        #expect(try machine.step(commit(1, primary: "a", at: 6)) == committed(6))
        #expect(try machine.step(commit(1, primary: "a", at: 9)) == committed(6))
        #expect(try machine.range("a", "z", at: 6) == ["a=1@6", "n=11@6"])
        #expect(try machine.step(once(at: 8, draft(.delete("a"), .delete("n")))) == committed(8))
        #expect(machine.intents.isEmpty)
        let rows = try fixture.engine.contents().filter { [7, 8].contains($0.key[9]) }
        #expect(rows.isEmpty)
    }

    @Test("A commit needs the record that the primary's part has left, and none comes later")
    func commitNeedsRecord() throws {
        #expect(try machine.step(commit(1, primary: "a", at: 10)) == .rolledBack)
        #expect(try machine.step(prepare(1, primary: "a", draft(.put("a", "1")))) == .rolledBack)
        #expect(try machine.step(commit(1, primary: "a", at: 10)) == .rolledBack)
        #expect(try machine.last("a") == "0@1")
    }

    @Test("A commit behind the deadline is a rollback")
    func commitTooLate() throws {
        try machine.step(prepare(1, primary: "a", deadline: 20, draft(.put("a", "1"))))
        #expect(try machine.step(commit(1, primary: "a", at: 21)) == .rolledBack)
        #expect(try machine.step(commit(1, primary: "a", at: 20)) == .rolledBack)
        #expect(machine.intents.isEmpty)
        #expect(try machine.step(prepare(2, primary: "a", floor: 21, deadline: 20, draft(.put("a", "1")))) == .tooLate)
        #expect(try machine.step(once(at: 30, draft(.put("a", "2")))) == committed(30))
        // It would have to commit above what is there.
        #expect(try machine.step(prepare(3, primary: "a", deadline: 20, draft(.put("a", "1")))) == .tooLate)
    }

    @Test("Rollback and commit exclude each other in the order of the log (history 5)")
    func decisions() throws {
        try machine.step(prepare(1, primary: "a", expires: 100, draft(.put("a", "1"))))
        #expect(try machine.step(decide(1, primary: "a", now: 100)) == .pending(expires: Timestamp(100)))
        #expect(try machine.step(commit(1, primary: "a", at: 50)) == committed(50))
        #expect(try machine.step(decide(1, primary: "a", now: 200, mustEnd: true)) == committed(50))
        try machine.step(prepare(2, primary: "a", expires: 100, draft(.put("a", "2"))))
        #expect(try machine.step(decide(2, primary: "a", now: 101)) == .rolledBack)
        #expect(try machine.step(commit(2, primary: "a", at: 60)) == .rolledBack)
        #expect(try machine.last("a") == "1@50")
        // What nobody knows is ended, and does not begin later.
        #expect(try machine.step(decide(3, primary: "a", now: 0)) == .rolledBack)
        #expect(try machine.step(prepare(3, primary: "a", draft(.put("a", "3")))) == .rolledBack)
        #expect(machine.intents.isEmpty)
    }

    @Test("Who doubts a transaction of one round is told what became of it, or bars it")
    func doubts() throws {
        let wanted = draft(start: 1, reads: ["a"], .put("b", "1"), .put("c", "1"))
        #expect(try machine.step(once(at: 10, wanted), id: 5, mintedAt: 0) == committed(10))
        #expect(try machine.step(decide(5, primary: "b", mustEnd: true)) == committed(10))
        #expect(try machine.step(decide(6, primary: "b", mustEnd: true)) == .rolledBack)
        #expect(try machine.step(once(at: 20, draft(.put("b", "2"))), id: 6, mintedAt: 0) == .rolledBack)
        #expect(try machine.last("b") == "1@10")
    }

    @Test("A step that comes late finds that it is over, at every participant (tombstones)")
    func lateSteps() throws {
        try machine.step(describe("a", "m", epoch: 1))
        let late = prepare(1, primary: "z", epoch: 1, draft(.put("b", "1")))
        // Rolled back before it began.
        #expect(try machine.step(resolve(1, anchor: "b", committed: nil)) == .done)
        #expect(try machine.step(late) == .rolledBack)
        #expect(machine.intents.isEmpty)
        // Rolled back, committed: the same step once more changes nothing.
        let second = prepare(2, primary: "z", epoch: 1, draft(.put("b", "2")))
        #expect(try machine.step(second) == .prepared)
        #expect(try machine.step(second) == .prepared)
        #expect(try machine.step(resolve(2, anchor: "b", committed: nil)) == .done)
        #expect(try machine.step(second) == .rolledBack)
        let third = prepare(3, primary: "z", epoch: 1, draft(.add("c", 3)))
        #expect(try machine.step(third) == .prepared)
        #expect(try machine.step(resolve(3, anchor: "k", committed: 20)) == .done)
        #expect(try machine.step(third) == committed(20))
        #expect(try machine.step(resolve(3, anchor: "c", committed: 20)) == .done)
        #expect(try machine.last("c") == "3@20")
        #expect(machine.intents.isEmpty)
    }

    @Test("Later steps of an attempt add to what it holds, and one that fails leaves the others")
    func steps() throws {
        try machine.step(prepare(9, primary: "q", draft(.put("q", "1"))))
        try machine.step(prepare(1, primary: "a", floor: 3, expires: 50, draft(start: .max, reads: ["a"])))
        #expect(try machine.step(prepare(1, step: 1, primary: "a", draft(.put("q", "2"))))?.blocker == "q by 9")
        #expect(machine.intents.parts(of: TransactionID(1)).count == 1)
        // Nobody shares the key: it may be changed.
        #expect(try machine.step(prepare(1, step: 2, primary: "a", expires: 80, draft(.put("a", "1")))) == .prepared)
        #expect(try machine.step(once(at: 9, draft(checks: [.exists("a")])))?.blocker == "a by 1")
        #expect(try machine.step(decide(1, primary: "a", now: 60)) == .pending(expires: Timestamp(80)))
        #expect(try machine.step(prepare(1, step: 3, primary: "a", draft(.delete("a")))) == refused(.wrongType, "a"))
        #expect(try machine.step(commit(1, primary: "a", at: 10)) == committed(10))
        #expect(try machine.last("a") == "1@10")
        // Somebody does.
        try machine.step(prepare(2, primary: "a", draft(start: .max, reads: ["a"])))
        try machine.step(prepare(3, primary: "a", draft(start: .max, reads: ["a"])))
        #expect(try machine.step(prepare(2, step: 1, primary: "a", draft(.put("a", "2"))))?.blocker == "a by 3")
    }

    @Test("The leader sees who is in the way, in the same order on every replica")
    func questions() throws {
        try machine.step(prepare(5, primary: "b", floor: 7, expires: 30, draft(.add("n", 1), .put("b", "1"))))
        try machine.step(prepare(4, primary: "n", floor: 8, expires: 20, draft(.add("n", -1))))
        try machine.step(
            prepare(6, primary: "d", floor: 9, expires: 10, draft(start: 1, ranges: [("d", "f")], .put("x", "1")))
        )
        try fixture.engine.flush()
        try fixture.crash()
        let reopened = try open(fixture.engine)
        for machine in [machine, reopened] {
            let intents = machine.intents
            #expect(intents.intents(on: bytes("n")).map { "\($0.holder.id) \($0.floor)" } == ["4 8", "5 7"])
            #expect(intents.intents(on: bytes("n")).map { $0.addition?.delta } == [-1, 1])
            #expect(intents.conflict(on: bytes("n"), .shared, except: nil)?.id == TransactionID(4))
            #expect(intents.conflict(on: bytes("n"), .shared, except: TransactionID(4))?.id == TransactionID(5))
            #expect(intents.conflict(on: bytes("n"), .additive, except: nil) == nil)
            #expect(intents.conflict(on: bytes("e"), .shared, except: nil) == nil)
            #expect(intents.conflict(on: bytes("e"), .additive, except: nil)?.id == TransactionID(6))
            #expect(intents.conflict(in: KeyRange(bytes("a"), bytes("z")), except: nil)?.key == bytes("b"))
            let changing = intents.intents(changing: KeyRange(bytes("c"), bytes("z")))
            #expect(
                changing.map { "\(String(decoding: $0.key, as: UTF8.self)) \($0.holder.id)" } == ["n 4", "n 5", "x 6"]
            )
            #expect(intents.holders(expiredBefore: Timestamp(30)).map(\.id.rawValue) == [6, 4])
            #expect(intents.anchor(of: TransactionID(5)) == bytes("b"))
            #expect(intents.anchor(of: TransactionID(7)) == nil)
        }
    }

    @Test("Everything is there again after a restart, and after a snapshot")
    func restart() throws {
        try machine.step(prepare(1, primary: "b", floor: 7, draft(start: 1, ranges: [("d", "f")], .put("b", "1"))))
        let source = machine
        let target = try open(EngineFixture(.memory).engine)
        try target.install(try transfer(from: source, to: target, chunkBytes: 64))
        #expect(try target.checksum() == source.checksum())
        #expect(target.facts == source.facts)
        for machine in [source, target] {
            #expect(try machine.step(once(at: 9, draft(.put("b", "2"))))?.blocker == "b by 1")
            #expect(try machine.step(once(at: 9, draft(.put("e", "2"))))?.blocker == "e by 1")
            #expect(try machine.step(commit(1, primary: "b", at: 10)) == committed(10))
        }
        #expect(try target.checksum() == source.checksum())
    }
}
