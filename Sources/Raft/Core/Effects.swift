/// What the runtime is to do after it has fed a ``RaftCore``.
///
/// Everything in here may be done at once and in any order: `messages` may leave before, during or after the write of
/// `persist`. What may *not* leave before a write is durable is not in here at all. It waits inside the core as a
/// ``HeldEnvelope``, a type that only ``RaftCore/persisted(through:)`` turns into messages.
public struct Effects: Sendable {
    /// Messages for other replicas. Loss, duplication and reordering do no harm.
    public var messages: [Envelope] = []
    /// What to write. Requests are written in the order in which they were handed out.
    public var persist: PersistRequest?
    /// Entries for the state machine. The next ones come after ``RaftCore/applied(through:)``.
    public var committed: CommittedEntries?
    /// Reads that may be answered from the state machine as it is now.
    public var reads: [ReadOutcome] = []
    /// Entries that are wanted back from the log. Each is answered with ``RaftCore/entriesRead(_:entries:)``.
    public var logReads: [LogReadRequest] = []
    /// Followers that need a snapshot. Each is answered with ``RaftCore/snapshotSent(to:metadata:)`` or
    /// ``RaftCore/snapshotFailed(to:)``.
    public var snapshots: [SnapshotRequest] = []
    /// What has happened, for the runtime's own decisions and for its log.
    public var notices: [Notice] = []

    /// No effects.
    public init() {}

    /// True when there is nothing to do.
    public var isEmpty: Bool {
        messages.isEmpty && persist == nil && committed == nil && reads.isEmpty && logReads.isEmpty
            && snapshots.isEmpty && notices.isEmpty
    }

    /// Empties everything and keeps the storage for the next round.
    mutating func removeAll() {
        messages.removeAllKeepingStorage()
        persist = nil
        committed = nil
        reads.removeAllKeepingStorage()
        logReads.removeAllKeepingStorage()
        snapshots.removeAllKeepingStorage()
        notices.removeAllKeepingStorage()
    }
}

extension Array {
    /// Most effects are empty most of the time, and emptying an empty array costs as much as any other.
    fileprivate mutating func removeAllKeepingStorage() {
        if !isEmpty { removeAll(keepingCapacity: true) }
    }
}

/// Names one write. Ascending within a core's life.
public struct PersistID: Hashable, Comparable, Sendable {
    /// The number itself.
    public let rawValue: UInt64

    /// Before the first write.
    public static let none = PersistID(0)

    /// Wraps a number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    var next: PersistID { PersistID(rawValue + 1) }

    /// Later writes are greater.
    public static func < (a: PersistID, b: PersistID) -> Bool { a.rawValue < b.rawValue }
}

/// One atomic write to the replica's part of the log: after a crash all of it is there, or nothing of it and nothing of
/// later ones. When it is durable, report ``RaftCore/persisted(through:)``.
public struct PersistRequest: Hashable, Sendable {
    /// Its name.
    public let id: PersistID
    /// The hard state, whether it changed or not.
    public let hardState: HardState
    /// When not nil, the state machine becomes this snapshot and the log begins behind it; `entries` come after. What
    /// is left of a batch of committed entries from before is dropped, and nothing more of it reported.
    public let snapshot: SnapshotMetadata?
    /// Entries that follow the log up to the first one's predecessor and replace everything from there on.
    public let entries: [Entry]

    /// Makes a request.
    public init(id: PersistID, hardState: HardState, snapshot: SnapshotMetadata?, entries: [Entry]) {
        self.id = id
        self.hardState = hardState
        self.snapshot = snapshot
        self.entries = entries
    }
}

/// Entries that are committed here, durable here, and next for the state machine.
public struct CommittedEntries: Hashable, Sendable {
    /// The first index.
    public let first: LogIndex
    /// The last index.
    public let last: LogIndex
    /// The entries, or nil when they are no longer cached and have to be read from the log.
    public let entries: [Entry]?

    /// Makes a batch.
    public init(first: LogIndex, last: LogIndex, entries: [Entry]?) {
        self.first = first
        self.last = last
        self.entries = entries
    }
}

/// The runtime's own name for a read that it asked for.
public struct ReadToken: Hashable, Sendable {
    /// The number itself.
    public let rawValue: UInt64

    /// Wraps a number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// What became of a read.
public enum ReadOutcome: Hashable, Sendable {
    /// The state machine, which has applied at least `index`, contains everything acknowledged before the read began.
    case ready(ReadToken, index: LogIndex)
    /// Leadership changed before it was confirmed. Ask again.
    case failed(ReadToken)
}

/// Entries that a follower needs and that are no longer cached.
public struct LogReadRequest: Hashable, Sendable {
    /// Who needs them.
    public let follower: NodeID
    /// The first one wanted. At least this one is there, unless the log was compacted meanwhile.
    public let first: LogIndex
    /// The last one that may be useful.
    public let last: LogIndex
    /// Stop reading at this many payload bytes, though not before the first entry.
    public let maxBytes: Int

    /// Makes a request.
    public init(follower: NodeID, first: LogIndex, last: LogIndex, maxBytes: Int) {
        self.follower = follower
        self.first = first
        self.last = last
        self.maxBytes = maxBytes
    }
}

/// A follower that lacks entries which the log no longer has.
public struct SnapshotRequest: Hashable, Sendable {
    /// Who needs a snapshot.
    public let follower: NodeID
    /// It has to contain at least this index, or the log will not reach back to it.
    public let minimumIndex: LogIndex

    /// Makes a request.
    public init(follower: NodeID, minimumIndex: LogIndex) {
        self.follower = follower
        self.minimumIndex = minimumIndex
    }
}

/// What has happened to a replica.
public enum Notice: Hashable, Sendable {
    /// It leads from now on. Proposals are accepted, reads wait for the first entry of this term to commit.
    case becameLeader(Term)
    /// It leads no longer. Proposals that were not reported committed may still be committed by a successor.
    case steppedDown(Term, StepDownReason)
    /// It follows this leader, or knows of none.
    case leaderChanged(NodeID?)
    /// This configuration is in force here.
    case configurationAdopted(Configuration)
    /// This configuration is known to be committed by enough members that nobody who has left is needed for anything
    /// any more. Only now may the replicas of ``Configuration/retired`` ids be destroyed. Told by leaders, by each
    /// once.
    case configurationSettled(Configuration)
    /// A replica that was removed from the group does not know it, and still campaigns. Its node should be told.
    case retiredMemberHeard(NodeID)
    /// A transfer of leadership came to nothing; proposals are accepted again.
    case transferAborted(NodeID)
    /// The group has gone to sleep: it needs no ticks until something is fed to it.
    case quiesced
    /// The group is awake: it needs ticks.
    case woke
}

/// Why a leader stopped leading.
public enum StepDownReason: Hashable, Sendable {
    /// Somebody has entered a later term.
    case laterTerm
    /// It has not heard from a quorum for an election time-out (6.2).
    case quorumLost
    /// It is not a voter of the configuration that has been applied (4.2.2).
    case removed
}

/// A promise that waits for a write. Only the core can open it, when that write is durable.
struct HeldEnvelope {
    let until: PersistID
    let envelope: Envelope

    /// Whether this says all that `other`, held before it, says: one acknowledgement of everything is enough.
    func replaces(_ other: HeldEnvelope) -> Bool {
        guard case .appended(let new) = envelope.message, case .appended(let old) = other.envelope.message else {
            return false
        }
        return until == other.until && envelope.to == other.envelope.to && envelope.term == other.envelope.term
            && new.match >= old.match
    }
}
