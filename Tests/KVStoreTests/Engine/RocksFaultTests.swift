import FoundationEssentials
import Testing

@testable import KVStore

@Suite("The RocksDB engine and a disk that fails")
struct RocksFaultTests {
    @Test("Damage in a table file is reported, not returned")
    func corruption() throws {
        let fixture = try EngineFixture(.rocks)
        try fixture.engine.put(letters("abc"))
        try fixture.engine.flush()
        try fixture.engine.close()
        let directory = fixture.path("data")
        let tables = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".sst") }
        let table = URL(filePath: "\(directory)/\(try #require(tables.first))")
        var content = try Data(contentsOf: table)
        content[5] ^= 1
        try content.write(to: table)

        let engine = try fixture.openAgain()
        expectCorruption { _ = try engine.value(of: bytes("a")) }
        expectCorruption { _ = try engine.contents() }
        expectCorruption { _ = try engine.reversedContents() }
    }

    @Test("After a failed flush the engine takes no more writes, and says why")
    func failedFlush() throws {
        let fixture = try EngineFixture(.rocks)
        try fixture.engine.put(letters("a"))
        try FileManager.default.removeItem(atPath: fixture.path("data"))
        expectInputOutputError { try fixture.engine.flush() }
        expectInputOutputError { try fixture.engine.put(letters("b")) }
        expectInputOutputError { try fixture.engine.flush() }
        #expect(try fixture.engine.text("a") == "a")
        #expect(try fixture.engine.persistedText("a") == nil)
    }

    @Test("Sorted files that a dead process has left are removed")
    func leftovers() throws {
        let fixture = try EngineFixture(.rocks)
        let file = try fixture.engine.makeSortedFile()
        try file.put([1], [2])
        try file.finish()
        try fixture.crash()
        let left = try FileManager.default.contentsOfDirectory(atPath: fixture.path("data-1/sorted-files"))
        #expect(left == [])
        let original = try FileManager.default.contentsOfDirectory(atPath: fixture.path("data/sorted-files"))
        #expect(original == ["1.sst"])
        withExtendedLifetime(file) {}
    }

    @Test(
        "That there is no room is heard in whatever words RocksDB says it",
        arguments: [
            "IO error: No space left on device: While appending to file: data/000012.sst: No space left on device",
            // Of writes that wait for a compaction which finds no room.
            "Result incomplete: IO error: No space left on device: While appending to file: data/000012.sst",
            "IO error: Max allowed space was reached",
        ]
    )
    func noRoom(text: String) {
        #expect(EngineError(rocksDB: text) == .noSpace(text))
    }

    private func expectCorruption(_ body: () throws -> Void) {
        do {
            try body()
            Issue.record("nothing was reported")
        } catch EngineError.corruption {
        } catch {
            Issue.record("reported as \(error)")
        }
    }

    private func expectInputOutputError(_ body: () throws -> Void) {
        do {
            try body()
            Issue.record("nothing was reported")
        } catch EngineError.inputOutput {
        } catch {
            Issue.record("reported as \(error)")
        }
    }
}
