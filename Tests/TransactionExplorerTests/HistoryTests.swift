import Testing

@testable import KVStore
@testable import TransactionExplorer

/// Orders of events that went wrong in other stores, or would in this one if it had one rule less. The patches in
/// `Tests/Mutations/Transactions` take the rules out, one at a time; exploring finds these histories again then.
@Suite("Transactions: histories")
struct HistoryTests {
    @Test("A single read waits for who had his timestamp before it came")
    func singleReadsWait() throws {
        var scenario = Scenario.singleReads
        scenario.grain.delaysTimestamps = true
        var script = Script(scenario)
        try script.play(
            """
            V one round at P1
            time for V one round at P1
            time for T to begin
            W one round at P1
            time for W one round at P1
            W one round at P1 gets its time
            P1 applies W one round at P1
            R reads
            confirmed: R reads
            S reads
            confirmed: S reads
            """
        )
        #expect(script.seen("b", by: "R") == "W")
        #expect(script.outcome(of: "S") == nil, "V lies before W, and is not applied")
        try script.play(
            """
            V one round at P1 gets its time
            P1 applies V one round at P1
            T reads at P1
            confirmed: T reads at P1
            """
        )
        #expect(script.seen("a", by: "S") == "V")
        #expect(script.seen("a", by: "T") == "V" && script.seen("b", by: "T") == nil)
        script.finish()
    }

    @Test("Who reads a counter and who adds to it are in each other's way")
    func readersAndAdders() throws {
        var script = Script(.counterRead)
        try script.play(
            """
            time for V to begin
            V reads at P1
            V prepare at P1
            P1 applies V prepare at P1
            W prepare at P2
            P2 applies W prepare at P2
            V prepare at P2
            W prepare at P1
            """
        )
        #expect(!script.isPossible("P1 applies W prepare at P1") && !script.isPossible("P2 applies V prepare at P2"))
        script.finish()
        #expect(script.commit(of: "V") != nil)
        #expect(script.outcome(of: "W") == .failed(.conflict(key: key("c"))), "the younger one gives way")
    }

    @Test("An oracle that was deposed answers nobody, not even who asked before its successor began")
    func deposedOracle() throws {
        var world = OracleWorld(callers: 2, leaders: 1, resends: 0)
        func play(_ lines: String) throws {
            for line in lines.split(separator: "\n") {
                let choice = world.choices.first { $0.description == line }
                world.take(try #require(choice, "not possible: \(line)"))
            }
        }
        try play(
            """
            caller 1 wants a timestamp
            desk 1 asks
            question 1 of desk 1 comes to the oracle
            the round ends
            another leads the meta partition, keeping 1
            caller 2 wants a timestamp
            desk 2 asks
            question 1 of desk 2 comes to the oracle
            """
        )
        let isStale = world.choices.contains { $0.description == "the deposed oracle's round ends" }
        #expect(!isStale, "a round that began before it was deposed may serve who asked before")
        try play(
            """
            the meta partition applies an entry
            the meta partition applies an entry
            the round ends
            the meta partition applies an entry
            """
        )
        #expect(world.violation == nil)
    }

    @Test("What was proposed in another term is refused: somebody may have read above its timestamp")
    func proposedInAnotherTerm() throws {
        var script = Script(.lostLeader)
        try script.play(
            """
            V one round at P1
            time for V one round at P1
            V one round at P1 gets its time
            P1 gets another leader, keeping 0
            P1 applies no-op
            time for R to begin
            R reads at P1
            confirmed: R reads at P1
            P1 proposes once more: V one round at P1
            P1 applies V one round at P1 once more
            """
        )
        #expect(script.seen("a", by: "R") == nil && script.stored("a") == nil)
        script.finish()
        let commit = try #require(script.commit(of: "V"))
        #expect(commit > script.start(of: "R") ?? .max)
    }

    @Test("Latches cover what is read")
    func latchesCoverReads() throws {
        var script = Script(.readOneWriteOther)
        try script.play(
            """
            time for V to begin
            V reads at P1
            V one round at P1
            W one round at P1
            """
        )
        #expect(!script.isPossible("time for W one round at P1"), "it would get a timestamp before it is its turn")
        script.finish()
        let (reader, writer) = (try #require(script.commit(of: "V")), try #require(script.commit(of: "W")))
        #expect(reader < writer)
    }

    @Test("A record stays until every participant has resolved it")
    func recordsStay() throws {
        var script = Script(.collectedRecords)
        try script.play(
            """
            V prepare at P1
            V prepare at P2
            time for V to commit
            V commit at P1
            """
        )
        #expect(script.commit(of: "V") != nil)
        try script.play(
            """
            P1 collects
            time passes
            W one round at P2
            """
        )
        script.finish()
        let (first, second) = (try #require(script.commit(of: "V")), try #require(script.commit(of: "W")))
        #expect(first < second && script.stored("a") == "V" && script.stored("x", at: first) == "V")
    }

    @Test("A copy of what has committed finds that out, however its partition has changed since")
    func outcomesSurviveMoves() throws {
        var script = Script(.movedPartition)
        try script.play(
            """
            V one round at P1
            again: V one round at P1
            time for V one round at P1
            P1 applies V one round at P1
            P1 moves
            P1 applies description
            V one round at P1 again
            """
        )
        script.finish()
        #expect(script.commit(of: "V") != nil && script.trial(of: "V") == 1)
        #expect(script.stored("c") == "2")
    }

    @Test("Who is told that nothing has happened was barred from happening")
    func barred() throws {
        var script = Script(.unknownOutcome)
        try script.play(
            """
            given up: V one round at P1
            V bars itself at P1
            P1 applies V bars itself at P1
            """
        )
        #expect(script.trial(of: "V") == 2)
        try script.play(
            """
            V one round at P1
            time for V one round at P1
            P1 applies V one round at P1
            """
        )
        #expect(script.stored("c") == nil)
        script.finish()
        #expect(script.commit(of: "V") != nil && script.stored("c") == "1")
    }

    @Test("What is locked while it is read stays as it is, however many want to write it")
    func lockedReads() throws {
        var script = Script(
            Scenario("hot", "", [.lockAndAppend("V", to: "a"), .write("W", put("a", "W")), .write("X", put("a", "X"))])
        )
        try script.play(
            """
            V locks 1
            P1 applies V locks 1
            W one round at P1
            X one round at P1
            V reads its lock 1
            confirmed: V reads its lock 1
            V prepare at P1
            P1 applies V prepare at P1
            time for V to commit
            V commit at P1
            P1 applies V commit at P1
            """
        )
        let commit = try #require(script.commit(of: "V"))
        script.finish()
        #expect(commit < script.commit(of: "W") ?? .zero && commit < script.commit(of: "X") ?? .zero)
        #expect(script.stored("a", at: commit) == "V")
    }

    @Test("Who has read below the safe point commits nothing: what has changed since may be collected")
    func safePoint() throws {
        var script = Script(.collectedTombstone)
        try script.play(
            """
            time for V to begin
            V reads at P1
            confirmed: V reads at P1
            W one round at P1
            time for W one round at P1
            P1 applies W one round at P1
            P1 collects
            P1 applies collection
            V one round at P1
            time for V one round at P1
            P1 applies V one round at P1
            """
        )
        #expect(script.outcome(of: "V") == .failed(.snapshotTooOld))
        #expect(script.stored("a") == nil)
        script.finish()
    }

    @Test("What is taken is taken for as long as it is not decided")
    func escrow() throws {
        var script = Script(.escrow)
        try script.play(
            """
            V prepare at P1
            P1 applies V prepare at P1
            W one round at P1
            time for W one round at P1
            P1 applies W one round at P1
            """
        )
        #expect(script.outcome(of: "W") == nil)
        #expect(script.stored("c") == "5")
        script.finish()
        let (bounded, unbounded) = (try #require(script.commit(of: "V")), try #require(script.commit(of: "W")))
        #expect(bounded < unbounded && script.stored("c", at: bounded) == "0" && script.stored("c") == "-1")
    }

    @Test("What is pending only makes nobody hear that all is gone")
    func noFalseRefusal() throws {
        var script = Script(.escrowAbandoned)
        try script.play(
            """
            V prepare at P1
            W one round at P1
            time for W one round at P1
            V crashes
            """
        )
        #expect(script.outcome(of: "W") == nil)
        script.finish()
        #expect(script.commit(of: "W") != nil && script.stored("c") == "0")
    }

    @Test("What was put in and told can be taken out, wherever its participants are")
    func toldTopUp() throws {
        var script = Script(.escrowAfterTopUp)
        try script.play(
            """
            V prepare at P1
            P1 applies V prepare at P1
            V prepare at P2
            P2 applies V prepare at P2
            time for V to commit
            V commit at P1
            P1 applies V commit at P1
            W one round at P2
            """
        )
        #expect(script.commit(of: "V") != nil)
        script.finish()
        #expect(script.commit(of: "W") != nil && script.stored("x") == "0")
    }

    @Test("Who is older and waits at his primary is not ended by who waits for him elsewhere, before his time is over")
    func olderWaits() throws {
        var script = Script(.olderWaits)
        try script.play(
            """
            U prepare at P1
            V prepare at P2
            V prepare at P1
            W one round at P2
            a moment passes
            """
        )
        script.finish()
        #expect(script.commit(of: "V") != nil && script.commit(of: "W") != nil)
    }

    @Test("A range that was validated is held: nobody inserts into it below the commit")
    func rangesAreHeld() throws {
        var script = Script(.scanAndInsert)
        try script.play(
            """
            time for V to begin
            V scans P1
            V prepare at P1
            V prepare at P2
            W one round at P1
            """
        )
        #expect(!script.isPossible("time for W one round at P1"))
        script.finish()
        let (scanner, inserter) = (try #require(script.commit(of: "V")), try #require(script.commit(of: "W")))
        #expect(scanner < inserter)
    }

    @Test("What comes late to a counter keeps its bound at its own moment and in every later version")
    func laterVersions() throws {
        var script = Script(.laterVersions)
        try script.play(
            """
            W one round at P1
            time for W one round at P1
            V prepare at P1
            P1 applies V prepare at P1
            V prepare at P2
            P2 applies V prepare at P2
            time for V to commit
            V commit at P1
            P1 applies V commit at P1
            W one round at P1 gets its time
            P1 applies W one round at P1
            """
        )
        #expect(script.isPossible("time for W one round at P1"), "it takes a newer timestamp")
        script.finish()
        let (putIn, takenOut) = (try #require(script.commit(of: "V")), try #require(script.commit(of: "W")))
        #expect(putIn < takenOut && script.stored("c", at: putIn) == "5" && script.stored("c") == "0")
    }

    @Test("A read at a timestamp waits at the leader for who may lie below it")
    func snapshotsWait() throws {
        var script = Script(.lateApplication)
        try script.play(
            """
            W one round at P1
            time for W one round at P1
            time for R to begin
            R reads at P1
            confirmed: R reads at P1
            """
        )
        #expect(script.outcome(of: "R") == nil)
        try script.play(
            """
            W one round at P1 gets its time
            P1 applies W one round at P1
            """
        )
        #expect(script.seen("a", by: "R") == "W")
        script.finish()
    }

    @Test("A new leader admits nobody before it has what its predecessor has prepared")
    func newLeaders() throws {
        var script = Script(.newLeader)
        try script.play(
            """
            time for V to begin
            V reads at P1
            V prepare at P1
            V prepare at P2
            P2 applies V prepare at P2
            P1 gets another leader, keeping 1
            W one round at P1
            """
        )
        #expect(!script.isPossible("time for W one round at P1"), "what V has read is held, but not applied here")
        script.finish()
        #expect(script.commit(of: "V") != nil && script.commit(of: "W") != nil)
    }
}
