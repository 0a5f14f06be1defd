import KVStore
import Testing

@Suite("Engines: range deletion")
struct EngineRangeTests {
    @Test("The lower end goes, the upper end stays", arguments: EngineKind.allCases, [false, true])
    func borders(kind: EngineKind, flushed: Bool) throws {
        let engine = try EngineFixture(kind).engine
        try engine.put(letters("abcde"))
        if flushed { try engine.flush() }
        try engine.delete(range("b", "d"))
        #expect(try engine.contents() == letters("ade"))
        #expect(try engine.reversedContents() == letters("eda"))
        #expect(try engine.text("c") == nil)
        #expect(try engine.text("d") == "d")
    }

    @Test("Ends need not be keys that are there", arguments: EngineKind.allCases)
    func gaps(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        try engine.put([Pair("a", "1"), Pair("ab", "2"), Pair("b", "3"), Pair("ba", "4")])
        try engine.delete(KeyRange(bytes("a") + [0], bytes("b") + [0]))
        #expect(try engine.contents() == [Pair("a", "1"), Pair("ba", "4")])
    }

    @Test("An empty range deletes nothing", arguments: EngineKind.allCases)
    func empty(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        try engine.put(letters("abc"))
        try engine.delete(range("b", "b"))
        #expect(try engine.contents() == letters("abc"))
    }

    @Test("A range may begin with the empty key", arguments: EngineKind.allCases)
    func fromTheBeginning(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        try engine.put([Pair("", "empty")] + letters("ab"))
        try engine.delete(range("", "b"))
        #expect(try engine.contents() == letters("b"))
    }

    @Test("Keys come back when they are put again, over crash and compaction", arguments: EngineKind.allCases)
    func putAgain(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        for round in 0..<6 {
            try fixture.engine.put(letters("abcdef"))
            try fixture.engine.flush()
            try fixture.engine.delete(range("a", "f"))
            try fixture.engine.put("c", "\(round)")
            try fixture.engine.flush()
            try fixture.crash()
            #expect(try fixture.engine.contents() == [Pair("c", "\(round)"), Pair("f", "f")])
        }
    }
}
