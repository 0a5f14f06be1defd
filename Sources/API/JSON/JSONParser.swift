internal import NIOCore

/// Reads JSON by hand, since bodies that move money are on the hot path, and since the library's decoder is lenient where
/// that is dangerous: of two members with one name it silently takes one.
///
/// Refused with 400: what is not JSON in UTF-8, what is nested too deeply. Refused with 422 and a pointer: a name twice.
struct JSONParser: ~Copyable {
    /// No body of ours is nested more deeply than a few levels; recursion must not be the client's to choose.
    private static let depthLimit = 32

    private let bytes: [UInt8]
    private var position = 0
    private var path: [String] = []

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The text's value.
    static func parse(_ body: ByteBuffer) throws(Problem) -> JSONInput {
        var parser = JSONParser(Array(body.readableBytesView))
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == parser.bytes.count else { throw parser.malformed() }
        return value
    }

    private func malformed() -> Problem {
        .malformedJSON("It is not well-formed JSON in UTF-8 at byte \(position + 1).")
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func value(depth: Int) throws(Problem) -> JSONInput {
        skipSpace()
        guard depth <= Self.depthLimit else {
            throw .malformedJSON("It is nested more than \(Self.depthLimit) levels deep.")
        }
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONInput) throws(Problem) -> JSONInput {
        let matches = word.withUTF8Buffer { bytes[position...].starts(with: $0) }
        guard matches else { throw malformed() }
        position += word.utf8CodeUnitCount
        return value
    }

    private mutating func object(depth: Int) throws(Problem) -> JSONInput {
        position += 1
        var members: [JSONInput.Member] = []
        var names: Set<String> = []
        skipSpace()
        if next == UInt8(ascii: "}") {
            position += 1
            return .object([])
        }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw malformed() }
            let name = try string()
            path.append(name)
            guard names.insert(name).inserted else {
                throw .invalid([
                    Problem.Fault(
                        place: .pointer(JSONPointer.text(path)),
                        code: "duplicate",
                        detail: "must be there once"
                    )
                ])
            }
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw malformed() }
            position += 1
            members.append(JSONInput.Member(name: name, value: try value(depth: depth + 1)))
            path.removeLast()
            if try ends(UInt8(ascii: "}")) { return .object(members) }
        }
    }

    private mutating func array(depth: Int) throws(Problem) -> JSONInput {
        position += 1
        var elements: [JSONInput] = []
        skipSpace()
        if next == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        while true {
            path.append(String(elements.count))
            elements.append(try value(depth: depth + 1))
            path.removeLast()
            if try ends(UInt8(ascii: "]")) { return .array(elements) }
        }
    }

    /// Past a comma, or past the closing bracket.
    private mutating func ends(_ bracket: UInt8) throws(Problem) -> Bool {
        skipSpace()
        guard let byte = next, byte == bracket || byte == UInt8(ascii: ",") else { throw malformed() }
        position += 1
        return byte == bracket
    }
}

// MARK: Numbers and strings

extension JSONParser {
    private mutating func number() throws(Problem) -> JSONInput {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        let digits = position
        skipDigits()
        // No digit at all, or one too many in front.
        guard position > digits, bytes[digits] != UInt8(ascii: "0") || position == digits + 1 else { throw malformed() }
        var isWhole = true
        if next == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            try skipSomeDigits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isWhole = false
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try skipSomeDigits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let number = Int64(text) { return .integer(number) }
        return .otherNumber(text)
    }

    private mutating func skipDigits() {
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    }

    private mutating func skipSomeDigits() throws(Problem) {
        let start = position
        skipDigits()
        guard position > start else { throw malformed() }
    }

    private mutating func string() throws(Problem) -> String {
        position += 1
        let start = position
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        guard next == UInt8(ascii: "\"") else { return try stringWithEscapes(from: start) }
        guard let text = String(validating: bytes[start..<position], as: UTF8.self) else { throw malformed() }
        position += 1
        return text
    }

    private mutating func stringWithEscapes(from start: Int) throws(Problem) -> String {
        var text = Array(bytes[start..<position])
        while true {
            guard let byte = next, byte >= 0x20 else { throw malformed() }
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw malformed() }
                return string
            case UInt8(ascii: "\\"): text.append(contentsOf: try escaped())
            default: text.append(byte)
            }
        }
    }

    /// What stands behind a backslash, in UTF-8.
    private mutating func escaped() throws(Problem) -> [UInt8] {
        guard let letter = next else { throw malformed() }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [letter]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): return try escapedScalar()
        default: throw malformed()
        }
    }

    /// Half a surrogate pair is no character: it is refused, not replaced.
    private mutating func escapedScalar() throws(Problem) -> [UInt8] {
        var code = UInt32(try fourDigits())
        if (0xD800...0xDBFF).contains(code) {
            guard next == UInt8(ascii: "\\") else { throw malformed() }
            position += 1
            guard next == UInt8(ascii: "u") else { throw malformed() }
            position += 1
            let low = UInt32(try fourDigits())
            guard (0xDC00...0xDFFF).contains(low) else { throw malformed() }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code), let encoded = UTF8.encode(scalar) else { throw malformed() }
        return Array(encoded)
    }

    private mutating func fourDigits() throws(Problem) -> UInt16 {
        guard bytes.count - position >= 4 else { throw malformed() }
        var code: UInt16 = 0
        for byte in bytes[position..<position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { throw malformed() }
            code = code << 4 | UInt16(digit)
        }
        position += 4
        return code
    }
}

/// Where in a JSON text something is (RFC 6901).
enum JSONPointer {
    static func text(_ path: [String]) -> String {
        path.map { "/" + $0.replacing("~", with: "~0").replacing("/", with: "~1") }.joined()
    }
}
