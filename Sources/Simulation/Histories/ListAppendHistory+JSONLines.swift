// List-append histories as JSON lines, an event each, in order of time:
//
//     {"p":0,"type":"invoke","t":0,"value":[["append","x",1],["r","y",null]]}
//     {"p":0,"type":"ok","t":10,"value":[["append","x",1],["r","y",[3,4]]]}
//
// A question is answered by the next event of its client: `ok`, `fail`, or `info` where the outcome is unknown, as it is
// where no answer comes.

extension ListAppendHistory {
    /// The history that JSON lines hold.
    public init(jsonLines: [UInt8]) throws(HistoryFormatError) {
        self.init()
        var open: [Int64: Int] = [:]
        var elements: [String: Set<Int64>] = [:]
        var lastNs = Int64.min
        try HistoryLine.forEach(in: jsonLines) { line throws(HistoryFormatError) in
            let client = try line.integer("p")
            let nowNs = try line.integer("t")
            let operations = try line.listOperations()
            guard nowNs >= lastNs else { throw line.failure("t", "it is before the line before it") }
            lastNs = nowNs
            guard case .string(let type) = try line.field("type") else {
                throw line.failure("type", "it has to be a string")
            }
            if type == "invoke" {
                guard open[client] == nil else { throw line.failure("p", "its last question is not answered") }
                for case .append(let key, let element) in operations
                where !elements[key, default: []].insert(element).inserted {
                    throw line.failure("value", "\(element) is appended to \(key) twice")
                }
                open[client] = invoke(client: Int(client), operations, at: nowNs)
                return
            }
            guard let place = open.removeValue(forKey: client) else {
                throw line.failure("p", "it has not asked anything")
            }
            guard transactions[place].operations.matches(operations) else {
                throw line.failure("value", "it is another transaction than the one that was asked for")
            }
            switch type {
            case "ok": complete(place, operations, .committed, at: nowNs)
            case "fail": complete(place, transactions[place].operations, .failed, at: nowNs)
            case "info": complete(place, transactions[place].operations, .unknown, at: nowNs)
            default: throw line.failure("type", "it has to be \"invoke\", \"ok\", \"fail\" or \"info\"")
            }
        }
    }

    /// The history as JSON lines: the same bytes for the same events.
    public var jsonLines: [UInt8] {
        var events: [(at: Int, place: Int, isAnswer: Bool)] = []
        for (place, transaction) in transactions.enumerated() {
            events.append((transaction.invokedAt, place, false))
            if let at = transaction.returnedAt { events.append((at, place, true)) }
        }
        events.sort { $0.at < $1.at }
        var bytes: [UInt8] = []
        for event in events { transactions[event.place].append(isAnswer: event.isAnswer, to: &bytes) }
        return bytes
    }
}

extension HistoryLine {
    fileprivate func listOperations() throws(HistoryFormatError) -> [ListAppendHistory.Operation] {
        guard case .array(let parts) = try field("value") else { throw failure("value", "it has to be an array") }
        var operations: [ListAppendHistory.Operation] = []
        for part in parts { operations.append(try operation(part)) }
        return operations
    }

    private func operation(_ part: JSONValue) throws(HistoryFormatError) -> ListAppendHistory.Operation {
        guard case .array(let words) = part, words.count == 3, case .string(let name) = words[0] else {
            throw failure("value", "it has to hold [\"append\", key, number] and [\"r\", key, list]")
        }
        let key: String
        switch words[1] {
        case .string(let text): key = text
        case .integer(let number): key = "\(number)"
        default: throw failure("value", "a key is a string")
        }
        switch (name, words[2]) {
        case ("append", .integer(let element)): return .append(key: key, element: element)
        case ("r", .null): return .read(key: key, nil)
        case ("r", .array(let list)):
            var elements: [Int64] = []
            for value in list {
                guard case .integer(let element) = value else { throw failure("value", "elements are whole numbers") }
                elements.append(element)
            }
            return .read(key: key, elements)
        default: throw failure("value", "it has to hold [\"append\", key, number] and [\"r\", key, list]")
        }
    }
}

extension [ListAppendHistory.Operation] {
    /// Whether these could be what became of those that were asked for.
    fileprivate func matches(_ others: [ListAppendHistory.Operation]) -> Bool {
        guard count == others.count else { return false }
        return zip(self, others).allSatisfy { own, other in
            switch (own, other) {
            case (.append, .append): own == other
            case (.read(let key, _), .read(let otherKey, _)): key == otherKey
            default: false
            }
        }
    }
}

extension ListAppendHistory.Transaction {
    fileprivate func append(isAnswer: Bool, to bytes: inout [UInt8]) {
        let type =
            switch outcome {
            case _ where !isAnswer: "invoke"
            case .committed: "ok"
            case .failed: "fail"
            case .unknown: "info"
            }
        let timeNs = isAnswer ? returnedNs ?? invokedNs : invokedNs
        bytes.append(contentsOf: "{\"p\":\(client),\"type\":\"\(type)\",\"t\":\(timeNs),\"value\":[".utf8)
        for (place, operation) in operations.enumerated() {
            if place > 0 { bytes.append(UInt8(ascii: ",")) }
            switch operation {
            case .append(let key, let element):
                bytes.append(contentsOf: "[\"append\",".utf8)
                bytes.appendJSON(key)
                bytes.append(contentsOf: ",\(element)]".utf8)
            case .read(let key, let list):
                bytes.append(contentsOf: "[\"r\",".utf8)
                bytes.appendJSON(key)
                let known = isAnswer && outcome == .committed ? list : nil
                let text = known.map { "[" + $0.map { "\($0)" }.joined(separator: ",") + "]" } ?? "null"
                bytes.append(contentsOf: ",\(text)]".utf8)
            }
        }
        bytes.append(contentsOf: "]}\n".utf8)
    }
}
