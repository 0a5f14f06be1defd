// Reading histories from JSON lines, whatever they are histories of.

/// Why a text is not a history, and where.
public struct HistoryFormatError: Error, Equatable, CustomStringConvertible {
    /// Where in a line something is wrong.
    public enum Place: Sendable, Equatable {
        /// Not even JSON from this byte of the line on, counted from 1.
        case column(Int)

        /// A field, named by the path to it, as `op.k`.
        case field(String)
    }

    /// The line, counted from 1.
    public let line: Int

    /// Where in the line.
    public let place: Place

    /// What is wrong there.
    public let reason: String

    /// Line, place and reason.
    public var description: String {
        switch place {
        case .column(let column): "line \(line), column \(column): \(reason)"
        case .field(let field): "line \(line), field \(field): \(reason)"
        }
    }
}

/// One line that is being read: an object, whose fields are asked for by their paths.
struct HistoryLine {
    let line: Int
    let root: JSONValue

    private init(_ text: ArraySlice<UInt8>, line: Int) throws(HistoryFormatError) {
        self.line = line
        do {
            root = try JSONParser.parse(text)
        } catch {
            throw HistoryFormatError(line: line, place: .column(error.offset + 1), reason: error.reason)
        }
        guard case .object = root else {
            throw HistoryFormatError(line: line, place: .column(1), reason: "a line is one object")
        }
    }

    /// Reads every line that is not empty.
    static func forEach(
        in jsonLines: [UInt8],
        _ body: (HistoryLine) throws(HistoryFormatError) -> Void
    ) throws(HistoryFormatError) {
        var start = 0
        var line = 0
        while start < jsonLines.count {
            line += 1
            let end = jsonLines[start...].firstIndex(of: UInt8(ascii: "\n")) ?? jsonLines.count
            let text = jsonLines[start..<end]
            start = end + 1
            if text.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            try body(HistoryLine(text, line: line))
        }
    }

    func failure(_ field: String, _ reason: String) -> HistoryFormatError {
        HistoryFormatError(line: line, place: .field(field), reason: reason)
    }

    func field(_ path: String...) throws(HistoryFormatError) -> JSONValue {
        var value = root
        for name in path {
            guard let member = value[name] else { throw failure(path.joined(separator: "."), "it is missing") }
            value = member
        }
        return value
    }

    func integer(_ name: String) throws(HistoryFormatError) -> Int64 {
        guard case .integer(let number) = try field(name) else { throw failure(name, "it has to be a whole number") }
        return number
    }

    func string(_ object: String, _ name: String) throws(HistoryFormatError) -> String {
        guard case .string(let text) = try field(object, name) else {
            throw failure("\(object).\(name)", "it has to be a string")
        }
        return text
    }

    func optionalString(_ object: String, _ name: String) throws(HistoryFormatError) -> String? {
        switch try field(object, name) {
        case .null: return nil
        case .string(let text): return text
        default: throw failure("\(object).\(name)", "it has to be a string or null")
        }
    }
}

extension [UInt8] {
    /// Appends a string as JSON, or null.
    mutating func appendJSON(_ text: String?) {
        guard let text else { return append(contentsOf: "null".utf8) }
        append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                append(contentsOf: (digits.utf8.count == 1 ? "\\u000\(digits)" : "\\u00\(digits)").utf8)
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }
}
