/// A user's key in the middle of an engine's key: escaped, so that what stands behind it does not disturb the order, and
/// with a terminator, so that no key is taken for the beginning of another.
///
///     byte 0x00     ──▶  0x00 0xFF
///     any other     ──▶  itself
///     the end       ──▶  0x00 0x01
///
/// Everything about the keys of a range lies from the escaped lower end up to the escaped upper end, both without their
/// terminators.
enum EscapedKey {
    private static let escape: UInt8 = 0x00
    private static let escapedZero: UInt8 = 0xFF
    private static let terminator: UInt8 = 0x01

    /// The first byte behind the escape that no key has there: what lies behind everything about one key.
    static let behindTerminator: UInt8 = terminator + 1

    /// A key, its terminator not included.
    static func append(_ key: [UInt8], to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + key.count + 32)
        for byte in key {
            bytes.append(byte)
            if byte == escape { bytes.append(escapedZero) }
        }
    }

    static func appendTerminator(to bytes: inout [UInt8]) {
        bytes.append(escape)
        bytes.append(terminator)
    }
}

extension FieldReader {
    /// A key up to its terminator.
    mutating func escapedKey(_ field: String, upTo limitBytes: Int) throws(FieldError) -> [UInt8] {
        var key: [UInt8] = []
        while true {
            let byte = try byte(field)
            if byte == 0 {
                switch try self.byte(field) {
                case 0x01: return key
                case 0xFF: break
                default: throw FieldError(field, "must be escaped")
                }
            }
            guard key.count < limitBytes else { throw FieldError(field, "must be at most \(limitBytes) bytes") }
            key.append(byte)
        }
    }

    /// A number in all its bytes, the highest first.
    mutating func ordered<Number: FixedWidthInteger>(
        _ field: String,
        as type: Number.Type
    ) throws(FieldError) -> Number {
        try fixed(field, as: Number.self).byteSwapped
    }
}

extension [UInt8] {
    /// Appends a number in all its bytes, the highest first, so that keys are ordered as the numbers are.
    mutating func appendOrdered<Number: FixedWidthInteger>(_ number: Number) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }
}

extension PartitionKeys {
    /// A space, and in it a user's key with its terminator.
    func escaped(_ space: UInt8, _ key: [UInt8]) -> [UInt8] {
        var bytes = prefix
        bytes.append(space)
        EscapedKey.append(key, to: &bytes)
        EscapedKey.appendTerminator(to: &bytes)
        return bytes
    }

    /// Where everything about one key lies in a space of escaped keys.
    func escapedRange(_ space: UInt8, of key: [UInt8]) -> KeyRange {
        let lower = escaped(space, key)
        var upper = lower
        upper[upper.count - 1] = EscapedKey.behindTerminator
        return KeyRange(lower, upper)
    }

    /// Where everything about the keys from `key` on lies in a space of escaped keys.
    func escapedRange(_ space: UInt8, from key: [UInt8]) -> KeyRange {
        var lower = prefix
        lower.append(space)
        EscapedKey.append(key, to: &lower)
        return KeyRange(lower, prefix + [space + 1])
    }

    /// Everything in a space.
    func all(_ space: UInt8) -> KeyRange { KeyRange(prefix + [space], prefix + [space + 1]) }

    /// The key under which a user's latest version lies.
    func current(_ key: [UInt8]) -> [UInt8] {
        var joined: [UInt8] = []
        joined.reserveCapacity(currentPrefix.count + key.count)
        joined.append(contentsOf: currentPrefix)
        joined.append(contentsOf: key)
        return joined
    }
}
