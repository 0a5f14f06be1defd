import KVStore
import Testing

@Suite("Engines: iterators")
struct EngineIteratorTests {
    /// Entries b, d, f, h: half of them flushed, half of them not.
    private func makeEngine(_ kind: EngineKind) throws -> any Engine {
        let engine = try EngineFixture(kind).engine
        try engine.put(letters("bf"))
        try engine.flush()
        try engine.put(letters("dh"))
        return engine
    }

    @Test("Forwards and backwards, over all keys and over a range", arguments: EngineKind.allCases)
    func directions(kind: EngineKind) throws {
        let engine = try makeEngine(kind)
        #expect(try engine.contents() == letters("bdfh"))
        #expect(try engine.reversedContents() == letters("hfdb"))
        #expect(try engine.contents(range("d", "h")) == letters("df"))
        #expect(try engine.reversedContents(range("d", "h")) == letters("fd"))
        #expect(try engine.contents(range("c", "g")) == letters("df"))
        #expect(try engine.reversedContents(range("a", "z")) == letters("hfdb"))
        #expect(try engine.contents(range("i", "z")) == [])
        #expect(try engine.reversedContents(range("a", "b")) == [])
        #expect(try engine.contents(range("d", "d")) == [])
        #expect(try engine.contents(range("", "c")) == letters("b"))
    }

    @Test(
        "A seek finds the nearest key of the range, in the direction asked for",
        arguments: EngineKind.allCases,
        [
            ("a", "d", nil), ("c", "d", nil), ("d", "d", "d"), ("e", "f", "d"), ("f", "f", "f"),
            ("g", nil, "f"), ("h", nil, "f"), ("z", nil, "f"), ("", "d", nil),
        ] as [(String, String?, String?)]
    )
    func seeks(kind: EngineKind, seek: (key: String, after: String?, before: String?)) throws {
        let iterator = try makeEngine(kind).iterator(over: range("c", "h"))
        try #require(try iterator.seek(atOrAfter: bytes(seek.key)) == (seek.after != nil))
        if let after = seek.after { #expect(iterator.key == bytes(after)) }
        try #require(try iterator.seek(atOrBefore: bytes(seek.key)) == (seek.before != nil))
        if let before = seek.before { #expect(iterator.value == bytes(before)) }
    }

    @Test("It can turn round at every entry", arguments: EngineKind.allCases)
    func turning(kind: EngineKind) throws {
        let iterator = try makeEngine(kind).iterator()
        try #require(try iterator.seekToFirst())
        try #require(try iterator.next())
        #expect(iterator.key == bytes("d"))
        try #require(try iterator.previous())
        #expect(iterator.key == bytes("b"))
        #expect(try !iterator.previous())
        try #require(try iterator.seekToLast())
        #expect(iterator.key == bytes("h"))
        #expect(try !iterator.next())
        try #require(try iterator.seek(atOrBefore: bytes("e")))
        try #require(try iterator.next())
        #expect(iterator.key == bytes("f"))
    }

    @Test("Writes while it lives do not change what it sees", arguments: EngineKind.allCases)
    func writesMeanwhile(kind: EngineKind) throws {
        let engine = try makeEngine(kind)
        let iterator = try engine.iterator()
        try #require(try iterator.seekToFirst())
        try engine.put(letters("ace"))
        try engine.put("d", "changed")
        try engine.delete(range("f", "z"))
        try engine.replace(range("a", "c"), by: [Pair("b", "replaced")])
        try engine.flush()
        var seen: [Pair] = []
        repeat { seen.append(Pair(iterator.key, iterator.value)) } while try iterator.next()
        #expect(seen == letters("bdfh"))
        #expect(try engine.contents() == [Pair("b", "replaced"), Pair("c", "c"), Pair("d", "changed"), Pair("e", "e")])
    }

    @Test("Over an engine without entries it stands nowhere", arguments: EngineKind.allCases)
    func nothing(kind: EngineKind) throws {
        let iterator = try EngineFixture(kind).engine.iterator()
        #expect(try !iterator.seekToFirst())
        #expect(try !iterator.seekToLast())
        #expect(try !iterator.seek(atOrAfter: []))
        #expect(try !iterator.seek(atOrBefore: [255]))
    }
}
