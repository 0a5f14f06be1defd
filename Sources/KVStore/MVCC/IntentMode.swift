/// How a transaction uses a key while it is under way.
enum IntentMode: UInt8, Hashable, Sendable {
    /// Has read it or asks something of it: nobody may change it.
    case shared = 1
    /// Adds to it, as others may.
    case additive = 2
    /// Puts, inserts or deletes, or reads it and adds to it.
    case exclusive = 3

    /// Shared goes with shared, additive with additive, nothing else.
    func isCompatible(with other: IntentMode) -> Bool {
        switch (self, other) {
        case (.shared, .shared), (.additive, .additive): true
        default: false
        }
    }

    /// True if it may give a key another value.
    var changes: Bool { self != .shared }
}

/// What one step of a transaction uses: every key once, in their order, and ranges that must not change.
struct Footprint: Hashable {
    /// A key, how it is used, and what becomes of it.
    struct Use: Hashable {
        let key: [UInt8]
        var mode: IntentMode
        var change: TransactionDraft.Change.Kind?
    }

    private(set) var uses: [Use] = []
    private(set) var ranges: [KeyRange] = []

    init(_ draft: TransactionDraft) {
        uses.reserveCapacity(draft.reads.count + draft.checks.count + draft.changes.count)
        for key in draft.reads { uses.append(Use(key: key, mode: .shared)) }
        for check in draft.checks { uses.append(Use(key: check.key, mode: .shared)) }
        for change in draft.changes {
            let mode: IntentMode = if case .add = change.kind { .additive } else { .exclusive }
            uses.append(Use(key: change.key, mode: mode, change: change.kind))
        }
        if uses.count > 1 { mergeUses() }
        ranges = draft.ranges.filter { !$0.isEmpty }
        guard ranges.count > 1 else { return }
        ranges.sort { RangeIntent.isOrdered($0, $1) }
        var last: KeyRange?
        ranges.removeAll { range in
            defer { last = range }
            return range == last
        }
    }

    /// Where the record of a transaction lies that has this part only, and a participant's trace of this part: the least
    /// key that is changed, or, where none is, the least that it has anything to do with.
    var anchor: [UInt8] { Self.anchor(uses, ranges) }

    /// The same, of uses and ranges in any order.
    static func anchor(_ uses: [Use], _ ranges: [KeyRange]) -> [UInt8] {
        let changed = uses.filter { $0.change != nil }.map(\.key)
        let keys = changed.isEmpty ? uses.map(\.key) + ranges.map(\.lower) : changed
        return keys.min { KeyOrder.compare($0, $1) < 0 } ?? []
    }

    /// Where a key stands among the uses. The key is one of them.
    func place(of key: [UInt8]) -> Int {
        var low = 0
        var high = uses.count
        while low < high {
            let middle = (low + high) / 2
            if KeyOrder.compare(uses[middle].key, key) < 0 { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Reading a key and adding to it excludes everybody else.
    private mutating func mergeUses() {
        uses.sort { KeyOrder.compare($0.key, $1.key) < 0 }
        var merged: [Use] = []
        merged.reserveCapacity(uses.count)
        for use in uses {
            guard let last = merged.last, last.key == use.key else {
                merged.append(use)
                continue
            }
            if last.mode != use.mode { merged[merged.count - 1].mode = .exclusive }
            if let change = use.change { merged[merged.count - 1].change = change }
        }
        uses = merged
    }
}
