/// How a transaction uses a key, while it is under way.
enum ClaimMode: Hashable, Sendable {
    /// Puts, inserts or deletes.
    case exclusive
    /// Has read it or asks something of it: nobody may change it.
    case shared
    /// Adds to it, as others may.
    case additive

    /// Shared goes with shared, additive with additive, nothing else.
    func isCompatible(with other: ClaimMode) -> Bool {
        switch (self, other) {
        case (.shared, .shared), (.additive, .additive): true
        default: false
        }
    }

    /// True if it may give a key another value.
    var changes: Bool { self != .shared }
}

/// Everything that a transaction uses: keys, and ranges that must not change.
struct Claims: Hashable, Sendable {
    struct Claim: Hashable, Sendable {
        let key: [UInt8]
        let mode: ClaimMode
    }

    var points: [Claim] = []
    /// Shared.
    var ranges: [KeyRange] = []

    init() {}

    init(of draft: TransactionDraft) {
        points.reserveCapacity(draft.reads.count + draft.checks.count + draft.changes.count)
        for key in draft.reads { points.append(Claim(key: key, mode: .shared)) }
        for check in draft.checks { points.append(Claim(key: check.key, mode: .shared)) }
        for change in draft.changes { points.append(Claim(key: change.key, mode: change.claimMode)) }
        ranges = draft.ranges
    }
}

extension TransactionDraft.Change {
    /// How the change uses its key.
    var claimMode: ClaimMode {
        if case .add = kind { .additive } else { .exclusive }
    }
}
