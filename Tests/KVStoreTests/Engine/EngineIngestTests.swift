import KVStore
import Testing

@Suite("Engines: ingestion")
struct EngineIngestTests {
    @Test("A range is replaced, with the applied index outside of it", arguments: EngineKind.allCases, [false, true])
    func replacing(kind: EngineKind, flushed: Bool) throws {
        let fixture = try EngineFixture(kind)
        try fixture.engine.put([Pair("!applied", "7")] + letters("abcdef"))
        if flushed { try fixture.engine.flush() }
        let before = try fixture.engine.snapshot()
        try fixture.engine.replace(range("b", "e"), by: [Pair("!applied", "90"), Pair("bb", "new"), Pair("d", "new")])
        let expected =
            [Pair("!applied", "90"), Pair("a", "a"), Pair("bb", "new"), Pair("d", "new")] + letters("ef")
        #expect(try fixture.engine.contents() == expected)
        #expect(try fixture.engine.reversedContents() == expected.reversed())
        #expect(try fixture.engine.text("c") == nil)
        #expect(try fixture.engine.persistedText("!applied") == "90")
        #expect(try before.contents() == [Pair("!applied", "7")] + letters("abcdef"))
        try fixture.crash()
        #expect(try fixture.engine.contents() == expected)
    }

    @Test("It makes earlier writes durable, also those to other keys", arguments: EngineKind.allCases)
    func earlierWrites(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        try fixture.engine.put(letters("az"))
        try fixture.engine.replace(range("m", "n"), by: letters("m"))
        try fixture.engine.put("b", "lost")
        try fixture.crash()
        #expect(try fixture.engine.contents() == letters("amz"))
    }

    @Test("Deletions go before entries, whichever was called first", arguments: EngineKind.allCases)
    func order(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        try engine.put(letters("abc"))
        let file = try engine.makeSortedFile()
        try file.put(bytes("b"), bytes("new"))
        try file.delete(range("b", "z"))
        try file.delete(range("a", "b"))
        try file.delete(range("a", "a"))
        try file.finish()
        try engine.ingest(file)
        #expect(try engine.contents() == [Pair("b", "new")])
    }

    @Test("Later writes override it, and it overrides earlier ones", arguments: EngineKind.allCases)
    func history(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        for round in 0..<5 {
            try fixture.engine.put(letters("abc"))
            try fixture.engine.replace(range("a", "c"), by: [Pair("a", "\(round)")])
            #expect(try fixture.engine.contents() == [Pair("a", "\(round)"), Pair("c", "c")])
            try fixture.engine.delete("a")
            try fixture.engine.put("b", "\(round)")
            #expect(try fixture.engine.contents() == [Pair("b", "\(round)"), Pair("c", "c")])
            try fixture.crash()
            #expect(try fixture.engine.contents() == [Pair("a", "\(round)"), Pair("c", "c")])
        }
    }

    @Test("A file may only delete, or only add", arguments: EngineKind.allCases)
    func halves(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        try fixture.engine.put(letters("abc"))
        let deletion = try fixture.engine.makeSortedFile()
        try deletion.delete(range("a", "c"))
        try deletion.finish()
        try fixture.engine.ingest(deletion)
        #expect(try fixture.engine.contents() == letters("c"))
        let addition = try fixture.engine.makeSortedFile()
        try addition.put([], [])
        try addition.put(bytes("b"), bytes("b"))
        try addition.finish()
        try fixture.engine.ingest(addition)
        try fixture.crash()
        #expect(try fixture.engine.contents() == [Pair("", "")] + letters("bc"))
    }

    @Test("Keys must ascend, and a file must hold something", arguments: EngineKind.allCases)
    func refusals(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        let file = try engine.makeSortedFile()
        try file.put(bytes("b"), [])
        #expect(throws: EngineError.outOfOrder) { try file.put(bytes("b"), []) }
        #expect(throws: EngineError.outOfOrder) { try file.put(bytes("a"), []) }
        let empty = try engine.makeSortedFile()
        try empty.delete(range("a", "a"))
        #expect(throws: EngineError.emptyFile) { try empty.finish() }
        #expect(try engine.contents() == [])
    }

    @Test("What was built and not ingested is not there, before and after a crash", arguments: EngineKind.allCases)
    func abandoned(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        try fixture.engine.put(letters("a"))
        try fixture.engine.flush()
        let finished = try fixture.engine.makeSortedFile()
        try finished.put(bytes("b"), [])
        try finished.finish()
        let unfinished = try fixture.engine.makeSortedFile()
        try unfinished.put(bytes("c"), [])
        #expect(try fixture.engine.contents() == letters("a"))
        try fixture.crash()
        #expect(try fixture.engine.contents() == letters("a"))
        try fixture.engine.replace(range("a", "b"), by: letters("d"))
        #expect(try fixture.engine.contents() == letters("d"))
    }

    @Test("Ten thousand entries replace ten thousand", arguments: EngineKind.allCases)
    func many(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind, writeBufferBytes: 64 << 10)
        func pairs(_ value: String, by step: Int) -> [Pair] {
            stride(from: 0, to: 20_000, by: step).map { Pair("k\(100_000 + $0)", value) }
        }
        for chunk in pairs("old", by: 2).reversed() { try fixture.engine.put([chunk]) }
        try fixture.engine.replace(range("k", "l"), by: pairs("new", by: 3))
        #expect(try fixture.engine.contents() == pairs("new", by: 3))
        try fixture.crash()
        #expect(try fixture.engine.reversedContents() == pairs("new", by: 3).reversed())
    }
}
