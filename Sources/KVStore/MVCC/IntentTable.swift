/// Everything that transactions hold in a partition, in memory: what lies in the engine as rows, ordered for questions.
///
/// Whoever asks gets the same answer on every replica, whatever has been restarted: lists are in the order of ids and
/// steps, never in that of arrival. Dictionaries are looked up only.
struct IntentTable {
    private var byKey: [[UInt8]: [KeyIntent]] = [:]
    /// The held keys in their order, for questions about ranges.
    private var keys = SortedTree()
    /// In the order of their rows.
    private var ranges: [RangeIntent] = []
    private var transactions: [TransactionID: [Part]] = [:]

    /// What one step holds.
    struct Part {
        let step: HeldStep
        /// In the order of their keys.
        var intents: [KeyIntent] = []
        /// In the order of their rows.
        var ranges: [RangeIntent] = []

        /// See ``Footprint/anchor``.
        var anchor: [UInt8] {
            Footprint.anchor(
                intents.map { Footprint.Use(key: $0.key, mode: $0.mode, change: $0.change) },
                ranges.map(\.range)
            )
        }
    }

    init() {}

    /// Reads what a partition's transactions hold.
    init(_ partition: PartitionKeys, from reader: any EngineReader) throws(StateMachineError) {
        do {
            let prefix = partition.prefix.count
            let keys = try reader.iterator(over: partition.all(PartitionKeys.Space.intents))
            var found = try keys.seekToFirst()
            while found {
                insert(try KeyIntent(key: keys.key.dropFirst(prefix), row: keys.value[...]))
                found = try keys.next()
            }
            let ranges = try reader.iterator(over: partition.all(PartitionKeys.Space.rangeIntents))
            found = try ranges.seekToFirst()
            while found {
                insert(try RangeIntent(key: ranges.key.dropFirst(prefix), row: ranges.value[...]))
                found = try ranges.next()
            }
        } catch {
            throw StateMachineError(error)
        }
    }

    // MARK: Changes

    mutating func insert(_ intent: KeyIntent) {
        var held = byKey[intent.key] ?? []
        if held.isEmpty { keys.put(intent.key, []) }
        held.insert(intent, at: held.firstIndex { HeldStep.isOrdered(intent.step, $0.step) } ?? held.count)
        byKey[intent.key] = held
        let place = place(of: intent.step)
        transactions[intent.holder.id]?[place].intents.append(intent)
    }

    mutating func insert(_ intent: RangeIntent) {
        ranges.insert(intent, at: ranges.firstIndex { RangeIntent.isOrdered(intent, $0) } ?? ranges.count)
        let place = place(of: intent.step)
        transactions[intent.holder.id]?[place].ranges.append(intent)
    }

    /// Takes out everything that a transaction holds, by steps.
    mutating func remove(_ id: TransactionID) -> [Part] {
        guard let parts = transactions.removeValue(forKey: id) else { return [] }
        for part in parts {
            for intent in part.intents {
                guard var held = byKey.removeValue(forKey: intent.key) else { continue }
                held.removeAll { $0.holder.id == id }
                if held.isEmpty { keys.delete(intent.key) } else { byKey[intent.key] = held }
            }
        }
        if parts.contains(where: { !$0.ranges.isEmpty }) { ranges.removeAll { $0.holder.id == id } }
        return parts
    }

    /// Where a step stands among those of its transaction; it comes to be there.
    private mutating func place(of step: HeldStep) -> Int {
        var parts = transactions[step.holder.id] ?? []
        if let place = parts.firstIndex(where: { $0.step.step == step.step }) { return place }
        let place = parts.firstIndex { $0.step.step > step.step } ?? parts.count
        parts.insert(Part(step: step), at: place)
        transactions[step.holder.id] = parts
        return place
    }

    // MARK: Questions

    /// True while nothing is held.
    var isEmpty: Bool { transactions.isEmpty }

    /// How many transactions hold something.
    var count: Int { transactions.count }

    /// What a transaction holds, by steps.
    func parts(of id: TransactionID) -> [Part] { transactions[id] ?? [] }

    /// Some key by which what a transaction holds here is found; nil where it holds nothing.
    func anchor(of id: TransactionID) -> [UInt8]? { transactions[id]?.first?.anchor }

    /// Who holds a key, by ids and steps.
    func intents(on key: [UInt8]) -> [KeyIntent] { byKey.isEmpty ? [] : byKey[key] ?? [] }

    /// Who may change a key of the range, by keys, ids and steps.
    func intents(changing range: KeyRange) -> [KeyIntent] {
        guard keys.count > 0, !range.isEmpty else { return [] }
        return (keys.rank(of: range.lower)..<keys.rank(of: range.upper)).flatMap { rank in
            intents(on: keys[rank: rank].key).filter(\.mode.changes)
        }
    }

    /// Who lets nobody change a key, by having read a range.
    func ranges(around key: [UInt8]) -> [RangeIntent] { ranges.isEmpty ? [] : ranges.filter { $0.range.contains(key) } }

    /// The first that is in the way of using a key so, besides `own`.
    func conflict(on key: [UInt8], _ mode: IntentMode, except own: TransactionID?) -> IntentHolder? {
        if transactions.isEmpty { return nil }
        for intent in intents(on: key) where intent.holder.id != own && !mode.isCompatible(with: intent.mode) {
            return intent.holder
        }
        guard mode.changes else { return nil }
        return ranges.first { $0.holder.id != own && $0.range.contains(key) }?.holder
    }

    /// The first that may change a key of the range, besides `own`, and at which key.
    func conflict(in range: KeyRange, except own: TransactionID?) -> (holder: IntentHolder, key: [UInt8])? {
        guard keys.count > 0, !range.isEmpty else { return nil }
        for rank in keys.rank(of: range.lower)..<keys.rank(of: range.upper) {
            let key = keys[rank: rank].key
            for intent in intents(on: key) where intent.mode.changes && intent.holder.id != own {
                return (intent.holder, key)
            }
        }
        return nil
    }

    /// The first that is in the way of a step, besides `own`, and at which key.
    func conflict(with footprint: Footprint, except own: TransactionID?) -> (holder: IntentHolder, key: [UInt8])? {
        if transactions.isEmpty { return nil }
        for use in footprint.uses {
            if let holder = conflict(on: use.key, use.mode, except: own) { return (holder, use.key) }
        }
        for range in footprint.ranges {
            if let found = conflict(in: range, except: own) { return found }
        }
        return nil
    }

    /// Transactions that others may end by now, those first whose time was over first.
    func holders(expiredBefore now: Timestamp) -> [IntentHolder] {
        if transactions.isEmpty { return [] }
        let holders = transactions.keys.sorted().compactMap { id in
            transactions[id]?.map(\.step.holder).max { $0.expires < $1.expires }
        }
        return holders.filter { $0.expires < now }.sorted { ($0.expires, $0.id) < ($1.expires, $1.id) }
    }
}
