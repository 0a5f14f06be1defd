/// The bytes of a draft, in requests between nodes and in commands:
///
///     start │ how many reads, key … │ how many ranges, lower, upper … │ how many checks, key, condition … │ how many changes, key, change …
///
///     start        0, or 1 and 8 bytes           condition   0 exists, 1 absent, 2 version and 8 bytes
///     change       1 put, value  2 insert, value  3 delete  4 add, delta 8 bytes, bounds
///     bounds       0 none, 1 floor, 2 ceiling, 3 both; 8 bytes each
///
/// Keys and values are lengths and bytes.
extension TransactionDraft {
    private enum Tag {
        static let put: UInt8 = 1
        static let insert: UInt8 = 2
        static let delete: UInt8 = 3
        static let add: UInt8 = 4
    }

    /// Appends the draft's bytes.
    func encode(into bytes: inout [UInt8]) {
        bytes.appendTimestamp(start)
        bytes.appendKeys(reads)
        bytes.appendNumber(ranges.count)
        for range in ranges {
            bytes.appendString(range.lower[...])
            bytes.appendString(range.upper[...])
        }
        bytes.appendNumber(checks.count)
        for check in checks {
            bytes.appendString(check.key[...])
            switch check.condition {
            case .exists: bytes.append(0)
            case .isAbsent: bytes.append(1)
            case .hasVersion(let version):
                bytes.append(2)
                bytes.appendFixed(version.rawValue)
            }
        }
        bytes.appendNumber(changes.count)
        for change in changes {
            bytes.appendString(change.key[...])
            Self.encode(change.kind, into: &bytes)
        }
    }

    private static func encode(_ kind: Change.Kind, into bytes: inout [UInt8]) {
        switch kind {
        case .put(let value):
            bytes.append(Tag.put)
            bytes.appendString(value[...])
        case .insert(let value):
            bytes.append(Tag.insert)
            bytes.appendString(value[...])
        case .delete:
            bytes.append(Tag.delete)
        case .add(let addition):
            bytes.append(Tag.add)
            bytes.appendFixed(addition.delta)
            bytes.append((addition.floor == nil ? 0 : 1) | (addition.ceiling == nil ? 0 : 2))
            if let floor = addition.floor { bytes.appendFixed(floor) }
            if let ceiling = addition.ceiling { bytes.appendFixed(ceiling) }
        }
    }

    /// Reads a draft.
    ///
    /// - Throws: the first field that is not as ``encode(into:)`` writes it, or that exceeds ``TransactionLimits``.
    init(from reader: inout FieldReader) throws(FieldError) {
        self.init(start: try reader.optionalTimestamp("start"))
        reads = try reader.keys("reads")
        let ranges = try reader.count("ranges", upTo: TransactionLimits.operations)
        for _ in 0..<ranges {
            let lower = try reader.key("range")
            let upper = try reader.key("range")
            guard KeyOrder.compare(lower, upper) <= 0 else {
                throw FieldError("range", "must not end before it begins")
            }
            self.ranges.append(KeyRange(lower, upper))
        }
        let checks = try reader.count("checks", upTo: TransactionLimits.operations)
        for _ in 0..<checks {
            let key = try reader.key("check")
            self.checks.append(Check(key: key, try Self.condition(&reader)))
        }
        let changes = try reader.count("changes", upTo: TransactionLimits.operations)
        for _ in 0..<changes {
            let key = try reader.key("change")
            self.changes.append(Change(key: key, try Self.kind(&reader)))
        }
    }

    private static func condition(_ reader: inout FieldReader) throws(FieldError) -> Condition {
        switch try reader.byte("condition") {
        case 0: .exists
        case 1: .isAbsent
        case 2: .hasVersion(Timestamp(try reader.fixed("version", as: UInt64.self)))
        case let tag: throw FieldError("condition", "\(tag) is none of this version")
        }
    }

    private static func kind(_ reader: inout FieldReader) throws(FieldError) -> Change.Kind {
        switch try reader.byte("change") {
        case Tag.put: return .put(Array(try reader.string("value", upTo: TransactionLimits.valueBytes)))
        case Tag.insert: return .insert(Array(try reader.string("value", upTo: TransactionLimits.valueBytes)))
        case Tag.delete: return .delete
        case Tag.add:
            var addition = Addition(try reader.fixed("delta", as: Int64.self))
            let bounds = try reader.byte("bounds")
            guard bounds <= 3 else { throw FieldError("bounds", "must be from 0 to 3") }
            if bounds & 1 != 0 { addition.floor = try reader.fixed("floor", as: Int64.self) }
            if bounds & 2 != 0 { addition.ceiling = try reader.fixed("ceiling", as: Int64.self) }
            return .add(addition)
        case let tag: throw FieldError("change", "\(tag) is none of this version")
        }
    }
}

extension [UInt8] {
    mutating func appendTimestamp(_ timestamp: Timestamp?) {
        append(timestamp == nil ? 0 : 1)
        if let timestamp { appendFixed(timestamp.rawValue) }
    }

    mutating func appendKeys(_ keys: [[UInt8]]) {
        appendNumber(keys.count)
        for key in keys { appendString(key[...]) }
    }
}

extension FieldReader {
    mutating func timestamp(_ field: String) throws(FieldError) -> Timestamp {
        Timestamp(try fixed(field, as: UInt64.self))
    }

    mutating func optionalTimestamp(_ field: String) throws(FieldError) -> Timestamp? {
        try flag(field) ? try timestamp(field) : nil
    }

    /// A key, or the end of a range, which may be one byte longer.
    mutating func key(_ field: String) throws(FieldError) -> [UInt8] {
        Array(try string(field, upTo: TransactionLimits.keyBytes + 1))
    }

    mutating func keys(_ field: String) throws(FieldError) -> [[UInt8]] {
        let count = try count(field, upTo: TransactionLimits.operations)
        var keys: [[UInt8]] = []
        keys.reserveCapacity(Swift.min(count, remaining))
        for _ in 0..<count { keys.append(try key(field)) }
        return keys
    }

    mutating func transactionID(_ field: String) throws(FieldError) -> TransactionID {
        TransactionID(try fixed(field, as: UInt128.self))
    }

    mutating func age(_ field: String) throws(FieldError) -> TransactionAge {
        let milliseconds = try fixed(field, as: UInt64.self)
        return TransactionAge(milliseconds: milliseconds, tieBreak: try fixed(field, as: UInt64.self))
    }
}

extension [UInt8] {
    mutating func appendAge(_ age: TransactionAge) {
        appendFixed(age.milliseconds)
        appendFixed(age.tieBreak)
    }
}
