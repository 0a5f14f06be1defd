internal import Raft

/// What may be in the way of a transaction's part.
extension Application {
    /// Why a draft may not be as it is, or may not be yet; nil where nothing is in its way.
    ///
    /// What has changed since it was read comes first, since that never changes back. Then who holds something: while that
    /// is undecided, nothing that depends on it can be refused. What is refused is so by what has committed.
    ///
    /// - Parameter timestamp: When it takes place; nil where that is not known yet, but lies above everything here.
    mutating func obstacle(
        to draft: TransactionDraft,
        _ footprint: Footprint,
        _ found: [Found],
        of id: TransactionID,
        at timestamp: Timestamp?
    ) throws(StateMachineError) -> TransactionOutcome? {
        if let start = draft.start, let key = try newer(than: start, draft.reads, footprint, found) {
            return .outdated(key: key)
        }
        if let (holder, key) = intents.conflict(with: footprint, except: id) { return .blocked(key: key, by: holder) }
        if let timestamp, let key = outOfOrder(footprint, found, at: timestamp) {
            return .needsNewerTimestamp(key: key)
        }
        if let refusal = refusal(of: draft, footprint, found) { return refusal }
        for (use, found) in zip(footprint.uses, found) {
            guard case .add(let addition) = use.change else { continue }
            let obstacle = try obstacle(to: addition, on: use.key, found.version, of: id, at: timestamp)
            if let obstacle { return obstacle }
        }
        return nil
    }

    /// The first key, of those that were read one by one or in a range, that was written behind a timestamp.
    private mutating func newer(
        than start: Timestamp,
        _ reads: [[UInt8]],
        _ footprint: Footprint,
        _ found: [Found]
    ) throws(StateMachineError) -> [UInt8]? {
        for key in reads {
            if let version = found[footprint.place(of: key)].version, version.timestamp > start { return key }
        }
        guard !footprint.ranges.isEmpty, start < .max else { return nil }
        // An iterator sees what the engine has.
        if !written.hasNoVersions { try write() }
        do {
            for range in footprint.ranges {
                let rows = KeyRange(keys.current(range.lower), keys.current(range.upper))
                let iterator = try engine.iterator(over: rows)
                var hasRow = try iterator.seekToFirst()
                while hasRow {
                    let version = iterator.withValue { row in
                        Result { () throws(FieldError) in try CurrentVersion(row: row) }
                    }
                    if try version.get().timestamp > start {
                        return Array(iterator.key.dropFirst(keys.currentPrefix.count))
                    }
                    hasRow = try iterator.next()
                }
            }
        } catch {
            throw StateMachineError(error)
        }
        return nil
    }

    /// The first key that has something which this timestamp does not lie above, and must.
    private func outOfOrder(_ footprint: Footprint, _ found: [Found], at timestamp: Timestamp) -> [UInt8]? {
        for (use, found) in zip(footprint.uses, found) {
            guard let version = found.version else { continue }
            // Additions to a counter may come in any order, but not at one timestamp, and not below what it follows.
            if use.mode == .additive, case .counter(let counter) = version.kind {
                if timestamp == version.timestamp || timestamp <= counter.base { return use.key }
            } else if timestamp <= version.timestamp {
                return use.key
            }
        }
        return nil
    }

    /// What does not hold of what has committed, besides counters' bounds.
    private func refusal(
        of draft: TransactionDraft,
        _ footprint: Footprint,
        _ found: [Found]
    ) -> TransactionOutcome? {
        for check in draft.checks {
            let version = found[footprint.place(of: check.key)].version
            let holds =
                switch check.condition {
                case .exists: version?.exists == true
                case .isAbsent: version?.exists != true
                case .hasVersion(let wanted): version?.exists == true && version?.timestamp == wanted
                }
            if !holds { return .refused(.checkFailed, key: check.key) }
        }
        for (use, found) in zip(footprint.uses, found) {
            switch (use.change, found.version?.kind) {
            case (.insert, .bytes?), (.insert, .counter?): return .refused(.checkFailed, key: use.key)
            case (.put, .counter?), (.add, .bytes?): return .refused(.wrongType, key: use.key)
            default: break
            }
        }
        return nil
    }
}
