import KVStore
import Testing

@Suite("Engines: checkpoints")
struct EngineCheckpointTests {
    @Test("A checkpoint holds what was written before it, and goes its own way", arguments: EngineKind.allCases)
    func content(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        try fixture.engine.put(letters("ab"))
        try fixture.engine.flush()
        try fixture.engine.put(letters("c"))
        try fixture.engine.checkpoint(into: fixture.path("copy"))
        try fixture.engine.delete(range("a", "c"))
        try fixture.engine.flush()

        let copy = try fixture.open(beside: "copy")
        #expect(try copy.contents() == letters("abc"))
        try copy.put(letters("z"))
        try copy.flush()
        try copy.close()
        #expect(try fixture.engine.contents() == letters("c"))
        #expect(try fixture.open(beside: "copy").contents() == letters("abcz"))
    }

    @Test("What a checkpoint holds is durable in the engine too", arguments: EngineKind.allCases)
    func durability(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        try fixture.engine.put(letters("a"))
        try fixture.engine.checkpoint(into: fixture.path("copy"))
        #expect(try fixture.engine.persistedText("a") == "a")
        try fixture.engine.put(letters("b"))
        try fixture.crash()
        #expect(try fixture.engine.contents() == letters("a"))
    }

    @Test("A directory that exists is left alone", arguments: EngineKind.allCases)
    func exists(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        try fixture.engine.put(letters("a"))
        try fixture.engine.checkpoint(into: fixture.path("copy"))
        try fixture.engine.put(letters("b"))
        #expect(throws: EngineError.exists(fixture.path("copy"))) {
            try fixture.engine.checkpoint(into: fixture.path("copy"))
        }
        #expect(try fixture.open(beside: "copy").contents() == letters("a"))
    }
}
