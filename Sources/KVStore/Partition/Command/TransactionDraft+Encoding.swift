/// The bytes of a draft:
///
///     start: 0, or 1 and a timestamp │ how many reads │ key … │ how many ranges │ lower upper …
///     how many checks │ key condition … │ how many changes │ key change …
///
///     condition   1 exists │ 2 is absent │ 3 has version, and a timestamp
///     change      1 put, value │ 2 insert, value │ 3 delete │ 4 add, addition
///     addition    delta: 8 bytes │ 1 for a floor + 2 for a ceiling │ floor: 8 bytes │ ceiling: 8 bytes
extension TransactionDraft {
    private enum ConditionTag {
        static let exists: UInt8 = 1
        static let isAbsent: UInt8 = 2
        static let hasVersion: UInt8 = 3
    }

    func encode(into bytes: inout [UInt8]) throws(FieldError) {
        try validate()
        bytes.append(start == nil ? 0 : 1)
        if let start { bytes.appendTimestamp(start) }
        bytes.appendNumber(reads.count)
        for key in reads { bytes.appendString(key[...]) }
        bytes.appendNumber(ranges.count)
        for range in ranges {
            bytes.appendString(range.lower[...])
            bytes.appendString(range.upper[...])
        }
        bytes.appendNumber(checks.count)
        for check in checks {
            bytes.appendString(check.key[...])
            switch check.condition {
            case .exists: bytes.append(ConditionTag.exists)
            case .isAbsent: bytes.append(ConditionTag.isAbsent)
            case .hasVersion(let version):
                bytes.append(ConditionTag.hasVersion)
                bytes.appendTimestamp(version)
            }
        }
        bytes.appendNumber(changes.count)
        for change in changes {
            bytes.appendString(change.key[...])
            bytes.appendChange(change.kind)
        }
    }

    init(from reader: inout FieldReader) throws(FieldError) {
        let limit = TransactionLimits.operations
        self.init(start: try reader.flag("start") ? try reader.timestamp("start") : nil)
        for _ in 0..<(try reader.count("reads", upTo: limit)) { reads.append(try reader.key("reads")) }
        for _ in 0..<(try reader.count("ranges", upTo: limit)) {
            let lower = try reader.key("ranges")
            let upper = try reader.key("ranges")
            guard KeyOrder.compare(lower, upper) <= 0 else {
                throw FieldError("ranges", "must not end before they begin")
            }
            ranges.append(KeyRange(lower, upper))
        }
        for _ in 0..<(try reader.count("checks", upTo: limit)) {
            let key = try reader.key("checks")
            checks.append(Check(key: key, try Self.condition(from: &reader)))
        }
        for _ in 0..<(try reader.count("changes", upTo: limit)) {
            let key = try reader.key("changes")
            changes.append(Change(key: key, try reader.change()))
        }
        try validate()
    }

    private static func condition(from reader: inout FieldReader) throws(FieldError) -> Condition {
        switch try reader.byte("condition") {
        case ConditionTag.exists: .exists
        case ConditionTag.isAbsent: .isAbsent
        case ConditionTag.hasVersion: .hasVersion(try reader.timestamp("version"))
        case let tag: throw FieldError("condition", "\(tag) is none of this version")
        }
    }
}

private enum ChangeTag {
    static let put: UInt8 = 1
    static let insert: UInt8 = 2
    static let delete: UInt8 = 3
    static let add: UInt8 = 4
}

extension [UInt8] {
    mutating func appendChange(_ kind: TransactionDraft.Change.Kind) {
        switch kind {
        case .put(let value):
            append(ChangeTag.put)
            appendString(value[...])
        case .insert(let value):
            append(ChangeTag.insert)
            appendString(value[...])
        case .delete:
            append(ChangeTag.delete)
        case .add(let addition):
            append(ChangeTag.add)
            appendAddition(addition)
        }
    }

    mutating func appendAddition(_ addition: TransactionDraft.Addition) {
        appendFixed(addition.delta)
        append((addition.floor == nil ? 0 : 1) + (addition.ceiling == nil ? 0 : 2))
        if let floor = addition.floor { appendFixed(floor) }
        if let ceiling = addition.ceiling { appendFixed(ceiling) }
    }
}

extension FieldReader {
    mutating func change() throws(FieldError) -> TransactionDraft.Change.Kind {
        let limit = TransactionLimits.valueBytes
        switch try byte("change") {
        case ChangeTag.put: return .put(Array(try string("value", upTo: limit)))
        case ChangeTag.insert: return .insert(Array(try string("value", upTo: limit)))
        case ChangeTag.delete: return .delete
        case ChangeTag.add: return .add(try addition())
        case let tag: throw FieldError("change", "\(tag) is none of this version")
        }
    }

    mutating func addition() throws(FieldError) -> TransactionDraft.Addition {
        let delta = try fixed("delta", as: Int64.self)
        let bounds = try byte("bounds")
        guard bounds <= 3 else { throw FieldError("bounds", "must be at most 3") }
        let floor = bounds & 1 == 0 ? nil : try fixed("floor", as: Int64.self)
        let ceiling = bounds & 2 == 0 ? nil : try fixed("ceiling", as: Int64.self)
        return TransactionDraft.Addition(delta, floor: floor, ceiling: ceiling)
    }
}
