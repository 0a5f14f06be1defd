/// Entries for a follower's log, or none, to tell it a commit index or to find out where the logs agree
/// (AppendEntries, 3.5).
public struct AppendRequest: Hashable, Sendable, LeavesAtOnce {
    /// The entry that must be in the follower's log for `entries` to follow it.
    public let previous: LogPosition
    /// Contiguous entries, the first at `previous.index + 1`.
    public let entries: [Entry]
    /// The leader's commit index.
    public let commit: LogIndex

    /// Makes a request.
    public init(previous: LogPosition, entries: [Entry], commit: LogIndex) {
        self.previous = previous
        self.entries = entries
        self.commit = commit
    }

    var asMessage: Message { .append(self) }
}

/// "My log equals yours up to here, and it is on disk."
public struct AppendAcknowledgement: Hashable, Sendable, LeavesOnceDurable {
    /// The last index that is known to be the leader's.
    public let match: LogIndex

    /// Makes an acknowledgement.
    public init(match: LogIndex) { self.match = match }

    var asMessage: Message { .appended(self) }
}

/// "My log has no such previous entry." The hint lets the leader pass over a whole term a round trip, from either side.
public struct AppendRejection: Hashable, Sendable, LeavesAtOnce {
    /// The previous index of the request that was rejected.
    public let rejected: LogIndex
    /// The follower's last entry at or below `rejected` whose term is not above the request's previous term: no entry
    /// behind it can be the leader's.
    public let hint: LogPosition

    /// Makes a rejection.
    public init(rejected: LogIndex, hint: LogPosition) {
        self.rejected = rejected
        self.hint = hint
    }

    var asMessage: Message { .appendRejected(self) }
}

/// "I lead." Keeps followers from campaigning, tells them a safe commit index, and counts the leader's reads.
///
/// Of constant size, so that a runtime with many groups can send all of a node pair's in one frame.
public struct Heartbeat: Hashable, Sendable, LeavesAtOnce {
    /// What the follower may take as committed: never above what it has acknowledged.
    public let commit: LogIndex
    /// The newest round of reads that waits for a confirmation.
    public let readRound: ReadRound

    /// Makes a heartbeat.
    public init(commit: LogIndex, readRound: ReadRound) {
        self.commit = commit
        self.readRound = readRound
    }

    var asMessage: Message { .heartbeat(self) }
}

/// The answer to a ``Heartbeat``.
public struct HeartbeatReply: Hashable, Sendable, LeavesAtOnce {
    /// The round that the heartbeat carried.
    public let readRound: ReadRound

    /// Makes a reply.
    public init(readRound: ReadRound) { self.readRound = readRound }

    var asMessage: Message { .heartbeatReply(self) }
}

/// The end of a snapshot transfer: all its bytes have arrived and were checked by the runtime, which hands this over.
public struct InstallSnapshot: Hashable, Sendable, LeavesAtOnce {
    /// What the snapshot contains.
    public let metadata: SnapshotMetadata

    /// Makes the message.
    public init(metadata: SnapshotMetadata) { self.metadata = metadata }

    var asMessage: Message { .installSnapshot(self) }
}

/// "Nothing is going on: stop your timers." The store's liveness stands in for heartbeats until something happens.
public struct Quiesce: Hashable, Sendable, LeavesAtOnce {
    /// Where the leader's log ends, all of it committed. A follower whose log ends elsewhere stays awake and says so with a ``WakeRequest``.
    public let lastEntry: LogPosition

    /// Makes the message.
    public init(lastEntry: LogPosition) { self.lastEntry = lastEntry }

    var asMessage: Message { .quiesce(self) }
}

/// "I cannot sleep": the answer of a follower that lacks something, or believed the leader's node to be dead.
public struct WakeRequest: Hashable, Sendable, LeavesAtOnce {
    /// Makes the message.
    public init() {}

    var asMessage: Message { .wakeRequest(self) }
}
