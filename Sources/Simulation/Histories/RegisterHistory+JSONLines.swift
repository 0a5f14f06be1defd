// Histories of registers as JSON lines, one operation each, in the form that other checkers read too:
//
//     {"p":0,"call":0,"ret":10,"op":{"f":"put","k":"x","v":"1"},"out":{}}
//     {"p":1,"call":5,"ret":null,"op":{"f":"cas","k":"x","e":"1","v":"2"},"out":{}}
//     {"p":2,"call":20,"ret":30,"op":{"f":"get","k":"x"},"out":{"v":null}}

extension History<RegisterOperation> {
    /// The history that JSON lines hold.
    ///
    /// Empty lines and fields without a meaning here are passed over, and so is what an operation without a return
    /// time claims to have been answered.
    public init(jsonLines: [UInt8]) throws(HistoryFormatError) {
        var entries: [Entry] = []
        try HistoryLine.forEach(in: jsonLines) { line throws(HistoryFormatError) in
            entries.append(try line.registerEntry())
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

extension HistoryLine {
    fileprivate typealias Entry = RegisterHistory.Entry

    fileprivate func registerEntry() throws(HistoryFormatError) -> Entry {
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
            bytes.appendJSON(value)
        case .swapped(let swapped): bytes.append(contentsOf: "\"ok\":\(swapped)".utf8)
        case .done, .none: break
        }
        bytes.append(contentsOf: "}}\n".utf8)
    }

    private func append(name: String, members: [(String, String?)], to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "\"\(name)\",\"k\":".utf8)
        bytes.appendJSON(operation.key)
        for (member, value) in members {
            bytes.append(contentsOf: ",\"\(member)\":".utf8)
            bytes.appendJSON(value)
        }
    }
}
