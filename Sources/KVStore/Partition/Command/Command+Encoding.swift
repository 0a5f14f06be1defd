internal import Raft

/// The bytes of a command, as they stand in the log. Operations have version 1, steps of transactions version 2:
///
///     version: 1 byte │ id: 16 bytes │ minted at: number │ operations: number │ operation … │ later fields
///     version: 1 byte │ id: 16 bytes │ minted at: number │ step, see ``TransactionCommand`` │ later fields
///
///     put              1  key  value
///     delete           2  key
///     compare and set  3  key  expected  new        `expected`, `new` and `up to`: a byte 0, or a byte 1 and a string
///     delete range     4  from  up to
///
/// A string is its length as a number and then its bytes; a number stands in groups of seven bits, the lowest first.
/// A change that older programs may ignore becomes a later field; every other one needs a new version.
extension Command {
    static let operationsVersion: UInt8 = 1
    static let transactionVersion: UInt8 = 2

    fileprivate enum Tag {
        static let put: UInt8 = 1
        static let delete: UInt8 = 2
        static let compareAndSet: UInt8 = 3
        static let deleteRange: UInt8 = 4
    }

    /// The command's bytes.
    ///
    /// - Throws: the first field that exceeds ``CommandLimits`` or makes no sense.
    public func encoded() throws(FieldError) -> [UInt8] {
        guard mintedAt <= .max else { throw FieldError("minted at", "must be at most \(LogIndex.max)") }
        let bytes =
            switch content {
            case .operations(let operations): try encode(operations)
            case .transaction(let step): try encode(step)
            }
        guard bytes.count <= CommandLimits.commandBytes else {
            throw FieldError("command", "must be at most \(CommandLimits.commandBytes) bytes")
        }
        return bytes
    }

    private func encode(_ operations: [Operation]) throws(FieldError) -> [UInt8] {
        guard !operations.isEmpty else { throw FieldError("operations", "must be at least 1") }
        guard operations.count <= CommandLimits.operations else {
            throw FieldError("operations", "must be at most \(CommandLimits.operations)")
        }
        var sizeBytes = 40
        for operation in operations {
            try operation.validate()
            sizeBytes += operation.mostBytes
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(sizeBytes)
        bytes.append(Self.operationsVersion)
        bytes.appendFixed(id.rawValue)
        bytes.appendNumber(mintedAt.rawValue)
        bytes.appendNumber(operations.count)
        for operation in operations { operation.encode(into: &bytes) }
        return bytes
    }

    private func encode(_ step: TransactionCommand) throws(FieldError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(Self.transactionVersion)
        bytes.appendFixed(id.rawValue)
        bytes.appendNumber(mintedAt.rawValue)
        try step.encode(into: &bytes)
        return bytes
    }

    /// Reads a command. Operations share the memory of `bytes`.
    ///
    /// - Throws: the first field that is not as ``encoded()`` writes it.
    public init(encoded bytes: [UInt8]) throws(FieldError) {
        guard bytes.count <= CommandLimits.commandBytes else {
            throw FieldError("command", "must be at most \(CommandLimits.commandBytes) bytes")
        }
        var reader = FieldReader(bytes)
        let version = try reader.version("command version", upTo: Self.transactionVersion)
        let id = CommandID(try reader.fixed("id", as: UInt128.self))
        let mintedAt = try reader.index("minted at")
        let content: Content =
            version == Self.operationsVersion
            ? .operations(try reader.operations()) : .transaction(try TransactionCommand(from: &reader))
        try reader.skipLaterFields()
        self.init(id: id, mintedAt: mintedAt, content)
    }
}

extension FieldReader {
    fileprivate mutating func operations() throws(FieldError) -> [Command.Operation] {
        let count = try count("operations", upTo: CommandLimits.operations)
        guard count > 0 else { throw FieldError("operations", "must be at least 1") }
        var operations: [Command.Operation] = []
        // The shortest operation takes two bytes: a count that the bytes cannot hold reserves nothing.
        operations.reserveCapacity(min(count, remaining / 2))
        for _ in 0..<count { operations.append(try Command.Operation(from: &self)) }
        return operations
    }
}

extension Command.Operation {
    fileprivate func validate() throws(FieldError) {
        switch self {
        case .put(let key, let value):
            try Self.check(key: key)
            try Self.check(value: value)
        case .delete(let key):
            try Self.check(key: key)
        case .compareAndSet(let key, let expected, let new):
            try Self.check(key: key)
            if let expected { try Self.check(value: expected) }
            if let new { try Self.check(value: new) }
        case .deleteRange(let from, let upTo):
            try Self.check(key: from)
            if let upTo { try Self.check(key: upTo) }
            try Self.check(from: from, upTo: upTo)
        }
    }

    private static func check(key: ArraySlice<UInt8>) throws(FieldError) {
        guard key.count <= CommandLimits.keyBytes else {
            throw FieldError("key", "must be at most \(CommandLimits.keyBytes) bytes")
        }
    }

    private static func check(value: ArraySlice<UInt8>) throws(FieldError) {
        guard value.count <= CommandLimits.valueBytes else {
            throw FieldError("value", "must be at most \(CommandLimits.valueBytes) bytes")
        }
    }

    private static func check(from: ArraySlice<UInt8>, upTo: ArraySlice<UInt8>?) throws(FieldError) {
        if let upTo, KeyOrder.compare(from, upTo) > 0 { throw FieldError("up to", "must not be before from") }
    }

    /// An upper bound of the encoded size: a tag, two marks and three lengths besides the strings.
    fileprivate var mostBytes: Int {
        switch self {
        case .put(let key, let value): 16 + key.count + value.count
        case .delete(let key): 16 + key.count
        case .compareAndSet(let key, let expected, let new): 16 + key.count + (expected?.count ?? 0) + (new?.count ?? 0)
        case .deleteRange(let from, let upTo): 16 + from.count + (upTo?.count ?? 0)
        }
    }

    fileprivate func encode(into bytes: inout [UInt8]) {
        switch self {
        case .put(let key, let value):
            bytes.append(Command.Tag.put)
            bytes.appendString(key)
            bytes.appendString(value)
        case .delete(let key):
            bytes.append(Command.Tag.delete)
            bytes.appendString(key)
        case .compareAndSet(let key, let expected, let new):
            bytes.append(Command.Tag.compareAndSet)
            bytes.appendString(key)
            bytes.appendOptionalString(expected)
            bytes.appendOptionalString(new)
        case .deleteRange(let from, let upTo):
            bytes.append(Command.Tag.deleteRange)
            bytes.appendString(from)
            bytes.appendOptionalString(upTo)
        }
    }

    fileprivate init(from reader: inout FieldReader) throws(FieldError) {
        switch try reader.byte("operation") {
        case Command.Tag.put:
            let key = try reader.string("key", upTo: CommandLimits.keyBytes)
            self = .put(key: key, value: try reader.string("value", upTo: CommandLimits.valueBytes))
        case Command.Tag.delete:
            self = .delete(key: try reader.string("key", upTo: CommandLimits.keyBytes))
        case Command.Tag.compareAndSet:
            let key = try reader.string("key", upTo: CommandLimits.keyBytes)
            let expected = try reader.optionalString("expected", upTo: CommandLimits.valueBytes)
            let new = try reader.optionalString("new", upTo: CommandLimits.valueBytes)
            self = .compareAndSet(key: key, expected: expected, new: new)
        case Command.Tag.deleteRange:
            let from = try reader.string("from", upTo: CommandLimits.keyBytes)
            let upTo = try reader.optionalString("up to", upTo: CommandLimits.keyBytes)
            try Self.check(from: from, upTo: upTo)
            self = .deleteRange(from: from, upTo: upTo)
        case let tag:
            throw FieldError("operation", "\(tag) is none of this version")
        }
    }
}

extension FieldReader {
    /// A string, or its absence.
    mutating func optionalString(
        _ field: String,
        upTo limitBytes: Int
    ) throws(FieldError) -> ArraySlice<UInt8>? {
        guard try flag(field) else { return nil }
        return try string(field, upTo: limitBytes)
    }
}

extension [UInt8] {
    /// Appends a length and as many bytes.
    mutating func appendString(_ string: ArraySlice<UInt8>) {
        appendNumber(string.count)
        append(contentsOf: string)
    }

    /// Appends a string, or its absence.
    mutating func appendOptionalString(_ string: ArraySlice<UInt8>?) {
        append(string == nil ? 0 : 1)
        if let string { appendString(string) }
    }
}
