import Domain
import KVStore
import Raft
import Testing

private let table = Table(0xF0)
private let bucket = Bucket(0x1234)

private func precedes(_ a: DomainKey, _ b: DomainKey) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

@Test func keysBeginWithSpaceBucketAndTable() {
    #expect(DomainKey(table, in: bucket).bytes == [0x10, 0x12, 0x34, 0xF0])
}

@Test func numbersKeepTheirOrderAndInvertedOnesReverseIt() {
    let key = DomainKey(table, in: bucket)
    let numbers: [UInt64] = [0, 1, 255, 256, 65_535, 1 << 40, .max - 1, .max]
    for (a, b) in zip(numbers, numbers.dropFirst()) {
        #expect(precedes(key.appending(a), key.appending(b)))
        #expect(precedes(key.appendingNewestFirst(b), key.appendingNewestFirst(a)))
    }
}

@Test func textsKeepTheirOrderWhateverFollowsThem() {
    let key = DomainKey(table, in: bucket)
    let texts = ["", "\0", "\0\0", "\0a", "a", "a\0", "a\0\u{1}", "a\0b", "a\u{1}", "aa", "b", "é", "\u{10FFFF}"]
    for (a, b) in zip(texts, texts.dropFirst()) {
        #expect(precedes(key.appending(a).appending(UInt64.max), key.appending(b).appending(UInt64(0))))
        #expect(!key.appending(b).bytes.starts(with: key.appending(a).bytes))
    }
}

@Test func whatAKeyWasMadeOfIsReadBack() throws {
    let user = UserID(77)
    let key = DomainKey(table, in: Bucket(of: user)).appending(user).appending("a\0b").appendingNewestFirst(5)
        .appending(byte: 9)
    var reader = try KeyReader(key.bytes)
    #expect(reader.bucket == Bucket(of: user))
    #expect(reader.table == table)
    #expect(try reader.number() == 77)
    #expect(try reader.text() == "a\0b")
    #expect(try reader.newestFirst() == 5)
    #expect(try reader.byte() == 9)
    #expect(reader.isAtEnd)
    #expect(throws: RecordError.self) { try reader.number() }
}

@Test func bytesThatAreNoKeyAreRefused() {
    for bytes: [UInt8] in [[], [0x10], [0x11, 0, 0, 0], [0x10, 0, 0]] {
        #expect(throws: RecordError.self) { try KeyReader(bytes) }
    }
    for end: [UInt8] in [[0x61], [0x61, 0], [0x61, 0, 7], [0xC3, 0, 1]] {
        #expect(throws: RecordError.self) {
            var reader = try KeyReader([0x10, 0, 0, 1] + end)
            _ = try reader.text()
        }
    }
}

@Test func noCursorLeadsOutOfItsRange() {
    let key = DomainKey(table, in: bucket).appending(UInt64.max)
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<1_000 {
        let place = (0..<generator.next() % 20).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        let range = key.range(after: place)
        #expect(range.lower.starts(with: key.bytes))
        #expect(range.upper == key.range.upper)
    }
    #expect(key.range.contains(key.appending(UInt64.max).bytes))
    #expect(!key.range.contains(DomainKey(table, in: Bucket(0x1235)).bytes))
}
