/// Numbers the rounds in which a leader has its leadership confirmed for reads. Begins anew with every leadership;
/// together with the term of the message it names one round of one leadership and no other.
public struct ReadRound: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number itself.
    public let rawValue: UInt64

    /// No round: nothing waits.
    public static let none = ReadRound(0)

    /// Wraps a number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    var next: ReadRound { ReadRound(rawValue + 1) }

    /// Later rounds are greater.
    public static func < (a: ReadRound, b: ReadRound) -> Bool { a.rawValue < b.rawValue }

    /// The number.
    public var description: String { String(rawValue) }
}

/// Names a read that a follower passes to the leader. `incarnation` is drawn anew whenever a replica starts, so that an
/// answer to a read from before a crash is never taken for the answer to a read after it.
public struct ReadID: Hashable, Sendable {
    /// Which start of the replica asked.
    public let incarnation: UInt64
    /// Which of its reads.
    public let sequence: UInt64

    /// Makes an id, as read from the network.
    public init(incarnation: UInt64, sequence: UInt64) {
        self.incarnation = incarnation
        self.sequence = sequence
    }
}

/// "From which applied index on may I answer a read that has arrived here?" Sent by a follower (6.4).
public struct ReadRequest: Hashable, Sendable, LeavesAtOnce {
    /// The follower's name for it.
    public let id: ReadID

    /// Makes a request.
    public init(id: ReadID) { self.id = id }

    var asMessage: Message { .readRequest(self) }
}

/// The answer to a ``ReadRequest``. A leader that cannot answer is silent; the asking replica's runtime times out.
public struct ReadReply: Hashable, Sendable, LeavesAtOnce {
    /// The follower's name for it.
    public let id: ReadID
    /// Whoever has applied this index sees every write that was acknowledged before the read began.
    public let index: LogIndex

    /// Makes a reply.
    public init(id: ReadID, index: LogIndex) {
        self.id = id
        self.index = index
    }

    var asMessage: Message { .readReply(self) }
}
