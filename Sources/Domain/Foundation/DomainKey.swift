public import KVStore

/// A key of the domain, made of parts whose order is kept by the key's bytes.
///
///     0x10 │ bucket: 2 bytes │ table: 1 byte │ part │ part │ …
///
/// An entity's records and its histories stand in its bucket, and so in its partition, of whatever table they are: a
/// partition is never cut inside a bucket. Parts are appended:
///
///     DomainKey(.payments, in: Bucket(of: event)).appending(event).appendingNewestFirst(transaction)
///
/// A part is a number (8 bytes, the highest first), a number inverted so that the greatest comes first, or text. Text
/// ends with 00 01, a zero byte in it being written as 00 FF, so that a text stands before its continuations.
public struct DomainKey: Hashable, Sendable {
    /// The byte with which all keys of the domain begin, and no others.
    public static let space: UInt8 = 0x10
    /// The key itself.
    public private(set) var bytes: [UInt8]

    static let headerBytes = 4

    /// The key of a table in a bucket, before any part.
    public init(_ table: Table, in bucket: Bucket) {
        bytes = [
            Self.space, UInt8(bucket.rawValue >> 8), UInt8(truncatingIfNeeded: bucket.rawValue), table.rawValue,
        ]
        bytes.reserveCapacity(32)
    }

    /// Everything in the domain's space.
    public static var everything: KeyRange { KeyRange([space], [space + 1]) }

    /// This key with a number behind it; smaller ones come first.
    public consuming func appending(_ number: UInt64) -> DomainKey {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
        return self
    }

    /// This key with an id behind it; smaller ones come first.
    public consuming func appending(_ id: some Identifier) -> DomainKey { appending(id.rawValue) }

    /// This key with a number behind it; greater ones come first.
    public consuming func appendingNewestFirst(_ number: UInt64) -> DomainKey { appending(~number) }

    /// This key with an id behind it; greater ones, which are newer, come first.
    public consuming func appendingNewestFirst(_ id: some Identifier) -> DomainKey { appending(~id.rawValue) }

    /// This key with a text behind it, in the order of its UTF-8.
    public consuming func appending(_ text: String) -> DomainKey {
        for byte in text.utf8 {
            bytes.append(byte)
            if byte == 0 { bytes.append(0xFF) }
        }
        bytes.append(0)
        bytes.append(1)
        return self
    }

    /// This key with a small number behind it, in one byte; smaller ones come first.
    public consuming func appending(byte: UInt8) -> DomainKey {
        bytes.append(byte)
        return self
    }

    /// All keys that begin with this one, itself among them.
    public var range: KeyRange { range(after: nil) }

    /// All keys that begin with this one and lie behind a place in it.
    ///
    /// - Parameter place: What follows this key in the last key that was seen: see ``place(of:)``. Bytes of anybody's
    ///   making cannot lead out of the range.
    public func range(after place: [UInt8]?) -> KeyRange {
        var end = bytes
        // The space byte is less than 0xFF: there always is a key behind.
        while end.last == 0xFF { end.removeLast() }
        end[end.count - 1] += 1
        return KeyRange(place.map { bytes + $0 + [0] } ?? bytes, end)
    }

    /// What follows this key in one of its range: a place to go on behind.
    public func place(of key: [UInt8]) -> [UInt8] {
        precondition(key.starts(with: bytes), "a place is told of a key in the range")
        return Array(key[bytes.count...])
    }

    /// A place behind which a key is the first that can be: the range's keys all have one length.
    func place(before key: [UInt8]) -> [UInt8]? {
        var place = place(of: key)
        guard let last = place.popLast() else { return nil }
        return last == 0 ? place : place + [last - 1, 0xFF]
    }
}
