/// What a transaction asks the store to make true at one moment: that what it has read still holds, that its checks hold,
/// and then all its changes, or nothing.
///
/// Each key has at most one change. Reads are those that were made at ``start``; checks look at the moment of commit.
public struct TransactionDraft: Hashable, Sendable {
    /// The snapshot that was read; nil where nothing was.
    public var start: Timestamp?
    /// Keys that were read at ``start`` and must not have changed since.
    public var reads: [[UInt8]]
    /// Ranges that were scanned at ``start`` and in which nothing must have changed since.
    public var ranges: [KeyRange]
    /// What must hold of keys when the transaction commits.
    public var checks: [Check]
    /// What changes.
    public var changes: [Change]

    /// A condition on a key, at the moment of commit.
    public struct Check: Hashable, Sendable {
        /// The key.
        public var key: [UInt8]
        /// What must hold of it.
        public var condition: Condition

        /// Makes a check.
        public init(key: [UInt8], _ condition: Condition) {
            self.key = key
            self.condition = condition
        }
    }

    /// What may be asked of a key.
    public enum Condition: Hashable, Sendable {
        /// It has a value.
        case exists
        /// It has none.
        case isAbsent
        /// It has a value, and this transaction wrote it last.
        case hasVersion(Timestamp)
    }

    /// A change of one key.
    public struct Change: Hashable, Sendable {
        /// The key.
        public var key: [UInt8]
        /// What becomes of it.
        public var kind: Kind

        /// What becomes of a key.
        public enum Kind: Hashable, Sendable {
            /// It has this value, whatever it had. A counter refuses.
            case put([UInt8])
            /// It has this value, and must have had none.
            case insert([UInt8])
            /// It has no value any more, whether it had one or not.
            case delete
            /// The counter grows by this, absent counting as 0; bytes refuse.
            case add(Addition)
        }

        /// Makes a change.
        public init(key: [UInt8], _ kind: Kind) {
            self.key = key
            self.kind = kind
        }
    }

    /// An addition to a counter, which commutes with other additions. The result lies within the bounds and within 64
    /// bits, at its own moment and in every later version.
    public struct Addition: Hashable, Sendable {
        /// What is added.
        public var delta: Int64
        /// The least that the counter may come to, if there is such a bound.
        public var floor: Int64?
        /// The most that the counter may come to, if there is such a bound.
        public var ceiling: Int64?

        /// Makes an addition.
        public init(_ delta: Int64, floor: Int64? = nil, ceiling: Int64? = nil) {
            self.delta = delta
            self.floor = floor
            self.ceiling = ceiling
        }
    }

    /// Makes a draft; an empty one unless told otherwise.
    public init(
        start: Timestamp? = nil,
        reads: [[UInt8]] = [],
        ranges: [KeyRange] = [],
        checks: [Check] = [],
        changes: [Change] = []
    ) {
        self.start = start
        self.reads = reads
        self.ranges = ranges
        self.checks = checks
        self.changes = changes
    }
}

/// Sizes that transactions are held to.
public enum TransactionLimits {
    /// The most reads, ranges, checks and changes together: 1,000 that a user may have, and the record by which what
    /// became of them is known again.
    public static let operations = 1_001
    /// The most bytes of keys and values together.
    public static let bytes = 4 << 20
    /// The longest key, in bytes; the shortest is one byte. It is some more than users may have, whose keys lie behind
    /// those of a space.
    public static let keyBytes = (4 << 10) + 64
    /// The longest value, in bytes.
    public static let valueBytes = 1 << 20
    /// The longest that a transaction may be tried.
    public static let longestPatience = Duration.seconds(60)
}

extension TransactionDraft {
    /// Looks whether the draft keeps to ``TransactionLimits`` and makes sense by itself.
    ///
    /// - Throws: the first field that does not, and the rule that it breaks.
    public func validate() throws(FieldError) {
        let count = reads.count + ranges.count + checks.count + changes.count
        guard count <= TransactionLimits.operations else {
            throw FieldError("operations", "must be at most \(TransactionLimits.operations)")
        }
        guard start != nil || (reads.isEmpty && ranges.isEmpty) else {
            throw FieldError("start", "must be there where something was read")
        }
        var bytes = 0
        for key in reads { try Self.check("reads", key, &bytes) }
        for range in ranges {
            try Self.check("ranges", range.lower, &bytes)
            try Self.check("ranges", range.upper, &bytes)
        }
        for check in checks { try Self.check("checks", check.key, &bytes) }
        for change in changes {
            try Self.check("changes", change.key, &bytes)
            try change.validate(&bytes)
        }
        guard bytes <= TransactionLimits.bytes else {
            throw FieldError("transaction", "must be at most \(TransactionLimits.bytes) bytes of keys and values")
        }
        var changed = Set<[UInt8]>()
        for change in changes where !changed.insert(change.key).inserted {
            throw FieldError("changes", "must have each key once")
        }
    }

    private static func check(_ field: String, _ key: [UInt8], _ bytes: inout Int) throws(FieldError) {
        guard 1...TransactionLimits.keyBytes ~= key.count else {
            throw FieldError(field, "must have keys of 1 to \(TransactionLimits.keyBytes) bytes")
        }
        bytes += key.count
    }
}

extension TransactionDraft.Change {
    fileprivate func validate(_ bytes: inout Int) throws(FieldError) {
        switch kind {
        case .put(let value), .insert(let value):
            guard value.count <= TransactionLimits.valueBytes else {
                throw FieldError("changes", "must have values of at most \(TransactionLimits.valueBytes) bytes")
            }
            bytes += value.count
        case .delete: break
        case .add(let addition):
            if let floor = addition.floor, let ceiling = addition.ceiling, floor > ceiling {
                throw FieldError("changes", "must have floors that are not above their ceilings")
            }
        }
    }
}
