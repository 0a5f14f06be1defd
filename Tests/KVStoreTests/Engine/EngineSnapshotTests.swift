import KVStore
import Testing

@Suite("Engines: snapshots")
struct EngineSnapshotTests {
    @Test("A snapshot stays as it was", arguments: EngineKind.allCases)
    func isolation(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        try engine.put(letters("abc"))
        let snapshot = try engine.snapshot()
        try engine.put("a", "changed")
        try engine.delete("b")
        try engine.put("d", "d")
        let later = try engine.snapshot()
        try engine.delete(range("a", "z"))
        try engine.replace(range("a", "z"), by: letters("x"))
        try engine.flush()

        #expect(try snapshot.contents() == letters("abc"))
        #expect(try snapshot.reversedContents() == letters("cba"))
        #expect(try snapshot.text("a") == "a")
        #expect(try snapshot.text("d") == nil)
        #expect(try snapshot.contents(range("b", "c")) == letters("b"))
        #expect(try later.contents() == [Pair("a", "changed"), Pair("c", "c"), Pair("d", "d")])
        #expect(try engine.contents() == letters("x"))
    }

    @Test("An iterator keeps its snapshot's state when the snapshot is released", arguments: EngineKind.allCases)
    func iteratorOutlivesSnapshot(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        try engine.put(letters("ab"))
        let iterator = try engine.snapshot().iterator()
        try engine.delete(range("a", "z"))
        try engine.flush()
        try #require(try iterator.seekToLast())
        #expect(iterator.key == bytes("b"))
        try #require(try iterator.previous())
        #expect(iterator.value == bytes("a"))
    }

    @Test("Readers on many threads never see half a batch", arguments: EngineKind.allCases)
    func threads(kind: EngineKind) async throws {
        let engine = try EngineFixture(kind).engine
        try engine.put([Pair("left", "0"), Pair("right", "0")])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for round in 1...400 {
                    try engine.put([Pair("left", "\(round)"), Pair("right", "\(round)")])
                    if round % 100 == 0 { try engine.flush() }
                }
            }
            for _ in 0..<2 {
                group.addTask {
                    for _ in 0..<400 {
                        let snapshot = try engine.snapshot()
                        #expect(try snapshot.text("left") == snapshot.text("right"))
                        let values = try engine.contents().map(\.value)
                        #expect(values.count == 2 && values.first == values.last)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try engine.text("left") == "400")
    }
}
