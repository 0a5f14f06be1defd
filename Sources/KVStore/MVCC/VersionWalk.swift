/// Finds what keys had at one timestamp, by one iterator over everything that the partition has: it sees one state.
final class VersionWalk {
    private let keys: PartitionKeys
    private let timestamp: Timestamp
    private let iterator: any EngineIterator
    /// How many rows were looked at.
    private var steps = 0

    init(_ keys: PartitionKeys, _ reader: any EngineReader, at timestamp: Timestamp) throws(EngineError) {
        self.keys = keys
        self.timestamp = timestamp
        iterator = try reader.iterator(over: keys.range)
    }

    /// - Throws: where the timestamp is older than what this state keeps.
    func checkSafePoint() throws {
        guard try stands(on: keys.facts) else { return }
        let safePoint = try PartitionFacts(encoded: iterator.value[...]).safePoint
        guard timestamp >= safePoint else { throw StateMachineError.belowSafePoint(safePoint) }
    }

    /// What a key had.
    func entry(of key: [UInt8]) throws -> StoredEntry? {
        guard try stands(on: keys.current(key)) else { return nil }
        return try entry(of: key, iterator.value)
    }

    /// The keys of a range that had something, as far as the limit allows.
    ///
    /// Rows that had nothing are passed over, but not without end: a page may have few entries, or none, and a next one.
    func page(in range: KeyRange, limit: ScanLimit) throws -> EntryPage {
        let upper = keys.current(range.upper)
        let mostSteps = 4 * limit.entries + 256
        var entries: [EntryPage.Entry] = []
        var bytes = 0
        var found = try iterator.seek(atOrAfter: keys.current(range.lower))
        while found {
            let place = iterator.key
            guard KeyOrder.compare(place, upper) < 0 else { break }
            let key = Array(place.dropFirst(keys.currentPrefix.count))
            guard entries.count < limit.entries, bytes < limit.bytes, steps < mostSteps else {
                return EntryPage(entries: entries, next: key)
            }
            steps += 1
            let row = iterator.value
            let before = steps
            if let entry = try entry(of: key, row) {
                // What the key had then may be longer than its row of today.
                bytes += key.count + entry.sizeBytes
                entries.append(EntryPage.Entry(key: key, entry: entry))
            }
            // Whoever had to look at what was there before stands elsewhere now.
            found = try steps == before ? iterator.next() : iterator.seek(atOrAfter: place + [0])
        }
        return EntryPage(entries: entries, next: nil)
    }

    private func stands(on key: [UInt8]) throws(EngineError) -> Bool {
        steps += 1
        return try iterator.seek(atOrAfter: key) && iterator.key == key
    }

    private func entry(of key: [UInt8], _ row: [UInt8]) throws -> StoredEntry? {
        let current = try CurrentVersion(row: row[...])
        if current.timestamp <= timestamp { return current.entry(row: row[...]) }
        let history = keys.escapedRange(PartitionKeys.Space.history, of: key)
        if case .counter(let counter) = current.kind, counter.born <= timestamp {
            return try counterEntry(counter, history)
        }
        return try earlierEntry(history)
    }

    /// A counter that is there still, without the additions that came later.
    private func counterEntry(_ counter: CounterState, _ history: KeyRange) throws -> StoredEntry? {
        var sum = counter.sum
        var entry = try first(atOrAfter: history.lower, in: history)
        while let later = entry, later.timestamp > timestamp {
            sum = try later.subtracted(from: sum)
            entry = try next(in: history)
        }
        guard let entry, case .addition = entry.content else {
            throw FieldError("history", "must have the additions of a counter")
        }
        return StoredEntry(.counter(sum), version: entry.timestamp)
    }

    /// What was there before something else took its place.
    private func earlierEntry(_ history: KeyRange) throws -> StoredEntry? {
        let place = HistoryEntry.seekKey(history.lower, at: timestamp)
        guard let entry = try first(atOrAfter: place, in: history) else { return nil }
        switch entry.content {
        case .tombstone: return nil
        case .bytes(let value): return StoredEntry(.bytes(Array(value)), version: entry.timestamp)
        case .counterEnd(let counter): return StoredEntry(.counter(counter.sum), version: entry.timestamp)
        case .addition: return StoredEntry(.counter(try closedSum(history)), version: entry.timestamp)
        }
    }

    /// Goes up from an addition to the end of its counter.
    private func closedSum(_ history: KeyRange) throws -> Int64 {
        var later: [HistoryEntry] = []
        while try iterator.previous(), history.contains(iterator.key) {
            steps += 1
            let entry = try HistoryEntry(iterator)
            if case .counterEnd(let counter) = entry.content {
                var sum = counter.sum
                // From the newest down, as they were added up: each sum in between was one of the counter's.
                for entry in later.reversed() { sum = try entry.subtracted(from: sum) }
                return sum
            }
            later.append(entry)
        }
        throw FieldError("history", "must have the end of a counter")
    }

    private func first(atOrAfter place: [UInt8], in history: KeyRange) throws -> HistoryEntry? {
        steps += 1
        guard try iterator.seek(atOrAfter: place), history.contains(iterator.key) else { return nil }
        return try HistoryEntry(iterator)
    }

    private func next(in history: KeyRange) throws -> HistoryEntry? {
        steps += 1
        guard try iterator.next(), history.contains(iterator.key) else { return nil }
        return try HistoryEntry(iterator)
    }
}

extension HistoryEntry {
    /// A sum before this addition.
    fileprivate func subtracted(from sum: Int64) throws(FieldError) -> Int64 {
        guard case .addition(let addition) = content else {
            throw FieldError("history", "must have nothing but additions in a counter's life")
        }
        let (before, isTooMuch) = sum.subtractingReportingOverflow(addition.delta)
        guard !isTooMuch else { throw FieldError("history", "must have sums that fit in 64 bits") }
        return before
    }
}
