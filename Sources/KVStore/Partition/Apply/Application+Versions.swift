internal import Raft

/// What steps of transactions find and leave: versions, records and intents, in the engine and in the batch.
extension Application {
    /// What a key has, as far as a use needs to know.
    struct Found {
        let version: CurrentVersion?
        /// The whole row, where something is to take its place.
        let row: [UInt8]
    }

    // MARK: Looking

    /// What keys have, one after the other.
    func find(_ uses: [Footprint.Use]) throws(StateMachineError) -> [Found] {
        var found: [Found] = []
        found.reserveCapacity(uses.count)
        for use in uses { found.append(try find(use.key, whole: use.mode == .exclusive && use.change != nil)) }
        return found
    }

    private func find(_ key: [UInt8], whole: Bool) throws(StateMachineError) -> Found {
        switch written.version(of: key) {
        case .absent: return Found(version: nil, row: [])
        case .present(let row): return try found(row)
        case .untouched: break
        }
        let place = keys.current(key)
        if whole {
            let row = try callEngine { () throws(EngineError) in try engine.value(of: place) }
            return try row.map { row throws(StateMachineError) in try found(row) } ?? Found(version: nil, row: [])
        }
        let version = try callEngine { () throws(EngineError) in
            try engine.withValue(of: place) { row in
                Result { () throws(FieldError) in try CurrentVersion(row: row) }
            }
        }
        return Found(version: try damaged { () throws(FieldError) in try version?.get() }, row: [])
    }

    private func found(_ row: [UInt8]) throws(StateMachineError) -> Found {
        Found(version: try damaged { () throws(FieldError) in try CurrentVersion(row: row[...]) }, row: row)
    }

    /// What is on record of a transaction under a key.
    func record(of id: TransactionID, at key: [UInt8]) throws(StateMachineError) -> TransactionRecord? {
        if key.isEmpty { return nil }
        let place = keys.record(key, id)
        let row: [UInt8]?
        switch written.record(at: place) {
        case .absent: row = nil
        case .present(let written): row = written
        case .untouched: row = try callEngine { () throws(EngineError) in try engine.value(of: place) }
        }
        guard let row else { return nil }
        return try damaged { () throws(FieldError) in try TransactionRecord(row: row[...]) }
    }

    // MARK: Writing

    /// Puts a record under a key.
    mutating func put(
        _ record: TransactionRecord,
        of id: TransactionID,
        at key: [UInt8]
    ) throws(StateMachineError) {
        let place = keys.record(key, id)
        let row = try damaged { () throws(FieldError) in try record.row() }
        batch.put(place, row)
        written.setRecord(at: place, row)
    }

    /// Holds what a step uses.
    mutating func hold(_ footprint: Footprint, _ prepare: TransactionPrepare, floor: Timestamp) {
        let holder = IntentHolder(
            id: prepare.id,
            age: prepare.age,
            primary: prepare.primary,
            expires: prepare.expires
        )
        let step = HeldStep(holder: holder, step: prepare.step, floor: floor, deadline: prepare.deadline)
        for use in footprint.uses {
            let intent = KeyIntent(step, use)
            batch.put(keys.intent(intent), intent.row)
            intents.insert(intent)
        }
        for range in footprint.ranges {
            let intent = RangeIntent(step, range)
            batch.put(keys.intent(intent), intent.row)
            intents.insert(intent)
        }
    }

    /// Lets go what a transaction holds; if it has committed, its changes become versions.
    mutating func release(_ id: TransactionID, _ fate: TransactionFate) throws(StateMachineError) {
        for part in intents.remove(id) {
            for intent in part.intents {
                batch.delete(keys.intent(intent))
                guard case .committed(let timestamp) = fate, let change = intent.change else { continue }
                let isAddition = intent.addition != nil
                try write(change, of: intent.key, over: try find(intent.key, whole: !isAddition), at: timestamp)
            }
            for intent in part.ranges { batch.delete(keys.intent(intent)) }
        }
    }

    /// Makes a change a version. That it may be one was looked at before.
    mutating func write(
        _ change: TransactionDraft.Change.Kind,
        of key: [UInt8],
        over found: Found,
        at timestamp: Timestamp
    ) throws(StateMachineError) {
        switch change {
        case .put(let value), .insert(let value):
            keep(found, of: key)
            setCurrent(key, CurrentVersion.row(value, timestamp))
        case .delete:
            guard found.version?.exists == true else { return }
            keep(found, of: key)
            setCurrent(key, CurrentVersion(.tombstone, timestamp).row)
        case .add(let addition):
            let counter = try counter(found, of: key, plus: addition, at: timestamp)
            setCurrent(key, CurrentVersion(.counter(counter), max(timestamp, newestAddition(found))).row)
            let entry = HistoryEntry(.addition(addition), timestamp)
            batch.put(entry.key(behind: keys.escaped(PartitionKeys.Space.history, key)), entry.value)
        }
    }

    private func newestAddition(_ found: Found) -> Timestamp {
        guard let version = found.version, case .counter = version.kind else { return .zero }
        return version.timestamp
    }

    /// The counter as it is with an addition; what was there before it came to be goes into the history.
    private mutating func counter(
        _ found: Found,
        of key: [UInt8],
        plus addition: TransactionDraft.Addition,
        at timestamp: Timestamp
    ) throws(StateMachineError) -> CounterState {
        switch found.version?.kind {
        case nil: return CounterState(sum: addition.delta, born: timestamp, base: .zero)
        case .tombstone:
            keep(found, of: key)
            return CounterState(sum: addition.delta, born: timestamp, base: found.version?.timestamp ?? .zero)
        case .counter(var counter):
            let (sum, isTooMuch) = counter.sum.addingReportingOverflow(addition.delta)
            guard !isTooMuch else { throw .damaged(FieldError("counter", "must fit in 64 bits")) }
            counter.sum = sum
            counter.born = min(counter.born, timestamp)
            return counter
        case .bytes: throw .damaged(FieldError("counter", "must be one where something is added"))
        }
    }

    /// Moves what a key has into its history.
    private mutating func keep(_ found: Found, of key: [UInt8]) {
        guard let version = found.version else { return }
        let content: HistoryEntry.Content =
            switch version.kind {
            case .tombstone: .tombstone
            case .bytes: .bytes(found.row.dropFirst(CurrentVersion.headerBytes))
            case .counter(let counter): .counterEnd(counter)
            }
        let entry = HistoryEntry(content, version.timestamp)
        batch.put(entry.key(behind: keys.escaped(PartitionKeys.Space.history, key)), entry.value)
    }

    private mutating func setCurrent(_ key: [UInt8], _ row: [UInt8]) {
        batch.put(keys.currentPrefix, key[...], row[...])
        written.setVersion(of: key, row)
    }
}
