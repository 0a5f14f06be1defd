/// Where a sweep has stopped. Sweeps go by users' keys; of each key they look at its history first, then at the records
/// under it.
///
///     nothing                       the beginning
///     escaped key                   this key
///     escaped key │ id: 16 bytes    its records from this id on
struct SweepPosition: Hashable {
    let key: [UInt8]
    let record: TransactionID?

    static let mostBytes = 2 * TransactionLimits.keyBytes + 2 + 16

    init(key: [UInt8], record: TransactionID? = nil) {
        self.key = key
        self.record = record
    }

    init(_ bytes: [UInt8]) throws(FieldError) {
        guard !bytes.isEmpty else {
            self.init(key: [])
            return
        }
        var reader = FieldReader(bytes)
        let key = try reader.escapedKey("position", upTo: TransactionLimits.keyBytes)
        guard !key.isEmpty else { throw FieldError("position", "must have a key, or be empty") }
        let record = reader.remaining == 0 ? nil : TransactionID(try reader.ordered("position", as: UInt128.self))
        try reader.expectEnd("position")
        self.init(key: key, record: record)
    }

    var encoded: [UInt8] {
        if key.isEmpty { return [] }
        var bytes: [UInt8] = []
        EscapedKey.append(key, to: &bytes)
        EscapedKey.appendTerminator(to: &bytes)
        if let record { bytes.appendOrdered(record.rawValue) }
        return bytes
    }
}

extension FieldReader {
    mutating func sweepPosition(_ field: String) throws(FieldError) -> SweepPosition {
        try SweepPosition(Array(try string(field, upTo: SweepPosition.mostBytes)))
    }
}

/// Removes what nobody may ask for any more: a piece at a time, each one an entry of the log, so that replicas stay equal.
///
/// Of a key's history the newest row at or below the safe point stays, for that is what was there at the safe point; what
/// is older goes. It goes as well where what the key has now was there already, except that a counter keeps an addition,
/// which tells when it had its value. A tombstone goes when nothing older is left that it would uncover.
///
///     current   history                          safe point 27
///     put 40    put 30 │ put 25 │ put 20         put 20 goes
///     put 26    put 25 │ put 20                  both go
///     gone 26   put 25                           all go
struct Sweep {
    private let keys: PartitionKeys
    private let facts: PartitionFacts
    private let engine: any Engine
    private let history: any EngineIterator
    private let records: any EngineIterator
    private var hasHistory = false
    private var hasRecord = false
    private var left: Int

    /// Rows that are to be removed: whole keys of the engine.
    private(set) var removed: [[UInt8]] = []
    /// Users' keys of which nothing is left.
    private(set) var vanished: [[UInt8]] = []

    /// - Parameter limit: How many rows to remove, or keys and records to pass over, at most; at least one.
    init(
        _ keys: PartitionKeys,
        _ facts: PartitionFacts,
        in engine: any Engine,
        limit: Int
    ) throws(EngineError) {
        self.keys = keys
        self.facts = facts
        self.engine = engine
        left = limit
        history = try engine.iterator(over: keys.all(PartitionKeys.Space.history), caching: .bypass)
        records = try engine.iterator(over: keys.all(PartitionKeys.Space.records), caching: .bypass)
    }

    /// Goes on from a position, and returns where to go on next time; nil at the end.
    mutating func run(from start: SweepPosition) throws -> SweepPosition? {
        try begin(start)
        while let key = try nextKey() {
            guard left > 0 else { return SweepPosition(key: key) }
            if hasHistory, try historyKey() == key, try !sweepHistory(of: key) { return SweepPosition(key: key) }
            if let id = try sweepRecords(of: key) { return SweepPosition(key: key, record: id) }
        }
        return nil
    }

    private mutating func begin(_ start: SweepPosition) throws {
        let inHistory = keys.escapedRange(PartitionKeys.Space.history, of: start.key)
        guard let id = start.record else {
            hasHistory = try history.seek(atOrAfter: inHistory.lower)
            hasRecord = try records.seek(atOrAfter: keys.escaped(PartitionKeys.Space.records, start.key))
            return
        }
        hasHistory = try history.seek(atOrAfter: inHistory.upper)
        hasRecord = try records.seek(atOrAfter: keys.record(start.key, id))
    }

    private func nextKey() throws -> [UInt8]? {
        let inHistory = hasHistory ? try historyKey() : nil
        let inRecords = hasRecord ? try recordKey().key : nil
        guard let inHistory, let inRecords else { return inHistory ?? inRecords }
        return KeyOrder.compare(inHistory, inRecords) < 0 ? inHistory : inRecords
    }

    private func historyKey() throws -> [UInt8] { try HistoryEntry.parse(history.key.dropFirst(keys.prefix.count)).key }

    private func recordKey() throws -> (key: [UInt8], id: TransactionID) {
        try PartitionKeys.recordKey(records.key.dropFirst(keys.prefix.count))
    }

    /// - Returns: false if there is more to be removed than may be now.
    private mutating func sweepHistory(of key: [UInt8]) throws -> Bool {
        let range = keys.escapedRange(PartitionKeys.Space.history, of: key)
        let place = keys.current(key)
        let row = try engine.withValue(of: place) { row in
            Result { () throws(FieldError) in try CurrentVersion(row: row) }
        }
        guard let current = try row?.get() else { throw FieldError("history", "must have a latest version") }
        let isCounter = if case .counter = current.kind { true } else { false }
        let isCovered = current.timestamp <= facts.safePoint && !isCounter

        let first = isCovered ? range.lower : HistoryEntry.seekKey(range.lower, at: facts.safePoint)
        hasHistory = try history.seek(atOrAfter: first)
        var kept: (key: [UInt8], isTombstone: Bool)?
        if !isCovered, hasHistory, range.contains(history.key) {
            kept = (history.key, try HistoryEntry(history).content == .tombstone)
            hasHistory = try history.next()
        }
        while hasHistory, range.contains(history.key) {
            guard left > 0 else { return false }
            left -= 1
            removed.append(history.key)
            hasHistory = try history.next()
        }
        left -= 1
        if let kept, kept.isTombstone { removed.append(kept.key) }
        if isCovered, current.kind == .tombstone {
            removed.append(place)
            vanished.append(key)
        }
        return true
    }

    /// - Returns: the record where there is more to be looked at than may be now.
    private mutating func sweepRecords(of key: [UInt8]) throws -> TransactionID? {
        while hasRecord {
            let (own, id) = try recordKey()
            guard own == key else { return nil }
            guard left > 0 else { return id }
            left -= 1
            if try TransactionRecord(row: records.value[...]).isOver(before: facts.records) {
                removed.append(records.key)
            }
            hasRecord = try records.next()
        }
        return nil
    }
}
