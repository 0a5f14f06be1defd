internal import NIOCore

/// A JSON text to be (RFC 8259), with its members in the order that was written: answers read the same each time.
///
/// Written by hand because answers of the store are made on the hot path, where `JSONEncoder` costs more than the rest.
enum JSON: Sendable {
    case null
    case bool(Bool)
    case int(Int)
    case string(String)
    /// Bytes in base64 (RFC 4648, section 4), with padding.
    case base64([UInt8])
    case array([JSON])
    case object([(name: String, value: JSON)])

    /// A member's value, or null where there is none.
    static func optional(_ text: String?) -> JSON { text.map(JSON.string) ?? .null }

    /// The text.
    var text: ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: 256)
        write(into: &buffer)
        return buffer
    }

    /// Appends the text to a buffer.
    func write(into buffer: inout ByteBuffer) {
        switch self {
        case .null: buffer.writeStaticString("null")
        case .bool(true): buffer.writeStaticString("true")
        case .bool(false): buffer.writeStaticString("false")
        case .int(let number): buffer.writeString(String(number))
        case .string(let text): buffer.writeJSONString(text)
        case .base64(let bytes):
            buffer.writeStaticString("\"")
            buffer.writeBytes(Base64.encode(bytes))
            buffer.writeStaticString("\"")
        case .array(let elements):
            buffer.writeStaticString("[")
            for (position, element) in elements.enumerated() {
                if position > 0 { buffer.writeStaticString(",") }
                element.write(into: &buffer)
            }
            buffer.writeStaticString("]")
        case .object(let members):
            buffer.writeStaticString("{")
            for (position, member) in members.enumerated() {
                if position > 0 { buffer.writeStaticString(",") }
                buffer.writeJSONString(member.name)
                buffer.writeStaticString(":")
                member.value.write(into: &buffer)
            }
            buffer.writeStaticString("}")
        }
    }
}

extension ByteBuffer {
    /// Appends a JSON string: quoted, with everything escaped that must be.
    ///
    /// U+2028 and U+2029 are escaped as well, which lets the text stand in a script, and DEL, which terminals swallow.
    mutating func writeJSONString(_ text: String) {
        writeInteger(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": writeStaticString("\\\"")
            case "\\": writeStaticString("\\\\")
            case "\n": writeStaticString("\\n")
            case "\r": writeStaticString("\\r")
            case "\t": writeStaticString("\\t")
            case "\u{00}"..."\u{1F}", "\u{7F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                writeStaticString("\\u")
                writeRepeatingByte(UInt8(ascii: "0"), count: 4 - digits.utf8.count)
                writeString(digits)
            default: writeBytes(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        writeInteger(UInt8(ascii: "\""))
    }
}
