/// A Raft term: a logical clock that numbers leaderships (thesis 3.3). Zero is the term before the first election.
public struct Term: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number itself.
    public let rawValue: UInt64

    /// The term before the first election.
    public static let zero = Term(0)
    /// The largest term that a message may carry. Far above what elections can reach, far below overflow.
    public static let max = Term(1 << 62)

    /// Wraps a number read from a disk or from a message.
    @inlinable
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// The term that a candidate enters when it leaves this one.
    @inlinable
    public var next: Term { Term(rawValue + 1) }

    /// By number.
    @inlinable
    public static func < (a: Term, b: Term) -> Bool { a.rawValue < b.rawValue }

    /// The number.
    public var description: String { String(rawValue) }
}

/// A position in the replicated log. The first entry has index 1; zero is the place before it.
public struct LogIndex: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number itself.
    public let rawValue: UInt64

    /// The place before the first entry.
    public static let zero = LogIndex(0)
    /// The largest index that a message may carry. Far above what a log can reach, far below overflow.
    public static let max = LogIndex(1 << 62)

    /// Wraps a number read from a disk or from a message.
    @inlinable
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// The index of the entry behind this one.
    @inlinable
    public var next: LogIndex { LogIndex(rawValue + 1) }

    /// The index of the entry before this one. The caller knows that this is not `zero`.
    @inlinable
    public var previous: LogIndex { LogIndex(rawValue - 1) }

    /// The index `count` entries behind this one.
    @inlinable
    public static func + (index: LogIndex, count: Int) -> LogIndex { LogIndex(index.rawValue + UInt64(count)) }

    /// How many entries lie in `(earlier, self]`. The caller knows that `earlier` is not behind `self`.
    @inlinable
    public func distance(from earlier: LogIndex) -> Int { Int(rawValue - earlier.rawValue) }

    /// By number.
    @inlinable
    public static func < (a: LogIndex, b: LogIndex) -> Bool { a.rawValue < b.rawValue }

    /// The number.
    public var description: String { String(rawValue) }
}

/// Names one replica's durable state, for ever. Raft treats it as opaque.
///
/// An id stands for what a disk remembers: votes given and entries acknowledged. A replica whose disk was wiped, or
/// that was removed from its group and comes back, has forgotten them and therefore needs a new id; whoever mints
/// ids never reuses one, and a ``Configuration`` refuses an id that was removed before.
public struct NodeID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number itself.
    public let rawValue: UInt64

    /// Wraps a number. Zero is a valid id like any other.
    @inlinable
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// By number.
    @inlinable
    public static func < (a: NodeID, b: NodeID) -> Bool { a.rawValue < b.rawValue }

    /// The number.
    public var description: String { String(rawValue) }
}

/// Names one Raft group: the replicas of one partition of the key space.
public struct PartitionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number itself.
    public let rawValue: UInt64

    /// Wraps a number. Zero is a valid id like any other.
    @inlinable
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// By number.
    @inlinable
    public static func < (a: PartitionID, b: PartitionID) -> Bool { a.rawValue < b.rawValue }

    /// The number.
    public var description: String { String(rawValue) }
}
