/// Versions of keys, as of any moment that is still kept.
///
/// What is written while a read is under way does not disturb it: what takes more than one look is read by one iterator,
/// which sees one state. The safe point is looked at in that state, or behind it, for it only goes up.
extension PartitionReader {
    /// What a key has at last; nil where it has nothing.
    ///
    /// - Throws: ``StateMachineError/limit(_:)`` for a key longer than ``TransactionLimits/keyBytes``.
    public func latest(of key: [UInt8]) throws(StateMachineError) -> StoredEntry? {
        try Self.check(key)
        guard let row = try currentRow(key) else { return nil }
        return try damaged { () throws(FieldError) in try CurrentVersion(row: row[...]).entry(row: row[...]) }
    }

    /// What a key had at a timestamp; nil where it had nothing.
    ///
    /// - Throws: ``StateMachineError/belowSafePoint(_:)``, and ``StateMachineError/limit(_:)`` for a key longer than
    ///   ``TransactionLimits/keyBytes``.
    public func entry(of key: [UInt8], at timestamp: Timestamp) throws(StateMachineError) -> StoredEntry? {
        try Self.check(key)
        let row = try currentRow(key)
        guard let row else {
            try checkSafePoint(timestamp)
            return nil
        }
        let current = try damaged { () throws(FieldError) in try CurrentVersion(row: row[...]) }
        if current.timestamp <= timestamp { return current.entry(row: row[...]) }
        do {
            let walk = try VersionWalk(keys, reader, at: timestamp)
            try walk.checkSafePoint()
            return try walk.entry(of: key)
        } catch {
            throw StateMachineError(error)
        }
    }

    /// What keys had at a timestamp, or, without one, have at last, in the order in which they are asked for.
    ///
    /// - Throws: as ``entry(of:at:)``.
    public func entries(of keys: [[UInt8]], at timestamp: Timestamp?) throws(StateMachineError) -> [StoredEntry?] {
        var entries: [StoredEntry?] = []
        entries.reserveCapacity(keys.count)
        for key in keys {
            if let timestamp {
                entries.append(try entry(of: key, at: timestamp))
            } else {
                entries.append(try latest(of: key))
            }
        }
        return entries
    }

    /// The keys of a range that had something at a timestamp, in their order, as far as the limit allows. A page may end
    /// early where many keys had nothing; who wants more goes on at its `next`.
    ///
    /// - Throws: ``StateMachineError/belowSafePoint(_:)``, and ``StateMachineError/limit(_:)`` for an end of the range or a
    ///   limit that is too large, or a limit below 1.
    public func entries(
        in range: KeyRange,
        at timestamp: Timestamp,
        limit: ScanLimit = ScanLimit()
    ) throws(StateMachineError) -> EntryPage {
        do throws(FieldError) { try limit.check() } catch { throw .limit(error) }
        for end in [range.lower, range.upper] where end.count > TransactionLimits.keyBytes + 1 {
            throw .limit(FieldError("range", "must have ends of at most \(TransactionLimits.keyBytes + 1) bytes"))
        }
        do {
            let walk = try VersionWalk(keys, reader, at: timestamp)
            try walk.checkSafePoint()
            return try walk.page(in: range, limit: limit)
        } catch {
            throw StateMachineError(error)
        }
    }

    /// What the partition knows of itself.
    public func facts() throws(StateMachineError) -> PartitionFacts {
        guard let row = try callEngine({ () throws(EngineError) in try reader.value(of: keys.facts) }) else {
            return PartitionFacts()
        }
        return try damaged { () throws(FieldError) in try PartitionFacts(encoded: row[...]) }
    }

    /// What is on record of a transaction under its primary; nil where nothing is.
    public func outcome(of id: TransactionID, primary: [UInt8]) throws(StateMachineError) -> TransactionOutcome? {
        try record(of: id, at: primary)?.outcome
    }

    func record(of id: TransactionID, at key: [UInt8]) throws(StateMachineError) -> TransactionRecord? {
        let row = try callEngine { () throws(EngineError) in try reader.value(of: keys.record(key, id)) }
        guard let row else { return nil }
        return try damaged { () throws(FieldError) in try TransactionRecord(row: row[...]) }
    }

    /// Users' keys may be as long as commands', and lie behind those of a space.
    private static func check(_ key: [UInt8]) throws(StateMachineError) {
        guard key.count <= TransactionLimits.keyBytes else {
            throw .limit(FieldError("key", "must be at most \(TransactionLimits.keyBytes) bytes"))
        }
    }

    private func currentRow(_ key: [UInt8]) throws(StateMachineError) -> [UInt8]? {
        try callEngine { () throws(EngineError) in try reader.value(of: keys.current(key)) }
    }

    private func checkSafePoint(_ timestamp: Timestamp) throws(StateMachineError) {
        let safePoint = try facts().safePoint
        guard timestamp >= safePoint else { throw .belowSafePoint(safePoint) }
    }
}

/// Reads the partition's own rows, which must be as they were written.
func damaged<R>(_ body: () throws(FieldError) -> R) throws(StateMachineError) -> R {
    do {
        return try body()
    } catch {
        throw .damaged(error)
    }
}
