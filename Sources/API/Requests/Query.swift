internal import Hummingbird

/// The query of a request: names and values as bytes, since keys of the store may be any bytes.
///
/// Read as HTML forms write it: `+` is a space, `%2B` a plus.
struct Query {
    private let items: [(name: String, value: [UInt8])]

    init(of request: Request) throws(Problem) {
        var items: [(name: String, value: [UInt8])] = []
        for part in (request.uri.query ?? "").split(separator: "&") {
            let pieces = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let text = pieces.count == 2 ? pieces[1] : ""
            guard let name = PercentEncoding.decode(pieces[0].utf8, plusIsSpace: true),
                let value = PercentEncoding.decode(text.utf8, plusIsSpace: true)
            else { throw .malformed("A percent sign of the query is not followed by two hexadecimal digits.") }
            items.append((String(decoding: name, as: UTF8.self), value))
        }
        self.items = items
    }

    /// A parameter's bytes; nil where it is absent.
    func bytes(_ name: String) throws(Problem) -> [UInt8]? {
        let found = items.filter { $0.name == name }
        guard found.count <= 1 else { throw .invalid(parameter: name, "must be given once") }
        return found.first?.value
    }

    /// A parameter as text; nil where it is absent.
    func text(_ name: String) throws(Problem) -> String? {
        guard let bytes = try bytes(name) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .invalid(parameter: name, "must be UTF-8")
        }
        return text
    }

    /// A number within a range; nil where it is absent.
    func int(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = try text(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .invalid(parameter: name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Whether a parameter is there, be its value what it may.
    func contains(_ name: String) -> Bool { items.contains { $0.name == name } }
}

/// Bytes in addresses (RFC 3986, section 2.1).
enum PercentEncoding {
    /// The bytes; nil where a percent sign is not followed by two hexadecimal digits.
    static func decode(_ text: some Collection<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return bytes
    }

    private static func digit(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): letter - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): letter - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): letter - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
