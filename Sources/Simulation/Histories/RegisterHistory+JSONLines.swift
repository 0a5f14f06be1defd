// Histories of registers as JSON lines, one operation each, in the form that other checkers read too:
//
//     {"p":0,"call":0,"ret":10,"op":{"f":"put","k":"x","v":"1"},"out":{}}
//     {"p":1,"call":5,"ret":null,"op":{"f":"cas","k":"x","e":"1","v":"2"},"out":{}}
//     {"p":2,"call":20,"ret":30,"op":{"f":"get","k":"x"},"out":{"v":null}}

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

extension History<RegisterOperation> {
    /// The history that JSON lines hold.
    ///
    /// Empty lines and fields without a meaning here are passed over, and so is what an operation without a return
    /// time claims to have been answered.
    public init(jsonLines: [UInt8]) throws(HistoryFormatError) {
        var entries: [Entry] = []
        var start = 0
        var line = 0
        while start < jsonLines.count {
            line += 1
            let end = jsonLines[start...].firstIndex(of: UInt8(ascii: "\n")) ?? jsonLines.count
            let text = jsonLines[start..<end]
            start = end + 1
            if text.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            entries.append(try RegisterLine(text, line: line).entry())
        }
        self.init(entries: entries)
    }

    /// The history as JSON lines: the same bytes for the same entries.
    public var jsonLines: [UInt8] {
        var bytes: [UInt8] = []
        for entry in entries { entry.append(to: &bytes) }
        return bytes
    }
}

/// One line that is being read.
private struct RegisterLine {
    typealias Entry = RegisterHistory.Entry

    let line: Int
    let root: JSONValue

    init(_ text: ArraySlice<UInt8>, line: Int) throws(HistoryFormatError) {
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

    func entry() throws(HistoryFormatError) -> Entry {
        let client = try integer("p")
        let callNs = try integer("call")
        let returnNs = try field("ret") == .null ? nil : try integer("ret")
        let operation = try operation()
        var completion: Entry.Completion?
        if let returnNs {
            guard returnNs >= callNs else { throw failure("ret", "it is before the call") }
            completion = .init(answer: try answer(to: operation.action), returnNs: returnNs)
        }
        return Entry(client: Int(client), operation: operation, callNs: callNs, completion: completion)
    }

    private func operation() throws(HistoryFormatError) -> RegisterOperation {
        guard case .object = try field("op") else { throw failure("op", "it has to be an object") }
        let name = try string("op", "f")
        let key = try string("op", "k")
        switch name {
        case "get": return .init(key: key, action: .get)
        case "put": return .init(key: key, action: .put(try string("op", "v")))
        case "cas":
            let expected = try optionalString("op", "e")
            return .init(key: key, action: .cas(expected: expected, new: try optionalString("op", "v")))
        case "del": return .init(key: key, action: .del)
        default: throw failure("op.f", "it has to be \"get\", \"put\", \"cas\" or \"del\"")
        }
    }

    private func answer(to action: RegisterOperation.Action) throws(HistoryFormatError) -> RegisterOperation.Answer {
        guard case .object = try field("out") else { throw failure("out", "it has to be an object") }
        switch action {
        case .get: return .value(try optionalString("out", "v"))
        case .put, .del: return .done
        case .cas:
            guard case .bool(let swapped) = try field("out", "ok") else {
                throw failure("out.ok", "it has to be true or false")
            }
            return .swapped(swapped)
        }
    }

    private func failure(_ field: String, _ reason: String) -> HistoryFormatError {
        HistoryFormatError(line: line, place: .field(field), reason: reason)
    }

    private func field(_ path: String...) throws(HistoryFormatError) -> JSONValue {
        var value = root
        for name in path {
            guard let member = value[name] else { throw failure(path.joined(separator: "."), "it is missing") }
            value = member
        }
        return value
    }

    private func integer(_ name: String) throws(HistoryFormatError) -> Int64 {
        guard case .integer(let number) = try field(name) else { throw failure(name, "it has to be a whole number") }
        return number
    }

    private func string(_ object: String, _ name: String) throws(HistoryFormatError) -> String {
        guard case .string(let text) = try field(object, name) else {
            throw failure("\(object).\(name)", "it has to be a string")
        }
        return text
    }

    private func optionalString(_ object: String, _ name: String) throws(HistoryFormatError) -> String? {
        switch try field(object, name) {
        case .null: return nil
        case .string(let text): return text
        default: throw failure("\(object).\(name)", "it has to be a string or null")
        }
    }
}

extension RegisterHistory.Entry {
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "{\"p\":\(client),\"call\":\(callNs),\"ret\":".utf8)
        bytes.append(contentsOf: (completion.map { "\($0.returnNs)" } ?? "null").utf8)
        bytes.append(contentsOf: ",\"op\":{\"f\":".utf8)
        switch operation.action {
        case .get: append(name: "get", members: [], to: &bytes)
        case .put(let value): append(name: "put", members: [("v", value)], to: &bytes)
        case .cas(let expected, let new): append(name: "cas", members: [("e", expected), ("v", new)], to: &bytes)
        case .del: append(name: "del", members: [], to: &bytes)
        }
        bytes.append(contentsOf: "},\"out\":{".utf8)
        switch completion?.answer {
        case .value(let value):
            bytes.append(contentsOf: "\"v\":".utf8)
            appendString(value, to: &bytes)
        case .swapped(let swapped): bytes.append(contentsOf: "\"ok\":\(swapped)".utf8)
        case .done, .none: break
        }
        bytes.append(contentsOf: "}}\n".utf8)
    }

    private func append(name: String, members: [(String, String?)], to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "\"\(name)\",\"k\":".utf8)
        appendString(operation.key, to: &bytes)
        for (member, value) in members {
            bytes.append(contentsOf: ",\"\(member)\":".utf8)
            appendString(value, to: &bytes)
        }
    }

    private func appendString(_ text: String?, to bytes: inout [UInt8]) {
        guard let text else { return bytes.append(contentsOf: "null".utf8) }
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes.append(contentsOf: (digits.utf8.count == 1 ? "\\u000\(digits)" : "\\u00\(digits)").utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
