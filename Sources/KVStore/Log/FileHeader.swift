/// The first sector of each of a log's files: what it is, in which format, and whose.
///
///     | magic 8 | version 4 | kind 4 | identity 8 | three numbers 24 | zeros | checksum 4 |
struct FileHeader: Hashable {
    enum Kind: UInt32 {
        /// Numbers: the segment's, its length in bytes, the sequence number of its first batch.
        case segment = 1
        /// Numbers: the segment's, zero, the sequence number of its first batch.
        case ledger = 2
        /// Numbers: the oldest segment's, the newest segment's, how many times the catalog was written.
        case catalog = 3
    }

    static let bytes = SectorFormat.bytes
    private static let magic: UInt64 = 0x0047_4F4C_414C_4147

    var kind: Kind
    var identity: UInt64
    var first: UInt64
    var second: UInt64
    var third: UInt64

    func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendFixed(Self.magic)
        bytes.appendFixed(LogFormat.version)
        bytes.appendFixed(kind.rawValue)
        for number in [identity, first, second, third] { bytes.appendFixed(number) }
        bytes.append(contentsOf: repeatElement(0, count: Self.bytes - 4 - bytes.count))
        bytes.appendFixed(bytes.withUnsafeBytes { Checksum.of($0) })
        return bytes
    }

    /// Reads a header. Nil if the bytes are not one; a newer version is told apart, as it is not damage.
    static func decode(_ bytes: [UInt8], kind: Kind) -> Outcome {
        guard bytes.count == Self.bytes else { return .damaged }
        return bytes.withUnsafeBytes { raw in
            var reader = ByteReader(raw)
            do throws(FormatError) {
                let magic = try reader.fixed(UInt64.self)
                let version = try reader.fixed(UInt32.self)
                let found = Kind(rawValue: try reader.fixed(UInt32.self))
                let identity = try reader.fixed(UInt64.self)
                let first = try reader.fixed(UInt64.self)
                let second = try reader.fixed(UInt64.self)
                let third = try reader.fixed(UInt64.self)
                let checksum = Checksum.of(UnsafeRawBufferPointer(rebasing: raw[..<(Self.bytes - 4)]))
                let stored = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: Self.bytes - 4, as: UInt32.self))
                guard magic == Self.magic, checksum == stored else { return .damaged }
                guard version == LogFormat.version else { return .version(version) }
                guard found == kind, max(first, third) < LogFormat.numbers else { return .damaged }
                guard kind != .catalog || second < LogFormat.numbers else { return .damaged }
                return .header(
                    FileHeader(kind: kind, identity: identity, first: first, second: second, third: third)
                )
            } catch {
                return .damaged
            }
        }
    }

    enum Outcome: Hashable {
        case header(FileHeader)
        case version(UInt32)
        case damaged

        var header: FileHeader? {
            if case .header(let header) = self { header } else { nil }
        }
    }
}

/// The names of a log's files.
enum LogFileName {
    static let catalog = "catalog"

    static func segment(_ number: UInt64) -> String { "\(padded(number)).segment" }
    static func ledger(_ number: UInt64) -> String { "\(padded(number)).ledger" }

    /// The number of the segment that a file of this name belongs to.
    static func number(of name: String) -> UInt64? {
        for suffix in [".segment", ".ledger"] where name.hasSuffix(suffix) {
            let digits = name.dropLast(suffix.count)
            return digits.count == digitCount ? UInt64(digits) : nil
        }
        return nil
    }

    private static let digitCount = 20

    private static func padded(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: digitCount - digits.count) + digits
    }
}
