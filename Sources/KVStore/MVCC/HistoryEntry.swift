/// What a key had before, newest first, so that a look for a timestamp finds what was there:
///
///     escaped key │ timestamp, all bits turned: 8 bytes │ kind: 1 byte
///
///     0 tombstone     nothing was there from then on
///     1 bytes         the value
///     2 counter end   sum │ born │ base: a counter as it was when something else took its place, under the timestamp
///                     of its last addition
///     3 addition      delta │ bounds
///
/// An addition has a row of its own and changes no other, so one with a smaller timestamp than the newest is just one
/// more row. The value of a counter at a timestamp is its sum, without the additions behind the timestamp:
///
///     current     sum 12, at 40
///     history     40: +2   30: +5   25: +4   20: +1          at 30: 12 − 2 = 10          at 27: 12 − 2 − 5 = 5
struct HistoryEntry: Hashable {
    let timestamp: Timestamp
    let content: Content

    enum Content: Hashable {
        case tombstone
        case bytes(ArraySlice<UInt8>)
        case counterEnd(CounterState)
        case addition(TransactionDraft.Addition)
    }

    private enum Tag {
        static let tombstone: UInt8 = 0
        static let bytes: UInt8 = 1
        static let counterEnd: UInt8 = 2
        static let addition: UInt8 = 3
    }

    /// Turned timestamp and kind.
    private static let suffixBytes = 9

    init(_ content: Content, _ timestamp: Timestamp) {
        self.content = content
        self.timestamp = timestamp
    }

    /// Reads what an iterator stands on, somewhere in the history.
    init(_ iterator: any EngineIterator) throws(FieldError) {
        let suffix = iterator.withKey { [UInt8](copying: $0.extracting(last: Self.suffixBytes)) }
        try self.init(suffix: suffix[...], value: iterator.value[...])
    }

    /// Reads a row, of its key what stands behind the user's.
    init(suffix: ArraySlice<UInt8>, value: ArraySlice<UInt8>) throws(FieldError) {
        var reader = FieldReader(suffix)
        timestamp = Timestamp(~(try reader.ordered("history timestamp", as: UInt64.self)))
        let tag = try reader.byte("history kind")
        try reader.expectEnd("history key")
        var fields = FieldReader(value)
        switch tag {
        case Tag.bytes:
            content = .bytes(value)
            return
        case Tag.tombstone: content = .tombstone
        case Tag.counterEnd: content = .counterEnd(try CounterState(from: &fields))
        case Tag.addition: content = .addition(try fields.addition())
        default: throw FieldError("history kind", "\(tag) is none of this version")
        }
        try fields.expectEnd("history")
    }

    private var tag: UInt8 {
        switch content {
        case .tombstone: Tag.tombstone
        case .bytes: Tag.bytes
        case .counterEnd: Tag.counterEnd
        case .addition: Tag.addition
        }
    }

    /// Its key, behind that of the user's key.
    func key(behind escaped: [UInt8]) -> [UInt8] {
        var key = Self.seekKey(escaped, at: timestamp)
        key.append(tag)
        return key
    }

    var value: [UInt8] {
        var bytes: [UInt8] = []
        switch content {
        case .tombstone: break
        case .bytes(let value): bytes = Array(value)
        case .counterEnd(let counter): counter.encode(into: &bytes)
        case .addition(let addition): bytes.appendAddition(addition)
        }
        return bytes
    }

    /// Before everything that the key had at or before a timestamp, and behind everything newer.
    static func seekKey(_ escaped: [UInt8], at timestamp: Timestamp) -> [UInt8] {
        var key = escaped
        key.appendOrdered(~timestamp.rawValue)
        return key
    }

    /// The user's key of a row, and what stands behind it. The row's key comes without the partition's prefix.
    static func parse(_ key: ArraySlice<UInt8>) throws(FieldError) -> (key: [UInt8], suffix: ArraySlice<UInt8>) {
        var reader = FieldReader(key.dropFirst())
        let user = try reader.escapedKey("history key", upTo: TransactionLimits.keyBytes)
        return (user, try reader.take(reader.remaining, "history key"))
    }
}
