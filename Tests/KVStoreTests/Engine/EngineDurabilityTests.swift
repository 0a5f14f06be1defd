import KVStore
import Testing

@Suite("Engines: what survives")
struct EngineDurabilityTests {
    @Test("A crash loses what was not flushed, and nothing else", arguments: EngineKind.allCases)
    func crash(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        try fixture.engine.put("kept", "1")
        try fixture.engine.put("changed", "old")
        try fixture.engine.flush()
        try fixture.engine.put("lost", "1")
        try fixture.engine.put("changed", "new")
        try fixture.engine.delete("kept")
        try fixture.crash()
        #expect(try fixture.engine.contents() == [Pair("changed", "old"), Pair("kept", "1")])
        try fixture.engine.put("after", "1")
        try fixture.engine.flush()
        try fixture.crash()
        #expect(try fixture.engine.contents() == [Pair("after", "1"), Pair("changed", "old"), Pair("kept", "1")])
    }

    @Test("A crash of an engine that was never flushed leaves an empty one", arguments: EngineKind.allCases)
    func crashOfNew(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        try fixture.engine.put("a", "1")
        try fixture.crash()
        #expect(try fixture.engine.contents() == [])
    }

    @Test("Closing flushes nothing", arguments: EngineKind.allCases)
    func close(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        try fixture.engine.put("a", "1")
        try fixture.engine.flush()
        try fixture.engine.put("b", "1")
        try fixture.reopen()
        #expect(try fixture.engine.contents() == [Pair("a", "1")])
    }

    @Test("The persisted value follows the flushes, not the writes", arguments: EngineKind.allCases)
    func persistedValue(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        #expect(try fixture.engine.persistedText("applied") == nil)
        try fixture.engine.put("applied", "1")
        #expect(try fixture.engine.text("applied") == "1")
        #expect(try fixture.engine.persistedText("applied") == nil)
        try fixture.engine.flush()
        #expect(try fixture.engine.persistedText("applied") == "1")
        try fixture.engine.put("applied", "2")
        #expect(try fixture.engine.persistedText("applied") == "1")
        try fixture.crash()
        #expect(try fixture.engine.persistedText("applied") == "1")
        try fixture.engine.put("applied", "3")
        #expect(try fixture.engine.persistedText("applied") == "1")
        try fixture.engine.flush()
        #expect(try fixture.engine.persistedText("applied") == "3")
    }

    @Test("Deletions too reach the persisted value only when flushed", arguments: EngineKind.allCases)
    func persistedDeletion(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        try engine.put(letters("ab"))
        try engine.flush()
        try engine.delete("a")
        try engine.delete(range("b", "c"))
        #expect(try engine.contents() == [])
        #expect(try engine.persistedText("a") == "a")
        #expect(try engine.persistedText("b") == "b")
        try engine.flush()
        #expect(try engine.persistedText("a") == nil)
        #expect(try engine.persistedText("b") == nil)
    }

    @Test("An open engine's directory is taken; a closed engine refuses everything", arguments: EngineKind.allCases)
    func directories(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        let error = try #require(throws: EngineError.self) { try fixture.openAgain() }
        guard case .locked = error else {
            Issue.record("opening twice was refused with \(error)")
            return
        }
        let engine = fixture.engine
        try engine.close()
        #expect(throws: EngineError.closed) { try engine.close() }
        #expect(throws: EngineError.closed) { try engine.put("a", "1") }
        #expect(throws: EngineError.closed) { try engine.value(of: []) }
        #expect(throws: EngineError.closed) { try engine.persistedValue(of: []) }
        #expect(throws: EngineError.closed) { try engine.iterator() }
        #expect(throws: EngineError.closed) { try engine.snapshot() }
        #expect(throws: EngineError.closed) { try engine.makeSortedFile() }
        #expect(throws: EngineError.closed) { try engine.flush() }
        #expect(throws: EngineError.closed) { try engine.checkpoint(into: fixture.path("copy")) }
        try fixture.openAgain().close()
    }

    @Test("An engine in use cannot be closed", arguments: EngineKind.allCases)
    func inUse(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        try engine.put("a", "1")
        expectInUse(engine, by: try engine.snapshot())
        expectInUse(engine, by: try engine.iterator())
        expectInUse(engine, by: try engine.makeSortedFile())
        #expect(try engine.text("a") == "1")
        try engine.close()
    }

    private func expectInUse(_ engine: any Engine, by user: AnyObject) {
        _ = withExtendedLifetime(user) {
            #expect(throws: EngineError.inUse) { try engine.close() }
        }
    }
}
