/// One of 65,536 places over which entities are spread, so that records made one after the other do not all meet in the
/// same partition.
///
/// An entity's bucket follows from its id alone, by FNV-1a over the id's bytes, finished by SplitMix64's mixer, upper 16
/// bits. It stands in every key: the way of computing it never changes.
public struct Bucket: Hashable, Comparable, Sendable {
    /// The number itself.
    public let rawValue: UInt16

    /// Wraps a number, such as was read from a key.
    public init(_ rawValue: UInt16) { self.rawValue = rawValue }

    /// The bucket of an entity whose id is a number: of its eight bytes, the highest first.
    public init(of number: UInt64) {
        self.init(hashing: (0..<8).lazy.map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) })
    }

    /// The bucket of an entity.
    public init(of id: some Identifier) { self.init(of: id.rawValue) }

    /// The bucket of an entity whose id is text: of its UTF-8.
    public init(of text: String) { self.init(hashing: text.utf8) }

    private init(hashing bytes: some Sequence<UInt8>) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
        rawValue = UInt16(truncatingIfNeeded: (hash ^ (hash >> 31)) >> 48)
    }

    /// By number.
    public static func < (a: Bucket, b: Bucket) -> Bool { a.rawValue < b.rawValue }
}
