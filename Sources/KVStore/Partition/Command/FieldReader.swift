/// Reads one field after the other, and refuses what cannot be one.
///
/// What it reads comes from a disk or a network, so it never traps, and looks at a length before anything is reserved
/// for it. Byte strings are returned as parts of the bytes that were read: nothing is copied.
struct FieldReader {
    private let bytes: ArraySlice<UInt8>
    private var offset: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        offset = bytes.startIndex
    }

    init(_ bytes: [UInt8]) { self.init(bytes[...]) }

    var remaining: Int { bytes.endIndex - offset }

    mutating func byte(_ field: String) throws(FieldError) -> UInt8 {
        guard offset < bytes.endIndex else { throw FieldError(field, "must be complete") }
        defer { offset += 1 }
        return bytes[offset]
    }

    /// A number in groups of seven bits, the lowest first, in as few bytes as it needs: one number has one encoding.
    mutating func number(_ field: String) throws(FieldError) -> UInt64 {
        // Most numbers are small.
        if offset < bytes.endIndex, bytes[offset] < 0x80 {
            defer { offset += 1 }
            return UInt64(bytes[offset])
        }
        return try longNumber(field)
    }

    private mutating func longNumber(_ field: String) throws(FieldError) -> UInt64 {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte(field)
            guard shift < 63 || (shift == 63 && next <= 1) else { throw FieldError(field, "must fit in 64 bits") }
            guard next != 0 || shift == 0 else { throw FieldError(field, "must not be longer than it needs") }
            number |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return number }
            shift += 7
        }
    }

    /// A number up to a limit.
    mutating func count(_ field: String, upTo limit: Int) throws(FieldError) -> Int {
        let number = try number(field)
        guard number <= UInt64(limit) else { throw FieldError(field, "must be at most \(limit)") }
        return Int(number)
    }

    /// A number in all its bytes, the lowest first.
    mutating func fixed<Number: FixedWidthInteger>(
        _ field: String,
        as type: Number.Type
    ) throws(FieldError) -> Number {
        let start = offset - bytes.startIndex
        _ = try take(MemoryLayout<Number>.size, field)
        return Number(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start, as: Number.self) })
    }

    /// A length, then as many bytes.
    mutating func string(_ field: String, upTo limitBytes: Int) throws(FieldError) -> ArraySlice<UInt8> {
        let count = try number(field)
        guard count <= UInt64(limitBytes) else { throw FieldError(field, "must be at most \(limitBytes) bytes") }
        return try take(Int(count), field)
    }

    mutating func take(_ count: Int, _ field: String) throws(FieldError) -> ArraySlice<UInt8> {
        guard count <= remaining else { throw FieldError(field, "must be complete") }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    /// Yes or no.
    mutating func flag(_ field: String) throws(FieldError) -> Bool {
        let byte = try byte(field)
        guard byte <= 1 else { throw FieldError(field, "must be 0 or 1") }
        return byte == 1
    }

    /// The version that a format begins with.
    @discardableResult
    mutating func version(_ field: String, upTo known: UInt8) throws(FieldError) -> UInt8 {
        let version = try byte(field)
        guard version > 0 else { throw FieldError(field, "must not be 0") }
        guard version <= known else {
            throw FieldError(field, "\(version) is newer than \(known), the newest that this program reads")
        }
        return version
    }

    /// Passes over what a later minor revision has added: fields, each a number from 1 in ascending order and a byte
    /// string, up to the end. Bytes that are no such fields are refused, so that damage does not pass for progress.
    mutating func skipLaterFields() throws(FieldError) {
        var last: UInt64 = 0
        while remaining > 0 {
            let number = try number("later field")
            guard number > last else { throw FieldError("later field", "must ascend from 1") }
            last = number
            _ = try string("later field", upTo: remaining)
        }
    }

    func expectEnd(_ field: String) throws(FieldError) {
        guard remaining == 0 else { throw FieldError(field, "must have nothing behind it") }
    }
}
