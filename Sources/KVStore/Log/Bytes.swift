internal import Glibc  // impure: memcmp and its like
internal import Raft

/// What is wrong with bytes that were to be a record. Decoders throw it and never trap: their input comes from a disk.
struct FormatError: Error, Hashable {
    let reason: String
}

extension [UInt8] {
    /// Appends a number in groups of seven bits, the lowest first.
    mutating func appendNumber(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func appendNumber(_ number: Int) { appendNumber(UInt64(number)) }

    /// Appends a number in all its bytes, the lowest first.
    mutating func appendFixed<Number: FixedWidthInteger>(_ number: Number) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}

/// Reads numbers and bytes one after the other from memory that outlives it, and refuses to pass the end.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var remaining: Int { bytes.count - offset }

    mutating func byte() throws(FormatError) -> UInt8 {
        guard offset < bytes.count else { throw FormatError(reason: "ends too early") }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func number() throws(FormatError) -> UInt64 {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            guard shift < 63 || (shift == 63 && next <= 1) else { throw FormatError(reason: "number too long") }
            number |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return number }
            shift += 7
        }
    }

    /// A number that the caller will use as a size; at most `limit`.
    mutating func count(upTo limit: Int) throws(FormatError) -> Int {
        let number = try number()
        guard number <= UInt64(limit) else { throw FormatError(reason: "\(number) is more than \(limit)") }
        return Int(number)
    }

    mutating func fixed<Number: FixedWidthInteger>(_ type: Number.Type) throws(FormatError) -> Number {
        let raw = try take(MemoryLayout<Number>.size)
        return Number(littleEndian: raw.loadUnaligned(as: Number.self))
    }

    mutating func take(_ count: Int) throws(FormatError) -> UnsafeRawBufferPointer {
        guard count <= remaining else { throw FormatError(reason: "ends too early") }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    func expectEnd() throws(FormatError) {
        if remaining > 0 { throw FormatError(reason: "\(remaining) bytes too many") }
    }

    mutating func term() throws(FormatError) -> Term {
        let term = Term(try number())
        guard term <= .max else { throw FormatError(reason: "term \(term) out of range") }
        return term
    }

    mutating func index() throws(FormatError) -> LogIndex {
        let index = LogIndex(try number())
        guard index <= .max else { throw FormatError(reason: "index \(index) out of range") }
        return index
    }

    mutating func position() throws(FormatError) -> LogPosition {
        let term = try term()
        return LogPosition(term: term, index: try index())
    }
}

extension UnsafeRawBufferPointer {
    /// True when every byte is zero.
    var isAllZero: Bool {
        guard let address = baseAddress, count > 8 else { return allSatisfy { $0 == 0 } }
        return loadUnaligned(as: UInt64.self) == 0 && memcmp(address, address + 8, count - 8) == 0
    }
}
