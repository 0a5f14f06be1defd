internal import CChecksum

/// CRC32C, the checksum of everything on disk: it finds every burst of up to 32 bits and misses one random error in
/// four thousand million.
enum Checksum {
    /// The checksum of bytes that follow those that gave `start`.
    static func of(_ bytes: UnsafeRawBufferPointer, after start: UInt32 = 0) -> UInt32 {
        guard let address = bytes.baseAddress else { return start }
        return gala_crc32c(start, address, bytes.count)
    }

    /// The checksum of numbers that say where bytes belong, with which the bytes' own checksum goes on.
    static func ofPlace(_ numbers: UInt64..., after start: UInt32 = 0) -> UInt32 {
        var checksum = start
        for number in numbers { checksum = ofNumber(number, after: checksum) }
        return checksum
    }

    /// The checksum of one number.
    static func ofNumber(_ number: UInt64, after start: UInt32) -> UInt32 {
        withUnsafeBytes(of: number.littleEndian) { of($0, after: start) }
    }
}
