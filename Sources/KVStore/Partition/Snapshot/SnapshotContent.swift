internal import Raft

/// Watches over what a snapshot brings: keys ascend and belong where they are, values keep to their limits, nothing is
/// missing at the end. Who sends may be broken, and its data would be this replica's.
struct SnapshotContent {
    private let keys: PartitionKeys
    private var lastKey: ArraySlice<UInt8> = []
    private var remembered = 0
    private var entries: UInt64 = 0
    private var bytes: UInt64 = 0

    init(_ keys: PartitionKeys) { self.keys = keys }

    /// A body of entries in which nothing is wrong.
    struct Checked {
        fileprivate let body: [UInt8]
        /// What is to be watched over behind it.
        let after: SnapshotContent

        /// Calls `visit` with each key, without the partition's prefix, and its value.
        func forEachEntry(
            _ visit: (ArraySlice<UInt8>, ArraySlice<UInt8>) throws(EngineError) -> Void
        ) throws(EngineError) {
            var reader = FieldReader(body)
            while let (key, value) = try? SnapshotContent.nextEntry(&reader) { try visit(key, value) }
        }
    }

    /// Looks at a body of entries.
    func checking(_ body: [UInt8], in state: AppliedState) throws(SnapshotError) -> Checked {
        var after = self
        do {
            try after.check(body, in: state)
        } catch {
            throw .malformed(error)
        }
        return Checked(body: body, after: after)
    }

    /// Looks at the last chunk's body.
    func checkEnd(_ body: [UInt8], in state: AppliedState) throws(SnapshotError) {
        do throws(FieldError) {
            var reader = FieldReader(body)
            guard try reader.number("entries") == entries else {
                throw FieldError("entries", "must be as many as have come")
            }
            guard try reader.number("bytes") == bytes else { throw FieldError("bytes", "must be as many as have come") }
            try reader.skipLaterFields()
            guard remembered == state.rememberedNow else {
                throw FieldError("remembered commands", "must be those that the applied state counts")
            }
        } catch {
            throw .malformed(error)
        }
    }

    private mutating func check(_ body: [UInt8], in state: AppliedState) throws(FieldError) {
        var reader = FieldReader(body)
        guard reader.remaining > 0 else { throw FieldError("body", "must hold an entry") }
        while let (key, value) = try Self.nextEntry(&reader) {
            guard KeyOrder.compare(lastKey, key) < 0 else { throw FieldError("key", "must be behind the one before") }
            switch key.first {
            case PartitionKeys.Space.remembered: try checkRemembered(key, value, in: state)
            case PartitionKeys.Space.user: try Self.checkUser(key, value)
            case let space?: try Self.checkTransactional(space, key, value)
            default: throw FieldError("key", "must be of a kind that this version knows")
            }
            lastKey = key
            entries += 1
            bytes += UInt64(key.count + value.count)
        }
        // The body goes when it has been taken in: keep only this key of it.
        lastKey = Array(lastKey)[...]
    }

    private static func checkUser(_ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) throws(FieldError) {
        guard key.count <= CommandLimits.keyBytes + 1 else {
            throw FieldError("key", "must be at most \(CommandLimits.keyBytes) bytes")
        }
        guard value.count <= CommandLimits.valueBytes else {
            throw FieldError("value", "must be at most \(CommandLimits.valueBytes) bytes")
        }
    }

    /// Versions, records and intents, each of which has to be one.
    private static func checkTransactional(
        _ space: UInt8,
        _ key: ArraySlice<UInt8>,
        _ value: ArraySlice<UInt8>
    ) throws(FieldError) {
        switch space {
        case PartitionKeys.Space.current:
            guard 1...TransactionLimits.keyBytes ~= key.count - 1 else {
                throw FieldError("key", "must be from 1 to \(TransactionLimits.keyBytes) bytes")
            }
            _ = try CurrentVersion(row: value)
        case PartitionKeys.Space.history:
            _ = try HistoryEntry(suffix: try HistoryEntry.parse(key).suffix, value: value)
        case PartitionKeys.Space.records:
            _ = try PartitionKeys.recordKey(key)
            _ = try TransactionRecord(row: value)
        case PartitionKeys.Space.intents: _ = try KeyIntent(key: key, row: value)
        case PartitionKeys.Space.rangeIntents: _ = try RangeIntent(key: key, row: value)
        case PartitionKeys.Space.facts where key.count == 1: _ = try PartitionFacts(encoded: value)
        default: throw FieldError("key", "must be of a kind that this version knows")
        }
    }

    /// The longest key, of all kinds, without the partition's prefix: a held range has two, escaped.
    static let keyBytes = 4 * TransactionLimits.keyBytes + 64
    /// The longest value: what a transaction wants to put, and whom to ask about it.
    static let valueBytes = CommandLimits.valueBytes + (64 << 10)

    /// The next entry; nil at the end.
    private static func nextEntry(
        _ reader: inout FieldReader
    ) throws(FieldError) -> (key: ArraySlice<UInt8>, value: ArraySlice<UInt8>)? {
        guard reader.remaining > 0 else { return nil }
        let key = try reader.string("key", upTo: keyBytes)
        return (key, try reader.string("value", upTo: valueBytes))
    }

    private mutating func checkRemembered(
        _ key: ArraySlice<UInt8>,
        _ value: ArraySlice<UInt8>,
        in state: AppliedState
    ) throws(FieldError) {
        guard remembered < state.rememberedNow, keys.prefix + key == keys.remembered(place: remembered) else {
            throw FieldError("remembered commands", "must be those that the applied state counts")
        }
        guard try RememberedCommand(encoded: value).index <= state.position.index else {
            throw FieldError("remembered index", "must not be behind the applied state")
        }
        remembered += 1
    }
}
