internal import Raft

/// Whether something may be added to a counter.
///
/// Additions that are not decided yet may all come to be, or none, or some. So a value is looked at with all of them that
/// lower it, and with all that raise it:
///
///     committed 5     pending −5 (at least 0)   pending +3          between 0 and 8
///     adding −1 as well                                             between −1 and 7: has to wait for the −5
///
/// An addition whose moment lies before others that have committed is part of their values too: each of these keeps the
/// bounds that it was made with, and this one's.
extension Application {
    /// Why an addition may not be, or may not be yet.
    ///
    /// It is refused only if what has committed leaves no room at last, and nothing that is pending could make some: that
    /// may have committed already, at its primary, and its author may have been told. If an earlier moment is what
    /// hinders, a newer timestamp helps; if only what is not decided does, it waits for that.
    ///
    /// - Parameter timestamp: When it takes place; nil where that lies above everything here.
    mutating func obstacle(
        to addition: TransactionDraft.Addition,
        on key: [UInt8],
        _ version: CurrentVersion?,
        of id: TransactionID,
        at timestamp: Timestamp?
    ) throws(StateMachineError) -> TransactionOutcome? {
        let pending = intents.intents(on: key).filter { $0.addition != nil && $0.holder.id != id }
        let span = PendingSpan(pending)
        let counter: CounterState? = if case .counter(let counter) = version?.kind { counter } else { nil }
        let value = Int128(counter?.sum ?? 0) + Int128(addition.delta)
        guard addition.allows(value) else {
            if let holder = span.helper(of: addition, at: value) { return .blocked(key: key, by: holder) }
            return .refused(.boundReached, key: key)
        }

        if let timestamp, let counter, let version, timestamp < version.timestamp {
            let later = try additions(to: key, behind: timestamp)
            let values = Self.values(of: counter, plus: addition, later)
            if !values.allSatisfy({ addition.allows($0) }) || !zip(later, values).allSatisfy({ $0.allows($1) }) {
                return .needsNewerTimestamp(key: key)
            }
            for (place, value) in values.enumerated() {
                let other = place < later.count ? later[place] : addition
                let holder = span.obstacle(to: addition, at: value) ?? span.obstacle(to: other, at: value)
                if let holder { return .blocked(key: key, by: holder) }
            }
        }
        if let holder = span.obstacle(to: addition, at: value) { return .blocked(key: key, by: holder) }
        return nil
    }

    /// What a counter comes to by each of the additions behind this one, the newest first, and by this one.
    private static func values(
        of counter: CounterState,
        plus addition: TransactionDraft.Addition,
        _ later: [TransactionDraft.Addition]
    ) -> [Int128] {
        var value = Int128(counter.sum) + Int128(addition.delta)
        var values = [value]
        for other in later {
            value -= Int128(other.delta)
            values.append(value)
        }
        return values
    }

    /// What has been added to a counter behind a timestamp, the newest first.
    private mutating func additions(
        to key: [UInt8],
        behind timestamp: Timestamp
    ) throws(StateMachineError) -> [TransactionDraft.Addition] {
        // An iterator sees what the engine has.
        if case .present = written.version(of: key) { try write() }
        do {
            var later: [TransactionDraft.Addition] = []
            let iterator = try engine.iterator(over: keys.escapedRange(PartitionKeys.Space.history, of: key))
            var hasRow = try iterator.seekToFirst()
            while hasRow {
                let entry = try HistoryEntry(iterator)
                guard entry.timestamp > timestamp, case .addition(let addition) = entry.content else { break }
                later.append(addition)
                hasRow = try iterator.next()
            }
            return later
        } catch {
            throw StateMachineError(error)
        }
    }
}

/// What pending additions may come to, whichever of them commit.
private struct PendingSpan {
    private let pending: [(holder: IntentHolder, addition: TransactionDraft.Addition)]
    /// If those commit that lower the counter.
    private(set) var low: Int128 = 0
    /// If those commit that raise it.
    private(set) var high: Int128 = 0

    init(_ intents: [KeyIntent]) {
        pending = intents.compactMap { intent in intent.addition.map { (intent.holder, $0) } }
        for (_, addition) in pending {
            if addition.delta < 0 { low += Int128(addition.delta) } else { high += Int128(addition.delta) }
        }
    }

    /// The first whose commit may be what an addition needs to be within its bounds, which it is not without.
    func helper(of addition: TransactionDraft.Addition, at value: Int128) -> IntentHolder? {
        if value < Int128(addition.floor ?? .min) {
            guard value + high >= Int128(addition.floor ?? .min) else { return nil }
            return pending.first { $0.addition.delta > 0 }?.holder
        }
        guard value + low <= Int128(addition.ceiling ?? .max) else { return nil }
        return pending.first { $0.addition.delta < 0 }?.holder
    }

    /// The first that has to be decided before this addition may make a counter's value this one.
    func obstacle(to addition: TransactionDraft.Addition, at value: Int128) -> IntentHolder? {
        if !addition.allows(value + low) { return pending.first { $0.addition.delta < 0 }?.holder }
        if !addition.allows(value + high) { return pending.first { $0.addition.delta > 0 }?.holder }
        // Each of them with all others that lower, or raise, the counter.
        return pending.first { other in
            let delta = Int128(other.addition.delta)
            return !other.addition.allows(value + low + max(delta, 0))
                || !other.addition.allows(value + high + min(delta, 0))
        }?.holder
    }
}

extension TransactionDraft.Addition {
    /// True if a counter may have this value by it.
    fileprivate func allows(_ value: Int128) -> Bool {
        value >= Int128(floor ?? .min) && value <= Int128(ceiling ?? .max)
    }
}
