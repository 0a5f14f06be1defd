/// Bytes as text (RFC 4648): the common alphabet for values, the one for addresses and file names for cursors and tokens.
enum Base64 {
    private static let common = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let forAddresses = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The common alphabet, with padding.
    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text = encode(bytes, with: common)
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return text
    }

    /// The alphabet for addresses, without padding.
    static func encodeForAddresses(_ bytes: [UInt8]) -> String {
        String(decoding: encode(bytes, with: forAddresses), as: UTF8.self)
    }

    /// What was encoded for addresses; nil where the text is not exactly what the encoder writes.
    static func decodeForAddresses(_ text: some StringProtocol) -> [UInt8]? { decode(text, with: forAddresses) }

    /// What was encoded with the common alphabet, without padding; nil where the text is anything else.
    static func decodeWithoutPadding(_ text: some StringProtocol) -> [UInt8]? { decode(text, with: common) }

    /// The common alphabet, without padding, as password hashes are written.
    static func encodeWithoutPadding(_ bytes: [UInt8]) -> String {
        String(decoding: encode(bytes, with: common), as: UTF8.self)
    }

    /// What was encoded with the common alphabet and padding (RFC 4648, section 4); nil where the text is anything else.
    static func decodePadded(_ text: some StringProtocol) -> [UInt8]? {
        guard text.utf8.count % 4 == 0 else { return nil }
        let bare = text.hasSuffix("=") ? text.dropLast() : text[...]
        return decode(bare.hasSuffix("=") ? bare.dropLast() : bare, with: common)
    }

    private static func encode(_ bytes: [UInt8], with alphabet: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(alphabet[Int(bits >> UInt32(count) & 63)])
            }
        }
        if count > 0 { text.append(alphabet[Int(bits << UInt32(6 - count) & 63)]) }
        return text
    }

    private static func decode(_ text: some StringProtocol, with alphabet: [UInt8]) -> [UInt8]? {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var count = 0
        for letter in text.utf8 {
            let value = values[Int(letter)]
            guard value != 255 else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        // A sixth of a byte, or bits that nobody reads, would make two texts of the same bytes.
        guard count < 6, bits & ((1 << UInt32(count)) - 1) == 0 else { return nil }
        return bytes
    }
}
