import KVStore
import Testing

@Suite("Engines: writes and point reads")
struct EngineWriteTests {
    @Test("A key has the value it was given last", arguments: EngineKind.allCases)
    func overwriting(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        #expect(try engine.text("a") == nil)
        try engine.put("a", "1")
        #expect(try engine.text("a") == "1")
        try engine.put("a", "2")
        #expect(try engine.text("a") == "2")
        try engine.delete("a")
        #expect(try engine.text("a") == nil)
        try engine.delete("a")
        #expect(try engine.contents() == [])
    }

    @Test("In a batch the later operation wins", arguments: EngineKind.allCases)
    func batchOrder(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        try engine.put(letters("abcd"))
        var batch = WriteBatch()
        batch.put(bytes("a"), bytes("lost"))
        batch.delete(range("a", "d"))
        batch.put(bytes("b"), bytes("new"))
        batch.put(bytes("c"), bytes("lost"))
        batch.delete(bytes("c"))
        batch.delete(bytes("e"))
        batch.put(bytes("e"), bytes("e"))
        try engine.write(batch)
        #expect(try engine.contents() == [Pair("b", "new"), Pair("d", "d"), Pair("e", "e")])
    }

    @Test("An empty batch changes nothing", arguments: EngineKind.allCases)
    func emptyBatch(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        try engine.put("a", "1")
        try engine.write(WriteBatch())
        #expect(try engine.contents() == [Pair("a", "1")])
    }

    @Test("Every byte string is a key and a value, and survives a crash once flushed", arguments: EngineKind.allCases)
    func oddStrings(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        let ascending: [[UInt8]] = [
            [], [0], [0, 0], [0, 255], [1], [127], [128], [255], [255, 0], [255, 255],
            [UInt8](repeating: 255, count: 300),
        ]
        let pairs = ascending.enumerated().map { Pair($1, ascending[ascending.count - 1 - $0]) }
        try fixture.engine.put(pairs.reversed())
        for _ in 0..<2 {
            #expect(try fixture.engine.contents() == pairs)
            #expect(try fixture.engine.reversedContents() == pairs.reversed())
            for pair in pairs { #expect(try fixture.engine.value(of: pair.key) == pair.value) }
            try fixture.engine.flush()
            try fixture.crash()
        }
    }

    @Test("An empty value is not a missing one", arguments: EngineKind.allCases)
    func emptyValue(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        try engine.put("a", "")
        #expect(try engine.value(of: bytes("a")) == [])
        #expect(try engine.withValue(of: bytes("a")) { $0.count } == 0)
        #expect(try engine.withValue(of: bytes("b")) { $0.count } == nil)
    }

    @Test("Values of megabytes come back whole", arguments: EngineKind.allCases)
    func largeValues(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        var random = SplitMix(seed: 1)
        let value = (0..<1 << 20).flatMap { _ in
            let word = random.next()
            return (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
        }
        try fixture.engine.put([Pair(bytes("large"), value), Pair("small", "s")])
        #expect(try fixture.engine.value(of: bytes("large")) == value)
        try fixture.engine.flush()
        try fixture.crash()
        #expect(try fixture.engine.value(of: bytes("large")) == value)
        #expect(try fixture.engine.text("small") == "s")
    }

    @Test("Sizes beyond the limits are refused, and nothing is written", arguments: EngineKind.allCases)
    func limits(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        let longestKey = [UInt8](repeating: 7, count: EngineLimits.keyBytes)
        try engine.put([Pair(longestKey, [1])])
        #expect(try engine.value(of: longestKey) == [1])

        let tooLong = longestKey + [7]
        let limit = EngineLimits.keyBytes
        let refusal = EngineError.limitExceeded(what: "key", bytes: limit + 1, limitBytes: limit)
        #expect(throws: refusal) { try engine.put([Pair("a", "1"), Pair(tooLong, [1])]) }
        #expect(throws: refusal) { try engine.delete(KeyRange([], tooLong)) }
        #expect(throws: refusal) { try engine.makeSortedFile().put(tooLong, []) }
        #expect(throws: refusal) { try engine.makeSortedFile().delete(KeyRange([], tooLong)) }

        let valueLimit = EngineLimits.valueBytes
        let huge = [UInt8](repeating: 0, count: valueLimit + 1)
        #expect(throws: EngineError.limitExceeded(what: "value", bytes: valueLimit + 1, limitBytes: valueLimit)) {
            try engine.put([Pair(bytes("a"), huge)])
        }
        #expect(try engine.contents() == [Pair(longestKey, [1])])
    }
}
