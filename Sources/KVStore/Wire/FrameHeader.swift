/// What every frame between nodes begins with, in every version of the protocol:
///
///      0  body bytes: 4
///      4  version: 1          of the protocol, which says how the body is to be read
///      5  kind: 1             see ``Frame``
///      6  required flags: 1   who does not know one of these must not go on; none so far
///      7  optional flags: 1   who does not know one of these passes over it; none so far
///      8  header checksum: 4  CRC32C of the bytes before
///     12  checksum: 4         CRC32C of the bytes before the header checksum and of the body
///     16  body
///
/// Numbers stand with their lowest byte first. The header has a checksum of its own so that no damaged length is waited
/// for. A kind that is not known is passed over and counted.
struct FrameHeader {
    static let bytes = 16
    static let checkedBytes = 8

    let bodyBytes: Int
    let version: UInt8
    let kind: UInt8
    private let headerChecksum: UInt32
    private let checksum: UInt32

    /// Reads a header of ``bytes`` bytes.
    init(_ bytes: [UInt8], limitBytes: Int) throws(FrameError) {
        precondition(bytes.count == Self.bytes, "a header is read as a whole")
        headerChecksum = bytes.withUnsafeBytes {
            Checksum.of(UnsafeRawBufferPointer(rebasing: $0[..<Self.checkedBytes]))
        }
        let fields = bytes.withUnsafeBytes { raw in
            (0..<4).map { UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)) }
        }
        guard fields[2] == headerChecksum else { throw .corruptHeader }
        checksum = fields[3]
        bodyBytes = Int(fields[0])
        version = bytes[4]
        kind = bytes[5]
        guard bodyBytes <= limitBytes else { throw .oversize(bytes: bodyBytes, limit: limitBytes) }
        guard bytes[6] == 0 else { throw .requiredFlags(bytes[6]) }
    }

    /// True when the body is as it was sent.
    func holds(_ body: [UInt8]) -> Bool {
        body.withUnsafeBytes { Checksum.of($0, after: headerChecksum) } == checksum
    }

    /// Writes the header of a frame that begins at `start` and ends where `bytes` end.
    static func write(version: UInt8, kind: Frame.Kind, at start: Int, of bytes: inout [UInt8]) {
        let bodyBytes = bytes.count - start - Self.bytes
        precondition((0...WireLimits.frameBytes).contains(bodyBytes), "a frame keeps to its limit")
        bytes.withUnsafeMutableBytes { raw in
            let frame = UnsafeMutableRawBufferPointer(rebasing: raw[start...])
            frame.storeBytes(of: UInt32(bodyBytes).littleEndian, as: UInt32.self)
            frame[4] = version
            frame[5] = kind.rawValue
            frame[6] = 0
            frame[7] = 0
            let header = Checksum.of(UnsafeRawBufferPointer(rebasing: frame[..<checkedBytes]))
            let whole = Checksum.of(UnsafeRawBufferPointer(rebasing: frame[Self.bytes...]), after: header)
            frame.storeBytes(of: header.littleEndian, toByteOffset: 8, as: UInt32.self)
            frame.storeBytes(of: whole.littleEndian, toByteOffset: 12, as: UInt32.self)
        }
    }
}

/// Why a connection's bytes cannot be read any further. What came before is whole; what comes behind has no beginning.
public enum FrameError: Error, Hashable, Sendable {
    /// A header is not as it was sent, or these are no frames at all.
    case corruptHeader
    /// A body is not as it was sent.
    case corruptBody
    /// A frame is longer than this connection accepts.
    case oversize(bytes: Int, limit: Int)
    /// A frame of a version that was not agreed on.
    case version(UInt8)
    /// A frame that must not be read by who does not know these flags.
    case requiredFlags(UInt8)
    /// A body is not such as a node writes.
    case malformed(FieldError)
}
