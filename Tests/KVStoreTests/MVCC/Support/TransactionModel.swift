import KVStore

/// What transactions must have come to, in the plainest form: a list of those that have committed.
struct TransactionModel {
    struct Committed {
        let id: TransactionID
        let timestamp: Timestamp
        var draft: TransactionDraft
    }

    private(set) var all: [TransactionID: Committed] = [:]

    struct Violation: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    /// A transaction has committed; a part of one comes to what other parts have.
    mutating func commit(_ id: TransactionID, at timestamp: Timestamp, _ draft: TransactionDraft) throws {
        if let known = all[id], known.timestamp != timestamp { throw Violation("\(id) has committed twice") }
        if all.values.contains(where: { $0.timestamp == timestamp && $0.id != id }) {
            throw Violation("two at \(timestamp)")
        }
        all[id] = Committed(id: id, timestamp: timestamp, draft: draft)
    }

    private var inOrder: [Committed] { all.values.sorted { $0.timestamp < $1.timestamp } }

    /// What a key had.
    func entry(_ key: [UInt8], at timestamp: Timestamp, seeing isSeen: (TransactionID, [UInt8]) -> Bool) -> StoredEntry?
    {
        var entry: StoredEntry?
        for transaction in inOrder where transaction.timestamp <= timestamp && isSeen(transaction.id, key) {
            for change in transaction.draft.changes where change.key == key {
                entry = Self.apply(change.kind, to: entry, at: transaction.timestamp)
            }
        }
        return entry
    }

    private static func apply(
        _ kind: TransactionDraft.Change.Kind,
        to entry: StoredEntry?,
        at timestamp: Timestamp
    ) -> StoredEntry? {
        switch kind {
        case .put(let value), .insert(let value): return StoredEntry(.bytes(value), version: timestamp)
        case .delete: return nil
        case .add(let addition):
            guard case .counter(let sum)? = entry?.content else {
                return StoredEntry(.counter(addition.delta), version: timestamp)
            }
            return StoredEntry(.counter(sum + addition.delta), version: timestamp)
        }
    }

    /// Looks whether the transactions could have run one after the other, in the order of their timestamps.
    func checkSerializable(keys: [[UInt8]]) throws {
        for transaction in inOrder {
            let timestamp = transaction.timestamp
            let draft = transaction.draft
            let before = Timestamp(timestamp.rawValue - 1)
            let everything = { (_: TransactionID, _: [UInt8]) in true }
            func entry(_ key: [UInt8], _ timestamp: Timestamp) -> StoredEntry? {
                self.entry(key, at: timestamp, seeing: everything)
            }
            let read = draft.reads + keys.filter { key in draft.ranges.contains { $0.contains(key) } }
            for key in read where entry(key, draft.start ?? .zero) != entry(key, before) {
                throw Violation(
                    "\(transaction.id) at \(timestamp) has read \(key) at \(draft.start ?? .zero), which changed"
                )
            }
            for check in draft.checks {
                let entry = entry(check.key, before)
                let holds =
                    switch check.condition {
                    case .exists: entry != nil
                    case .isAbsent: entry == nil
                    case .hasVersion(let version): entry?.version == version
                    }
                if !holds { throw Violation("\(transaction.id) at \(timestamp): \(check) does not hold") }
            }
            for change in draft.changes {
                let old = entry(change.key, before)
                switch (change.kind, old?.content) {
                case (.insert, .some): throw Violation("\(transaction.id) has inserted what was there")
                case (.put, .counter?), (.add, .bytes?): throw Violation("\(transaction.id) has mixed types")
                default: break
                }
                guard case .add(let addition) = change.kind else { continue }
                guard case .counter(let sum)? = entry(change.key, timestamp)?.content,
                    sum >= addition.floor ?? .min, sum <= addition.ceiling ?? .max
                else { throw Violation("\(transaction.id) at \(timestamp): \(change.key) is out of its bounds") }
            }
        }
    }
}
