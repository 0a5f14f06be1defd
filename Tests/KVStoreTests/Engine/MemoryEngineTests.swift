import KVStore
import Testing

@Suite("The engine of the simulation")
struct MemoryEngineTests {
    @Test("A flush through a write number keeps that write and those before it", arguments: 0...4)
    func flushThrough(number: UInt64) throws {
        let disk = MemoryDisk()
        let engine = try MemoryEngine(disk, directory: "data")
        for letter in letters("abcd") { try engine.put([letter]) }
        #expect(engine.writeNumber == 4)
        #expect(engine.durableWriteNumber == 0)
        try engine.flush(through: number)
        #expect(engine.durableWriteNumber == number)
        try engine.flush(through: number / 2)
        #expect(engine.durableWriteNumber == number)
        #expect(try engine.contents() == letters("abcd"))
        #expect(try engine.persistedText("a") == (number >= 1 ? "a" : nil))
        engine.crash()
        let next = try MemoryEngine(disk, directory: "data")
        #expect(try next.contents() == Array(letters("abcd").prefix(Int(number))))
        #expect(next.writeNumber == 0)
    }

    @Test("A crashed engine does nothing any more, and does not disturb its successor")
    func crashed() throws {
        let disk = MemoryDisk()
        let engine = try MemoryEngine(disk, directory: "data")
        try engine.put(letters("a"))
        var snapshot: (any EngineSnapshot)? = try engine.snapshot()
        engine.crash()
        engine.crash()
        let next = try MemoryEngine(disk, directory: "data")
        #expect(try snapshot?.contents() == letters("a"))
        snapshot = nil
        #expect(throws: EngineError.locked("data")) { try MemoryEngine(disk, directory: "data") }
        #expect(throws: EngineError.closed) { try engine.put(letters("b")) }
        #expect(throws: EngineError.closed) { try engine.flush() }
        #expect(try next.contents() == [])
    }

    @Test("An engine that is released without being closed gives its directory back")
    func released() throws {
        let disk = MemoryDisk()
        var engine: MemoryEngine? = try MemoryEngine(disk, directory: "data")
        try engine?.put(letters("a"))
        try engine?.flush()
        engine = nil
        #expect(try MemoryEngine(disk, directory: "data").contents() == letters("a"))
        disk.remove("data")
        #expect(try MemoryEngine(disk, directory: "data").contents() == [])
    }

    @Test("Empty batches are no step of the history; ingestions are")
    func numbering() throws {
        let engine = try MemoryEngine(MemoryDisk(), directory: "data")
        try engine.write(WriteBatch())
        #expect(engine.writeNumber == 0)
        try engine.put(letters("ab"))
        try engine.replace(range("a", "b"), by: [])
        #expect(engine.writeNumber == 2)
        #expect(engine.durableWriteNumber == 2)
    }
}
