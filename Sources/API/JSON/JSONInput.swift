internal import NIOCore

/// A JSON text that was read (RFC 8259), as strictly as money asks for: nothing is guessed, dropped or rounded.
///
/// Numbers that are not whole, or do not fit 64 bits, are kept as they were written, so that whoever expects a whole
/// number refuses them instead of taking something near.
enum JSONInput: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number that is not written as a whole one, or is too large: its own text.
    case otherNumber(String)
    case string(String)
    case array([JSONInput])
    /// In the order of the text; each name once.
    case object([Member])

    /// A name and what it has.
    struct Member: Hashable, Sendable {
        let name: String
        let value: JSONInput
    }

    /// What the value is, for those who expected something else.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer, .otherNumber: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// Appends the one spelling of this value: members in the order of their names' bytes, no space.
    ///
    /// Two texts that mean the same have the same canonical bytes, and no others have.
    func writeCanonically(into buffer: inout ByteBuffer) {
        switch self {
        case .null: buffer.writeStaticString("null")
        case .bool(let value): buffer.writeString(value ? "true" : "false")
        case .integer(let number): buffer.writeString(String(number))
        case .otherNumber(let text): buffer.writeString(text)
        case .string(let text): buffer.writeJSONString(text)
        case .array(let elements):
            buffer.writeStaticString("[")
            for (position, element) in elements.enumerated() {
                if position > 0 { buffer.writeStaticString(",") }
                element.writeCanonically(into: &buffer)
            }
            buffer.writeStaticString("]")
        case .object(let members):
            buffer.writeStaticString("{")
            let sorted = members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            for (position, member) in sorted.enumerated() {
                if position > 0 { buffer.writeStaticString(",") }
                buffer.writeJSONString(member.name)
                buffer.writeStaticString(":")
                member.value.writeCanonically(into: &buffer)
            }
            buffer.writeStaticString("}")
        }
    }
}
