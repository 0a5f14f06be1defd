import Testing

@testable import KVStore

@Suite("Latches")
struct LatchTableTests {
    @Test(
        "Shared goes with shared, additive with additive, nothing else",
        arguments: [
            (reading("k"), reading("k"), true), (adding(1, to: "k"), adding(2, to: "k"), true),
            (reading("k"), adding(1, to: "k"), false), (adding(1, to: "k"), reading("k"), false),
            (putting("k"), reading("k"), false), (reading("k"), putting("k"), false),
            (putting("k"), adding(1, to: "k"), false), (adding(1, to: "k"), putting("k"), false),
            (putting("k"), putting("k"), false), (putting("k"), putting("l"), true),
        ]
    )
    func compatibility(held: TransactionDraft, wanted: TransactionDraft, goTogether: Bool) {
        var latches = LatchTable()
        latches.acquire(Claims(of: held), for: 1)
        #expect((latches.conflict(with: Claims(of: wanted)) == nil) == goTogether)
    }

    @Test("A check is a read")
    func checks() {
        var latches = LatchTable()
        latches.acquire(Claims(of: TransactionDraft(checks: [.init(key: bytes("k"), .isAbsent)])), for: 1)
        #expect(latches.conflict(with: Claims(of: putting("k")))?.0 == 1)
        #expect(latches.conflict(with: Claims(of: reading("k"))) == nil)
    }

    @Test(
        "A range keeps every change out, and every change inside keeps a range out",
        arguments: [putting("b"), adding(1, to: "b"), TransactionDraft(changes: [.init(key: bytes("b"), .delete)])]
    )
    func ranges(change: TransactionDraft) {
        let scan = TransactionDraft(start: 1, ranges: [KeyRange(bytes("a"), bytes("c"))])
        var latches = LatchTable()
        latches.acquire(Claims(of: scan), for: 1)
        #expect(latches.conflict(with: Claims(of: change))?.0 == 1)
        #expect(latches.conflict(with: Claims(of: reading("b"))) == nil)
        #expect(latches.conflict(with: Claims(of: scan)) == nil)
        #expect(latches.conflict(with: Claims(of: putting("c"))) == nil)
        latches.release(1)
        latches.acquire(Claims(of: change), for: 2)
        #expect(latches.conflict(with: Claims(of: scan))?.0 == 2)
    }

    @Test("What is let go stands in nobody's way, and letting go what was not taken does no harm")
    func release() {
        var latches = LatchTable()
        latches.acquire(Claims(of: putting("k", "l")), for: 1)
        latches.release(2)
        #expect(latches.holds(1) && !latches.isEmpty)
        latches.release(1)
        #expect(latches.conflict(with: Claims(of: putting("k", "l"))) == nil && latches.isEmpty)
    }

    @Test("Who reads and writes a key at once is still in the way of those who add to it")
    func readAndAdd() {
        var draft = adding(1, to: "k")
        draft.start = 1
        draft.reads = [bytes("k")]
        var latches = LatchTable()
        latches.acquire(Claims(of: draft), for: 1)
        #expect(latches.conflict(with: Claims(of: adding(1, to: "k")))?.0 == 1)
        #expect(latches.conflict(with: Claims(of: draft))?.0 == 1)
    }

    @Test("Those who change one of many keys are named once, and readers are not")
    func changers() {
        var latches = LatchTable()
        latches.acquire(Claims(of: putting("k", "l")), for: 2)
        latches.acquire(Claims(of: reading("m")), for: 1)
        latches.acquire(Claims(of: adding(1, to: "n")), for: 3)
        #expect(latches.holders(changing: [bytes("n"), bytes("k"), bytes("l"), bytes("m")]) == [2, 3])
        #expect(latches.holders(changing: KeyRange(bytes("a"), bytes("m"))) == [2])
    }
}
