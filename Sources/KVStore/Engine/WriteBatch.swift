/// Operations that an engine applies together, in their order: a later one overrides an earlier one.
///
/// The batch is kept encoded from the beginning, so that building one costs no allocation per operation and handing it
/// to the engine costs one copy. The encoding is RocksDB's own (`write_batch.cc`), which is a file format and
/// therefore stable:
///
///     sequence: 8 bytes, zero │ count: 4 bytes, little-endian │ operation … operation
///
///     put            1  key  value        a byte string is its length as a LEB128 varint, then its bytes
///     delete         0  key
///     delete range  15  lower  upper
public struct WriteBatch: Sendable {
    /// The encoded batch.
    private(set) var bytes = [UInt8](repeating: 0, count: Self.headerBytes)
    /// How many operations the batch holds.
    public private(set) var count = 0
    private var longestKeyBytes = 0
    private var longestValueBytes = 0

    static let headerBytes = 12
    private static let countOffset = 8

    enum Tag {
        static let delete: UInt8 = 0
        static let put: UInt8 = 1
        static let deleteRange: UInt8 = 15
    }

    /// Makes an empty batch.
    public init() {}

    /// True while there is nothing to apply.
    public var isEmpty: Bool { count == 0 }

    /// The size that ``EngineLimits/batchBytes`` bounds.
    public var sizeBytes: Int { bytes.count }

    /// Gives the key this value, whether it had one or not.
    public mutating func put(_ key: [UInt8], _ value: [UInt8]) {
        begin(Tag.put)
        append(key)
        append(value)
        longestKeyBytes = max(longestKeyBytes, key.count)
        longestValueBytes = max(longestValueBytes, value.count)
    }

    /// Gives the key that is `prefix` and then `key` this value, without joining the two first.
    mutating func put(_ prefix: [UInt8], _ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
        begin(Tag.put)
        append(prefix, key)
        appendCount(value.count)
        bytes.append(contentsOf: value)
        longestKeyBytes = max(longestKeyBytes, prefix.count + key.count)
        longestValueBytes = max(longestValueBytes, value.count)
    }

    /// Removes the key that is `prefix` and then `key`, without joining the two first.
    mutating func delete(_ prefix: [UInt8], _ key: ArraySlice<UInt8>) {
        begin(Tag.delete)
        append(prefix, key)
        longestKeyBytes = max(longestKeyBytes, prefix.count + key.count)
    }

    /// Removes the key, if it is there.
    public mutating func delete(_ key: [UInt8]) {
        begin(Tag.delete)
        append(key)
        longestKeyBytes = max(longestKeyBytes, key.count)
    }

    /// Removes all keys of the range. An empty range is no operation.
    public mutating func delete(_ range: KeyRange) {
        guard !range.isEmpty else { return }
        begin(Tag.deleteRange)
        append(range.lower)
        append(range.upper)
        longestKeyBytes = max(longestKeyBytes, range.lower.count, range.upper.count)
    }

    /// Makes the batch empty again and keeps its memory, for a caller that fills one batch after another.
    public mutating func removeAll() {
        bytes.removeSubrange(Self.headerBytes...)
        count = 0
        longestKeyBytes = 0
        longestValueBytes = 0
        writeCount()
    }

    func checkLimits() throws(EngineError) {
        try EngineLimits.check(keyBytes: longestKeyBytes)
        try EngineLimits.check(valueBytes: longestValueBytes)
        try EngineLimits.check(batchBytes: sizeBytes)
    }

    private mutating func begin(_ tag: UInt8) {
        count += 1
        writeCount()
        bytes.append(tag)
    }

    private mutating func writeCount() {
        let word = UInt32(count)
        for byte in 0..<4 {
            bytes[Self.countOffset + byte] = UInt8(truncatingIfNeeded: word >> (8 * UInt32(byte)))
        }
    }

    private mutating func append(_ string: [UInt8]) {
        appendCount(string.count)
        bytes.append(contentsOf: string)
    }

    private mutating func append(_ prefix: [UInt8], _ rest: ArraySlice<UInt8>) {
        appendCount(prefix.count + rest.count)
        bytes.append(contentsOf: prefix)
        bytes.append(contentsOf: rest)
    }

    private mutating func appendCount(_ count: Int) {
        var rest = count
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
