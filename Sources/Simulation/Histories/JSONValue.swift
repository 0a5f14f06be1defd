/// A JSON value, as far as histories need it: RFC 8259, whole numbers only, each member of an object once.
enum JSONValue: Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case string(String)
    case array([JSONValue])
    case object([Member])

    struct Member: Equatable {
        let name: String
        let value: JSONValue
    }

    /// The member `name` of an object; nil where it is missing or this is no object.
    subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }
}

/// Why a text is not JSON, and from which byte on.
struct JSONSyntaxError: Error, Equatable {
    let offset: Int
    let reason: String
}

/// Reads one JSON value from bytes.
struct JSONParser {
    static let maximumDepth = 32

    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var depth = 0

    /// The value that `bytes` hold, with nothing but white space around it.
    static func parse(_ bytes: ArraySlice<UInt8>) throws(JSONSyntaxError) -> JSONValue {
        var parser = JSONParser(bytes: bytes, position: bytes.startIndex)
        let value = try parser.value()
        parser.skipSpace()
        guard parser.next == nil else { throw parser.failure("nothing may follow the value") }
        return value
    }

    private var next: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    private func failure(_ reason: String) -> JSONSyntaxError {
        JSONSyntaxError(offset: position - bytes.startIndex, reason: reason)
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A { position += 1 }
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        skipSpace()
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(JSONSyntaxError) -> JSONValue {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try nested { parser throws(JSONSyntaxError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { parser throws(JSONSyntaxError) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return .integer(try integer())
        case .none: throw failure("the text ends where a value should be")
        default: throw failure("no JSON value begins so")
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONSyntaxError) -> JSONValue
    ) throws(JSONSyntaxError) -> JSONValue {
        guard depth < Self.maximumDepth else { throw failure("nested more than \(Self.maximumDepth) deep") }
        depth += 1
        position += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func object() throws(JSONSyntaxError) -> JSONValue {
        var members: [JSONValue.Member] = []
        if skip(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw failure("a member begins with its name in quotes") }
            let name = try string()
            guard !members.contains(where: { $0.name == name }) else { throw failure("a second member \"\(name)\"") }
            guard skip(UInt8(ascii: ":")) else { throw failure("a colon follows a member's name") }
            members.append(.init(name: name, value: try value()))
        } while skip(UInt8(ascii: ","))
        guard skip(UInt8(ascii: "}")) else { throw failure("a comma or } follows a member") }
        return .object(members)
    }

    private mutating func array() throws(JSONSyntaxError) -> JSONValue {
        var elements: [JSONValue] = []
        if skip(UInt8(ascii: "]")) { return .array(elements) }
        repeat { elements.append(try value()) } while skip(UInt8(ascii: ","))
        guard skip(UInt8(ascii: "]")) else { throw failure("a comma or ] follows an element") }
        return .array(elements)
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        for index in 0..<text.utf8CodeUnitCount {
            guard next == text.utf8Start[index] else { throw failure("no JSON value begins so") }
            position += 1
        }
        return value
    }

    private mutating func integer() throws(JSONSyntaxError) -> Int64 {
        let start = position
        if next == UInt8(ascii: "-") { position += 1 }
        let firstDigit = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        if let byte = next, byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") {
            throw failure("numbers are whole and without an exponent here")
        }
        let digits = position - firstDigit
        guard digits == 1 || digits > 1 && bytes[firstDigit] != UInt8(ascii: "0") else {
            throw failure("a number has digits and no leading zero")
        }
        guard let number = Int64(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            throw failure("a number past 64 bits")
        }
        return number
    }
}

extension JSONParser {
    /// The string at the opening quote.
    private mutating func string() throws(JSONSyntaxError) -> String {
        position += 1
        let start = position
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        var content = Array(bytes[start..<position])
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw failure("control characters are escaped in strings") }
            position += 1
            if byte == UInt8(ascii: "\\") {
                content.append(contentsOf: UTF8.encode(try escaped()) ?? .init())
            } else {
                content.append(byte)
            }
        }
        guard next != nil else { throw failure("the text ends inside a string") }
        guard let string = String(validating: content, as: UTF8.self) else { throw failure("a string is UTF-8") }
        position += 1
        return string
    }

    /// What stands behind a backslash.
    private mutating func escaped() throws(JSONSyntaxError) -> Unicode.Scalar {
        guard let letter = next else { throw failure("the text ends inside a string") }
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try escapedScalar()
        default: throw failure("no such escape")
        }
    }

    /// One scalar from one \u escape, or from the two of a surrogate pair.
    private mutating func escapedScalar() throws(JSONSyntaxError) -> Unicode.Scalar {
        let first = try escapedUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, next == UInt8(ascii: "\\") else { throw failure("half of a surrogate pair") }
        position += 1
        guard next == UInt8(ascii: "u") else { throw failure("half of a surrogate pair") }
        position += 1
        let second = try escapedUnit()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw failure("half of a surrogate pair") }
        return scalar
    }

    private mutating func escapedUnit() throws(JSONSyntaxError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("four hexadecimal digits follow \\u")
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }
}
