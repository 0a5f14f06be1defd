import Glibc  // impure: memcmp and its like

/// The keys from `lower` up to, and without, `upper`.
///
/// A range always has an upper end: what the store keeps begins with a prefix, so a range without end would reach into
/// keys of somebody else.
public struct KeyRange: Hashable, Sendable {
    /// The first key that may be in the range.
    public let lower: [UInt8]
    /// The first key behind the range.
    public let upper: [UInt8]

    /// Makes a range. The caller knows that `lower` is not behind `upper`; if they are equal the range is empty.
    public init(_ lower: [UInt8], _ upper: [UInt8]) {
        precondition(KeyOrder.compare(lower, upper) <= 0, "a key range ends before it begins")
        self.lower = lower
        self.upper = upper
    }

    /// The first key behind all that begin with `prefix`; nil where there is none.
    static func end(ofPrefix prefix: [UInt8]) -> [UInt8]? {
        guard let last = prefix.lastIndex(where: { $0 < 0xFF }) else { return nil }
        var end = Array(prefix[...last])
        end[last] += 1
        return end
    }

    /// True where no key can be in the range.
    public var isEmpty: Bool { lower == upper }

    /// True if the key lies in the range.
    public func contains(_ key: [UInt8]) -> Bool {
        KeyOrder.compare(lower, key) <= 0 && KeyOrder.compare(key, upper) < 0
    }
}

/// The order of keys in every engine: byte by byte, unsigned, a prefix before its continuations.
enum KeyOrder {
    /// Negative if `a` is before `b`, zero if they are equal, positive if `a` is behind `b`.
    static func compare(_ a: [UInt8], _ b: [UInt8]) -> Int {
        a.withUnsafeBytes { a in b.withUnsafeBytes { b in compare(a, b) } }
    }

    /// The same for parts of longer byte strings.
    static func compare(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Int {
        a.withUnsafeBytes { a in b.withUnsafeBytes { b in compare(a, b) } }
    }

    private static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        let common = min(a.count, b.count)
        guard common > 0, let start = a.baseAddress, let other = b.baseAddress else { return a.count - b.count }
        let order = memcmp(start, other, common)
        return order != 0 ? Int(order) : a.count - b.count
    }
}
