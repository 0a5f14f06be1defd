import Testing

@testable import KVStore

@Suite("Write batches")
struct WriteBatchTests {
    @Test("Operations are read back as they were added, whatever their length")
    func roundTrip() {
        var batch = WriteBatch()
        var expected: [WriteBatch.Operation] = []
        for count in [0, 1, 127, 128, 129, 16_383, 16_384, 70_000] {
            let string = [UInt8](repeating: 200, count: count)
            batch.put(string, string + [1])
            batch.delete(string)
            batch.delete(KeyRange(string, string + [0]))
            expected += [.put(string, string + [1]), .delete(string), .deleteRange(KeyRange(string, string + [0]))]
        }
        #expect(Array(batch.operations) == expected)
        #expect(batch.count == expected.count)
        #expect(batch.sizeBytes == batch.bytes.count)
    }

    @Test("The encoding is the one drawn above the type")
    func encoding() {
        var batch = WriteBatch()
        batch.put([7], [8, 9])
        batch.delete([])
        batch.delete(KeyRange([1], [2]))
        batch.delete(KeyRange([1], [1]))
        #expect(batch.bytes == [0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 1, 7, 2, 8, 9, 0, 0, 15, 1, 1, 1, 2])
    }

    @Test("An emptied batch is as good as a new one")
    func removeAll() throws {
        var batch = WriteBatch()
        batch.put([UInt8](repeating: 0, count: EngineLimits.keyBytes + 1), [])
        #expect(throws: EngineError.self) { try batch.checkLimits() }
        batch.removeAll()
        try batch.checkLimits()
        #expect(batch.isEmpty)
        #expect(batch.bytes == WriteBatch().bytes)
    }
}
