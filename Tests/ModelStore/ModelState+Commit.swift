internal import KVStore

/// Commits and locks.
///
/// Nobody waits. Where two stand in each other's way, the older goes on, and the younger one's attempt is over: so the
/// oldest transaction of all comes to its end whatever the others do.
extension ModelState {
    mutating func commitOrFail(
        _ draft: TransactionDraft,
        _ attempt: TransactionAttempt
    ) throws(TransactionError) -> Timestamp {
        do throws(TransactionError) { try begin() } catch {
            release(attempt.id)
            throw error
        }
        if draw(failures.conflict) {
            release(attempt.id)
            throw .conflict(key: draft.changes.first?.key ?? draft.checks.first?.key ?? [])
        }
        if draw(failures.unknownWithoutEffect) {
            release(attempt.id)
            throw .unknown
        }
        if draw(failures.unknownWithLateEffect) {
            lateCommits.append((draft, attempt))
            throw .unknown
        }
        let timestamp = try commit(draft, attempt)
        if draw(failures.unknownWithEffect) { throw .unknown }
        return timestamp
    }

    /// Tries what was left open: all, or each with a chance of one in four.
    mutating func settleLateCommits(all: Bool) {
        let waiting = lateCommits
        lateCommits = []
        for late in waiting {
            guard all || draw(250) else {
                lateCommits.append(late)
                continue
            }
            // Whatever comes of it, nobody is there any more to be told.
            _ = try? commit(late.draft, late.attempt)
        }
    }

    private mutating func commit(
        _ draft: TransactionDraft,
        _ attempt: TransactionAttempt
    ) throws(TransactionError) -> Timestamp {
        defer { release(attempt.id) }
        if doomed.contains(attempt.id) { throw .conflict(key: lockedKeys[attempt.id]?.first ?? []) }
        if let start = draft.start { try validate(draft, start) }
        for check in draft.checks where !holds(check) { throw .refused(.checkFailed, key: check.key) }
        var changes: [(key: [UInt8], content: StoredEntry.Content?)] = []
        for change in draft.changes { changes.append((change.key, try content(after: change))) }
        for change in draft.changes { try pass(change.key, attempt) }
        return write(changes)
    }

    /// What was read must still be so.
    private func validate(_ draft: TransactionDraft, _ start: Timestamp) throws(TransactionError) {
        for key in draft.reads where hasChanged(key, since: start) { throw .conflict(key: key) }
        for range in draft.ranges {
            for key in keys(in: range) where hasChanged(key, since: start) { throw .conflict(key: key) }
        }
    }

    private func holds(_ check: TransactionDraft.Check) -> Bool {
        let entry = entry(check.key)
        switch check.condition {
        case .exists: return entry != nil
        case .isAbsent: return entry == nil
        case .hasVersion(let version): return entry?.version == version
        }
    }

    private func content(after change: TransactionDraft.Change) throws(TransactionError) -> StoredEntry.Content? {
        let before = entry(change.key)?.content
        switch change.kind {
        case .put(let value):
            if case .counter = before { throw .refused(.wrongType, key: change.key) }
            return .bytes(value)
        case .insert(let value):
            guard before == nil else { throw .refused(.checkFailed, key: change.key) }
            return .bytes(value)
        case .delete:
            return nil
        case .add(let addition):
            let value: Int64
            switch before {
            case nil: value = 0
            case .counter(let counter): value = counter
            case .bytes: throw .refused(.wrongType, key: change.key)
            }
            let (sum, overflows) = value.addingReportingOverflow(addition.delta)
            guard !overflows, sum >= addition.floor ?? .min, sum <= addition.ceiling ?? .max else {
                throw .refused(.boundReached, key: change.key)
            }
            return .counter(sum)
        }
    }

    // MARK: Locks

    /// Reads a key's last version, and keeps others from changing it.
    mutating func lock(_ key: [UInt8], for attempt: TransactionAttempt) throws(TransactionError) -> StoredEntry? {
        if doomed.contains(attempt.id) { throw .conflict(key: key) }
        try pass(key, attempt)
        if locks[key] == nil {
            locks[key] = Holder(id: attempt.id, age: attempt.age)
            lockedKeys[attempt.id, default: []].append(key)
        }
        return entry(key)
    }

    mutating func release(_ id: TransactionID) {
        for key in lockedKeys.removeValue(forKey: id) ?? [] where locks[key]?.id == id { locks[key] = nil }
        doomed.remove(id)
    }

    /// Gets past another's lock, if by age.
    private mutating func pass(_ key: [UInt8], _ attempt: TransactionAttempt) throws(TransactionError) {
        guard let holder = locks[key], holder.id != attempt.id else { return }
        guard attempt.age < holder.age else { throw .conflict(key: key) }
        locks[key] = nil
        doomed.insert(holder.id)
    }
}
