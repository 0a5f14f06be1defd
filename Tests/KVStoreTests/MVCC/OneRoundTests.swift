import KVStore
import Raft
import Testing

@Suite("Transactions of one round, as they are applied")
struct OneRoundTests {
    let machine: StateMachine

    init() throws { machine = try open(EngineFixture(.memory).engine) }

    @Test("Changes become visible at their timestamp, and what was there before stays readable")
    func versions() throws {
        #expect(try machine.step(once(at: 10, draft(.put("a", "1"), .add("n", 5)))) == committed(10))
        #expect(try machine.step(once(at: 20, draft(.put("a", "2"), .add("n", -2)))) == committed(20))
        #expect(try machine.step(once(at: 30, draft(.delete("a"), .delete("n")))) == committed(30))
        #expect(try machine.at(9, "a") == nil)
        #expect(try machine.at(10, "a") == "1@10")
        #expect(try machine.at(19, "a") == "1@10")
        #expect(try machine.at(20, "a") == "2@20")
        #expect(try machine.at(30, "a") == nil)
        #expect(try machine.at(9, "n") == nil)
        #expect(try machine.at(10, "n") == "5@10")
        #expect(try machine.at(29, "n") == "3@20")
        #expect(try machine.last("n") == nil)
        #expect(try machine.range("a", "z", at: 25) == ["a=2@20", "n=3@20"])
        #expect(try machine.range("a", "z", at: 30) == [])
    }

    @Test("It is validated: what was read must not have changed since")
    func reads() throws {
        try machine.step(once(at: 10, draft(.put("a", "1"), .put("c", "1"))))
        #expect(try machine.step(once(at: 20, draft(start: 10, reads: ["a"], .put("b", "1")))) == committed(20))
        #expect(try machine.step(once(at: 30, draft(start: 9, reads: ["a"], .put("b", "2")))) == outdated("a"))
        #expect(try machine.step(once(at: 30, draft(start: 15, ranges: [("a", "b")], .put("b", "2")))) == committed(30))
        #expect(try machine.step(once(at: 40, draft(start: 29, ranges: [("a", "c")], .put("d", "2")))) == outdated("b"))
        // Also what was deleted, and what was there and is not, both in a batch and over batches.
        let both = try machine.steps(
            once(at: 50, draft(.delete("c"))),
            once(at: 60, draft(start: 45, ranges: [("c", "d")], .put("d", "3"))),
            once(at: 70, draft(start: 45, reads: ["c"], .put("d", "3"))),
            once(at: 80, draft(start: 50, reads: ["c"], .put("d", "4")))
        )
        #expect(both == [committed(50), outdated("c"), outdated("c"), committed(80)])
    }

    @Test("Checks look at the moment of commit")
    func checks() throws {
        try machine.step(once(at: 10, draft(.put("a", "1"))))
        func check(_ check: TransactionDraft.Check, at timestamp: UInt64) throws -> TransactionOutcome? {
            try machine.step(once(at: timestamp, draft(checks: [check], .put("b", "1"))))
        }
        #expect(try check(.exists("a"), at: 20) == committed(20))
        #expect(try check(.isAbsent("a"), at: 30) == refused(.checkFailed, "a"))
        #expect(try check(.version("a", 10), at: 30) == committed(30))
        #expect(try check(.version("a", 9), at: 40) == refused(.checkFailed, "a"))
        #expect(try check(.exists("c"), at: 40) == refused(.checkFailed, "c"))
        #expect(try check(.version("c", 0), at: 40) == refused(.checkFailed, "c"))
        // What it asks of a moment that has passed, a newer timestamp may ask again.
        #expect(try check(.exists("a"), at: 10) == needsNewer("a"))
        #expect(try machine.step(once(at: 50, draft(.insert("a", "2")))) == refused(.checkFailed, "a"))
        try machine.step(once(at: 60, draft(.delete("a"))))
        #expect(try check(.isAbsent("a"), at: 70) == committed(70))
        #expect(try machine.step(once(at: 80, draft(.insert("a", "3")))) == committed(80))
        #expect(try machine.at(80, "a") == "3@80")
    }

    @Test("Counters and bytes do not mix on a key")
    func types() throws {
        try machine.step(once(at: 10, draft(.put("a", "1"), .add("n", 1))))
        #expect(try machine.step(once(at: 20, draft(.add("a", 1)))) == refused(.wrongType, "a"))
        #expect(try machine.step(once(at: 20, draft(.put("n", "1")))) == refused(.wrongType, "n"))
        #expect(try machine.step(once(at: 20, draft(.insert("n", "1")))) == refused(.checkFailed, "n"))
        try machine.step(once(at: 20, draft(.delete("a"), .delete("n"))))
        #expect(try machine.step(once(at: 30, draft(.add("a", 1), .put("n", "x")))) == committed(30))
        #expect(try machine.range("a", "z", at: 30) == ["a=1@30", "n=x@30"])
        #expect(try machine.range("a", "z", at: 10) == ["a=1@10", "n=1@10"])
    }

    @Test("A write lies above what it replaces")
    func order() throws {
        try machine.step(once(at: 20, draft(.put("a", "1"))))
        #expect(try machine.step(once(at: 20, draft(.put("a", "2")))) == needsNewer("a"))
        #expect(try machine.step(once(at: 10, draft(.delete("a")))) == needsNewer("a"))
        try machine.step(once(at: 30, draft(.delete("a"))))
        #expect(try machine.step(once(at: 25, draft(.add("a", 1)))) == needsNewer("a"))
        #expect(try machine.step(once(at: 40, draft(.add("a", 1)))) == committed(40))
        // Not even below all additions to a counter may one lie before what the counter follows.
        #expect(try machine.step(once(at: 28, draft(.add("a", 1)))) == needsNewer("a"))
        #expect(try machine.step(once(at: 35, draft(.add("a", 1)))) == committed(35))
        #expect(try machine.at(34, "a") == nil)
        #expect(try machine.at(35, "a") == "1@35")
        #expect(try machine.at(29, "a") == "1@20")
    }

    @Test("A timestamp counts in the term in which it was fetched only (history 4)")
    func term() throws {
        #expect(try machine.step(once(at: 10, term: 1, draft(.put("a", "1"))), id: 5, term: 2) == .wrongTerm)
        #expect(try machine.last("a") == nil)
        // The same transaction, proposed anew.
        #expect(try machine.step(once(at: 30, term: 2, draft(.put("a", "1"))), id: 5, term: 2) == committed(30))
    }

    @Test("It takes place once, however often it comes, and the first outcome is what counts")
    func duplicates() throws {
        let add = draft(.add("n", 1))
        #expect(try machine.step(once(at: 10, add), id: 5, mintedAt: 0) == committed(10))
        #expect(try machine.step(once(at: 20, add), id: 5, mintedAt: 0) == committed(10))
        let again = [
            try Entry(3, id: 5, mintedAt: 0, once(at: 30, add)), try Entry(4, id: 6, mintedAt: 0, once(at: 30, add)),
        ]
        #expect(try machine.apply(again).map(\.transactionOutcome) == [committed(10), committed(30)])
        #expect(try machine.last("n") == "2@30")
    }

    @Test("A refusal is final, though its reason may go")
    func refusalIsFinal() throws {
        let wanted = draft(checks: [.exists("a")], .put("b", "1"))
        #expect(try machine.step(once(at: 10, wanted), id: 5, mintedAt: 0) == refused(.checkFailed, "a"))
        try machine.step(once(at: 20, draft(.put("a", "1"))))
        #expect(try machine.step(once(at: 30, wanted), id: 5, mintedAt: 0) == refused(.checkFailed, "a"))
        #expect(try machine.last("b") == nil)
    }

    @Test("What was not decided may be tried again under the same id")
    func undecided() throws {
        try machine.step(prepare(1, primary: "a", draft(.put("a", "1"))))
        let wanted = draft(.put("a", "2"))
        #expect(try machine.step(once(at: 10, wanted), id: 5, mintedAt: 0)?.blocker == "a by 1")
        try machine.step(commit(1, primary: "a", at: 20))
        #expect(try machine.step(once(at: 15, wanted), id: 5, mintedAt: 0) == needsNewer("a"))
        #expect(try machine.step(once(at: 30, wanted), id: 5, mintedAt: 0) == committed(30))
    }

    @Test("Nothing takes place behind its deadline, or reads below the safe point (history 8)")
    func limits() throws {
        #expect(try machine.step(once(at: 11, deadline: 10, draft(.put("a", "1")))) == .tooLate)
        #expect(try machine.step(once(at: 20, draft(.put("x", "1")))) == committed(20))
        #expect(try machine.step(once(at: 40, draft(.delete("x")))) == committed(40))
        #expect(try machine.step(collect(50)) == .done)
        // Nothing is left that would tell of the deletion.
        #expect(try machine.last("x") == nil)
        #expect(try machine.step(once(at: 60, draft(start: 20, reads: ["x"], .put("y", "1")))) == .tooOld)
        #expect(try machine.step(prepare(1, primary: "y", draft(start: 20, reads: ["x"], .put("y", "1")))) == .tooOld)
        #expect(try machine.step(once(at: 45, draft(.put("x", "2")))) == needsNewer("x"))
    }

    @Test("It is refused where its keys are not the partition's, or its epoch is another")
    func partitions() throws {
        #expect(try machine.step(once(at: 5, epoch: 1, draft(.put("a", "1")))) == .wrongPartition(epoch: 0))
        #expect(try machine.step(describe("b", "m", epoch: 3)) == .done)
        #expect(try machine.step(describe("b", "m", epoch: 3)) == .done)
        #expect(try machine.step(describe("b", "f", epoch: 3)) == .wrongPartition(epoch: 3))
        #expect(try machine.step(describe("b", "f", epoch: 5)) == .wrongPartition(epoch: 3))
        #expect(try machine.step(describe("b", "f", epoch: 4, PartitionID(1))) == .wrongPartition(epoch: 3))
        #expect(try machine.step(once(at: 10, epoch: 3, draft(.put("b", "1")))) == committed(10))
        for wrong in [
            once(at: 20, epoch: 2, draft(.put("b", "1"))), once(at: 20, epoch: 3, draft(.put("m", "1"))),
            once(at: 20, epoch: 3, draft(checks: [.isAbsent("a")])),
            once(at: 20, epoch: 3, draft(start: 15, ranges: [("c", "n")])),
            prepare(1, primary: "b", epoch: 2, draft(.put("b", "1"))),
            commit(1, primary: "m", at: 20, epoch: 3), decide(1, primary: "a"), settle(1, primary: "z"),
            resolve(1, anchor: "a", committed: nil),
        ] {
            #expect(try machine.step(wrong) == .wrongPartition(epoch: 3))
        }
        #expect(try machine.step(once(at: 20, epoch: 3, draft(start: 15, ranges: [("c", "m")]))) == committed(20))
        #expect(try machine.step(describe("b", "f", epoch: 4)) == .done)
        #expect(try machine.step(once(at: 30, epoch: 3, draft(.put("b", "1")))) == .wrongPartition(epoch: 4))
        #expect(machine.facts.descriptor?.range == KeyRange(bytes("b"), bytes("f")))
    }

    @Test("A partition that has not reached an epoch yet does not take place later what it has turned down")
    func wrongPartitionIsFinal() throws {
        try machine.step(describe("a", "m", epoch: 1))
        let wanted = once(at: 10, epoch: 2, draft(.put("b", "1")))
        #expect(try machine.step(wanted, id: 5, mintedAt: 0) == .wrongPartition(epoch: 1))
        try machine.step(describe("a", "f", epoch: 2))
        #expect(try machine.step(wanted, id: 5, mintedAt: 0) == .wrongPartition(epoch: 1))
        #expect(try machine.step(wanted, id: 6, mintedAt: 0) == committed(10))
    }

    @Test("Timestamps are reserved and never given back")
    func reservation() throws {
        #expect(try machine.step(.reserveTimestamps(below: Timestamp(100))) == .done)
        #expect(try machine.step(.reserveTimestamps(below: Timestamp(50))) == .done)
        #expect(machine.facts.reserved == Timestamp(100))
        #expect(try machine.reader.facts() == machine.facts)
    }
}
