internal import Raft

/// One piece of a snapshot on its way, which says by itself where it belongs:
///
///      0  version: 1 byte
///      1  kind: 1 byte       head = 0, entries = 1, end = 2
///      2  packing: 1 byte    plain = 0, LZ4 = 1
///      3  zero: 1 byte
///      4  partition: 8 bytes
///     12  term, 20 index     the snapshot's position, 8 bytes each
///     28  number: 8 bytes    the head is 0
///     36  body bytes: 4 bytes
///     40  packed bytes: 4 bytes
///     44  total: 4 bytes     CRC32C of the bodies of this and of all chunks before
///     48  checksum: 4 bytes  CRC32C of everything before and behind these
///     52  body, packed
///
/// Numbers stand with their lowest byte first. Chunks are the same whichever replica sends them at one position with
/// one chunk size, so a transfer may even be continued by another.
struct SnapshotChunk {
    static let version: UInt8 = 1
    static let headerBytes = 52
    private static let checksumOffset = 48

    enum Kind: UInt8 {
        /// The applied state.
        case head = 0
        /// Entries: each its key without the partition's prefix and its value, as strings.
        case entries = 1
        /// How many entries there were, and how many bytes of keys and values.
        case end = 2
    }

    private enum Packing {
        static let plain: UInt8 = 0
        static let lz4: UInt8 = 1
    }

    let kind: Kind
    let partition: PartitionID
    let position: LogPosition
    let number: UInt64
    /// Unpacked.
    let body: [UInt8]
    /// The checksum of all bodies up to this one.
    let total: UInt32

    /// The chunk's bytes, packed if that gains anything.
    var encoded: [UInt8] {
        let packed = Compression.compress(body)
        let stored = packed ?? body
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerBytes + stored.count)
        bytes.append(Self.version)
        bytes.append(kind.rawValue)
        bytes.append(packed == nil ? Packing.plain : Packing.lz4)
        bytes.append(0)
        bytes.appendFixed(partition.rawValue)
        bytes.appendFixed(position.term.rawValue)
        bytes.appendFixed(position.index.rawValue)
        bytes.appendFixed(number)
        bytes.appendFixed(UInt32(body.count))
        bytes.appendFixed(UInt32(stored.count))
        bytes.appendFixed(total)
        let header = bytes.withUnsafeBytes { Checksum.of($0) }
        bytes.appendFixed(stored.withUnsafeBytes { Checksum.of($0, after: header) })
        bytes.append(contentsOf: stored)
        return bytes
    }
}

/// A chunk whose own checksum holds, still packed.
struct PackedChunk {
    let kind: SnapshotChunk.Kind
    let partition: PartitionID
    let position: LogPosition
    let number: UInt64
    let total: UInt32
    private let bodyBytes: Int
    private let isCompressed: Bool
    private let stored: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) throws(SnapshotError) {
        do {
            try self.init(fieldsOf: bytes)
        } catch {
            throw .malformed(error)
        }
        var header = bytes.withUnsafeBytes { Checksum.of(UnsafeRawBufferPointer(rebasing: $0[..<48])) }
        header = stored.withUnsafeBytes { Checksum.of($0, after: header) }
        var reader = FieldReader(bytes[48...])
        guard (try? reader.fixed("checksum", as: UInt32.self)) == header else { throw .corrupt }
    }

    private init(fieldsOf bytes: [UInt8]) throws(FieldError) {
        var reader = FieldReader(bytes)
        try reader.version("chunk version", upTo: SnapshotChunk.version)
        guard let kind = SnapshotChunk.Kind(rawValue: try reader.byte("kind")) else {
            throw FieldError("kind", "must be from 0 to 2")
        }
        self.kind = kind
        isCompressed = try reader.flag("packing")
        guard try reader.byte("zero") == 0 else { throw FieldError("zero", "must be 0") }
        partition = PartitionID(try reader.fixed("partition", as: UInt64.self))
        let term = Term(try reader.fixed("term", as: UInt64.self))
        guard term <= .max else { throw FieldError("term", "must be at most \(Term.max)") }
        let index = LogIndex(try reader.fixed("index", as: UInt64.self))
        guard index <= .max else { throw FieldError("index", "must be at most \(LogIndex.max)") }
        position = LogPosition(term: term, index: index)
        number = try reader.fixed("number", as: UInt64.self)
        let limit = SnapshotLimits.acceptedBytes
        bodyBytes = Int(try reader.fixed("body bytes", as: UInt32.self))
        guard bodyBytes <= limit else { throw FieldError("body bytes", "must be at most \(limit)") }
        let storedBytes = Int(try reader.fixed("packed bytes", as: UInt32.self))
        guard isCompressed || storedBytes == bodyBytes else {
            throw FieldError("packed bytes", "must be the body's in a plain chunk")
        }
        total = try reader.fixed("total", as: UInt32.self)
        _ = try reader.fixed("checksum", as: UInt32.self)
        stored = try reader.take(storedBytes, "body")
        try reader.expectEnd("body")
    }

    /// The body. At most ``SnapshotLimits/acceptedBytes`` are reserved for it, and no more than the packed bytes can
    /// unfold to.
    func unpack() throws(SnapshotError) -> [UInt8] {
        guard isCompressed else { return Array(stored) }
        let body = stored.withUnsafeBytes { try? Compression.decompress($0, to: bodyBytes) }
        guard let body else { throw .malformed(FieldError("body", "must unfold to as many bytes as it says")) }
        return body
    }
}
