// Histories of transactions over numbers as JSON lines, one transaction each:
//
//     {"p":0,"call":0,"ret":10,"op":{"t":[["w","a",100],["r","b"]]},"out":{"ok":true,"r":{"b":null}}}
//     {"p":1,"call":5,"ret":null,"op":{"t":[["add","a",-80,0],["add","e",80]]},"out":{}}
//
// The fourth word of `add` is a floor. A transaction that is not ok has had no effect; `"why":"bound"` says that a
// floor was in its way, and that is held to be true.

extension History<TransactionOperation> {
    /// The history that JSON lines hold.
    ///
    /// Empty lines and fields without a meaning here are passed over, and so is what a transaction without a return
    /// time claims to have been answered.
    public init(jsonLines: [UInt8]) throws(HistoryFormatError) {
        var entries: [Entry] = []
        try HistoryLine.forEach(in: jsonLines) { line throws(HistoryFormatError) in
            entries.append(try line.transactionEntry())
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
    fileprivate func transactionEntry() throws(HistoryFormatError) -> TransactionHistory.Entry {
        let client = try integer("p")
        let callNs = try integer("call")
        let returnNs = try field("ret") == .null ? nil : try integer("ret")
        let operation = try transaction()
        guard let returnNs else {
            return .init(client: Int(client), operation: operation, callNs: callNs, completion: nil)
        }
        guard returnNs >= callNs else { throw failure("ret", "it is before the call") }
        let answer = try answer(to: operation)
        let completion = TransactionHistory.Entry.Completion(answer: answer, returnNs: returnNs)
        return .init(client: Int(client), operation: operation, callNs: callNs, completion: completion)
    }

    private func transaction() throws(HistoryFormatError) -> TransactionOperation {
        guard case .array(let parts) = try field("op", "t") else { throw failure("op.t", "it has to be an array") }
        var actions: [TransactionOperation.Action] = []
        for part in parts { actions.append(try action(part)) }
        return TransactionOperation(actions)
    }

    private func action(_ part: JSONValue) throws(HistoryFormatError) -> TransactionOperation.Action {
        if case .array(let words) = part, words.count >= 2,
            case .string(let name) = words[0], case .string(let key) = words[1]
        {
            switch (name, words.count) {
            case ("r", 2): return .read(key: key)
            case ("w", 3):
                if case .integer(let number) = words[2] { return .write(key: key, number) }
            case ("add", 3):
                if case .integer(let delta) = words[2] { return .add(key: key, delta: delta, floor: nil) }
            case ("add", 4):
                guard case .integer(let delta) = words[2] else { break }
                if case .null = words[3] { return .add(key: key, delta: delta, floor: nil) }
                if case .integer(let floor) = words[3] { return .add(key: key, delta: delta, floor: floor) }
            default: break
            }
        }
        throw failure("op.t", "it has to hold [\"r\", key], [\"w\", key, number] and [\"add\", key, delta, floor]")
    }

    private func answer(to operation: TransactionOperation) throws(HistoryFormatError) -> TransactionOperation.Answer {
        guard case .bool(let isCommitted) = try field("out", "ok") else {
            throw failure("out.ok", "it has to be true or false")
        }
        guard isCommitted else { return .refused(isBound: root["out"]?["why"] == .string("bound")) }
        var reads: [String: Int64?] = [:]
        for case .read(let key) in operation.actions {
            switch try field("out", "r", key) {
            case .null: reads[key] = .some(nil)
            case .integer(let number): reads[key] = number
            default: throw failure("out.r.\(key)", "it has to be a whole number or null")
            }
        }
        return .committed(reads: reads)
    }
}

extension TransactionHistory.Entry {
    fileprivate func append(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "{\"p\":\(client),\"call\":\(callNs),\"ret\":".utf8)
        bytes.append(contentsOf: (completion.map { "\($0.returnNs)" } ?? "null").utf8)
        bytes.append(contentsOf: ",\"op\":{\"t\":[".utf8)
        for (place, action) in operation.actions.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            let (name, numbers): (String, [Int64?]) =
                switch action {
                case .read: ("r", [])
                case .write(_, let value): ("w", [value])
                case .add(_, let delta, let floor): ("add", [delta, floor])
                }
            bytes.append(contentsOf: "[\"\(name)\",".utf8)
            bytes.appendJSON(action.key)
            for number in numbers { bytes.append(contentsOf: ",\(number.map { "\($0)" } ?? "null")".utf8) }
            bytes.append(UInt8(ascii: "]"))
        }
        bytes.append(contentsOf: "]},\"out\":{".utf8)
        switch completion?.answer {
        case nil: break
        case .refused(let isBound): bytes.append(contentsOf: "\"ok\":false\(isBound ? ",\"why\":\"bound\"" : "")".utf8)
        case .committed(let reads):
            bytes.append(contentsOf: "\"ok\":true,\"r\":{".utf8)
            for (place, read) in reads.sorted(by: { $0.key < $1.key }).enumerated() {
                if place > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.appendJSON(read.key)
                bytes.append(contentsOf: ":\(read.value.map { "\($0)" } ?? "null")".utf8)
            }
            bytes.append(UInt8(ascii: "}"))
        }
        bytes.append(contentsOf: "}}\n".utf8)
    }
}
