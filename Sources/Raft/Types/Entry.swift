/// One entry of the replicated log. Two entries with the same index and term are the same entry (log matching, 3.5).
public struct Entry: Hashable, Sendable {
    /// Where the entry stands in the log.
    public let index: LogIndex
    /// The term of the leader that wrote it.
    public let term: Term
    /// What it says.
    public let payload: EntryPayload

    /// Makes an entry, as read from a disk or from a message.
    @inlinable
    public init(index: LogIndex, term: Term, payload: EntryPayload) {
        self.index = index
        self.term = term
        self.payload = payload
    }

    /// Index and term together: the entry's identity.
    @inlinable
    public var position: LogPosition { LogPosition(term: term, index: index) }
}

/// What an entry says.
public enum EntryPayload: Hashable, Sendable {
    /// Nothing. A new leader writes one, because only entries of its own term tell it what is committed (6.4).
    case noop
    /// Bytes for the state machine; Raft does not look into them.
    case command([UInt8])
    /// The configuration that holds once this entry is applied.
    indirect case configuration(Configuration)

    /// Bytes that limits on messages, caches and uncommitted entries charge for this payload: its own, and what an entry
    /// costs in memory besides, so that many small entries are limited like a few large ones.
    ///
    /// An empty payload costs nothing, so that a leader's first entry always fits.
    @inlinable
    public var sizeBytes: Int {
        switch self {
        case .noop: 0
        case .command(let bytes): Self.commandBytes(bytes)
        case .configuration(let configuration): Self.overheadBytes + configuration.sizeBytes
        }
    }

    /// What an entry costs in memory besides the bytes of its command.
    public static let overheadBytes = 64

    @inlinable
    static func commandBytes(_ command: [UInt8]) -> Int { overheadBytes + command.count }
}

/// The identity of an entry: its term and its index, ordered as logs are compared in elections (5.4.1 of the paper,
/// 3.6.1 of the thesis): by term first, then by index.
public struct LogPosition: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The entry's term.
    public let term: Term
    /// The entry's index.
    public let index: LogIndex

    /// The place before the first entry of every log.
    public static let origin = LogPosition(term: .zero, index: .zero)

    /// Makes a position, as read from a disk or from a message.
    @inlinable
    public init(term: Term, index: LogIndex) {
        self.term = term
        self.index = index
    }

    /// By term, then by index.
    @inlinable
    public static func < (a: LogPosition, b: LogPosition) -> Bool {
        a.term != b.term ? a.term < b.term : a.index < b.index
    }

    /// `term/index`, as interaction scripts and timelines print it.
    public var description: String { "\(term)/\(index)" }
}
