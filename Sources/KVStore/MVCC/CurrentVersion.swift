/// What a key has at last: one row a key, so that one look tells it.
///
///     kind: 1 byte │ timestamp: 8 bytes │ content
///
///     0 tombstone   nothing. It stays until nothing older is left that it would uncover.
///     1 bytes       the value
///     2 counter     sum: 8 bytes │ born: 8 bytes │ base: 8 bytes
///
/// A counter's timestamp is that of its last addition in the order of timestamps; it may not be the one that came last.
struct CurrentVersion: Hashable {
    let timestamp: Timestamp
    let kind: Kind

    enum Kind: Hashable {
        case tombstone
        /// The value itself is not read with the rest.
        case bytes
        case counter(CounterState)
    }

    private enum Tag {
        static let tombstone: UInt8 = 0
        static let bytes: UInt8 = 1
        static let counter: UInt8 = 2
    }

    /// How many bytes stand before a value.
    static let headerBytes = 9

    init(_ kind: Kind, _ timestamp: Timestamp) {
        self.kind = kind
        self.timestamp = timestamp
    }

    /// Reads a row; of bytes only that they are there.
    init(row: ArraySlice<UInt8>) throws(FieldError) {
        var reader = FieldReader(row)
        let tag = try reader.byte("version kind")
        timestamp = try reader.timestamp("version timestamp")
        switch tag {
        case Tag.tombstone: kind = .tombstone
        case Tag.bytes:
            kind = .bytes
            return
        case Tag.counter: kind = .counter(try CounterState(from: &reader))
        case let tag: throw FieldError("version kind", "\(tag) is none of this version")
        }
        try reader.expectEnd("version")
    }

    /// The same, without copying a value.
    init(row: Span<UInt8>) throws(FieldError) {
        let short = [UInt8](copying: row.extracting(first: Self.headerBytes + CounterState.sizeBytes + 1))
        try self.init(row: short[...])
    }

    /// The row of a tombstone or a counter.
    var row: [UInt8] {
        switch kind {
        case .tombstone: return Self.header(Tag.tombstone, timestamp, room: 0)
        case .counter(let counter):
            var row = Self.header(Tag.counter, timestamp, room: CounterState.sizeBytes)
            counter.encode(into: &row)
            return row
        case .bytes: preconditionFailure("the row of bytes is made of them")
        }
    }

    /// The row of bytes.
    static func row(_ value: [UInt8], _ timestamp: Timestamp) -> [UInt8] {
        var row = header(Tag.bytes, timestamp, room: value.count)
        row.append(contentsOf: value)
        return row
    }

    private static func header(_ tag: UInt8, _ timestamp: Timestamp, room: Int) -> [UInt8] {
        var row: [UInt8] = []
        row.reserveCapacity(headerBytes + room)
        row.append(tag)
        row.appendTimestamp(timestamp)
        return row
    }

    static func isTombstone(_ row: Span<UInt8>) -> Bool { row.count > 0 && row[0] == Tag.tombstone }

    /// True where the key has something.
    var exists: Bool { kind != .tombstone }

    /// What readers are told: nil for a tombstone.
    func entry(row: ArraySlice<UInt8>) -> StoredEntry? {
        switch kind {
        case .tombstone: nil
        case .bytes: StoredEntry(.bytes(Array(row.dropFirst(Self.headerBytes))), version: timestamp)
        case .counter(let counter): StoredEntry(.counter(counter.sum), version: timestamp)
        }
    }
}

/// A counter between the exclusive writes before and behind it.
struct CounterState: Hashable {
    /// Of all additions.
    var sum: Int64
    /// The least timestamp of its additions: below it there was something else, or nothing.
    var born: Timestamp
    /// The write that it follows, zero if there was none: an addition lies above it.
    let base: Timestamp

    static let sizeBytes = 24

    func encode(into bytes: inout [UInt8]) {
        bytes.appendFixed(sum)
        bytes.appendTimestamp(born)
        bytes.appendTimestamp(base)
    }

    init(sum: Int64, born: Timestamp, base: Timestamp) {
        self.sum = sum
        self.born = born
        self.base = base
    }

    init(from reader: inout FieldReader) throws(FieldError) {
        sum = try reader.fixed("sum", as: Int64.self)
        born = try reader.timestamp("born")
        base = try reader.timestamp("base")
    }
}
