/// A look at one replica, for operators and for whoever routes requests.
public struct RaftStatus: Hashable, Sendable {
    /// What it is doing.
    public let role: RaftCore.Role
    /// Its term.
    public let term: Term
    /// The leader of that term, if known.
    public let leader: NodeID?
    /// The configuration in force here.
    public let configuration: Configuration
    /// The last entry that the log no longer holds.
    public let base: LogPosition
    /// The log's last entry.
    public let last: LogPosition
    /// The last entry that is on this replica's disk.
    public let durable: LogIndex
    /// The last entry known to be committed.
    public let committed: LogIndex
    /// The last entry that the state machine contains.
    public let applied: LogIndex
    /// Whom leadership is being handed over to, if it is.
    public let transferTarget: NodeID?
    /// What a leader knows about the others; empty elsewhere.
    public let followers: [Follower]

    /// What a leader knows about one other member.
    public struct Follower: Hashable, Sendable {
        /// Which member.
        public let id: NodeID
        /// The last entry known to be stored there.
        public let match: LogIndex
        /// How it is brought up to date.
        public let mode: Mode
        /// Whether it was heard lately.
        public let isActive: Bool

        /// How a leader brings a follower up to date.
        public enum Mode: Hashable, Sendable {
            case probing
            case replicating
            case receivingSnapshot
        }
    }
}

extension RaftCore {
    /// How the replica stands now.
    public var status: RaftStatus {
        RaftStatus(
            role: role,
            term: term,
            leader: leader,
            configuration: configuration,
            base: log.base,
            last: log.last,
            durable: log.durable,
            committed: log.committed,
            applied: log.applied,
            transferTarget: transfer?.target,
            followers: peers.map { peer in
                RaftStatus.Follower(id: peer.id, match: peer.match, mode: peer.mode, isActive: peer.isRecentlyActive)
            }
        )
    }

    /// The last entry known to be committed.
    public var committedIndex: LogIndex { log.committed }

    /// The last entry that the state machine contains.
    public var appliedIndex: LogIndex { log.applied }

    /// The last entry that is on this replica's disk.
    public var durableIndex: LogIndex { log.durable }

    /// The log's terms, as far as the log reaches back.
    public var termHistory: TermHistory { log.terms }

    /// Payload bytes in the log behind the commit index, as the cap on them counts.
    public var uncommittedBytes: Int { log.uncommitted.total }

    /// Messages that were not taken yet.
    public var waitingMessages: Int { effects.messages.count }

    /// Payload bytes of entries in memory.
    public var cachedBytes: Int { log.cache.bytes }
}

extension Progress {
    fileprivate var mode: RaftStatus.Follower.Mode {
        switch state {
        case .probe: .probing
        case .replicate: .replicating
        case .snapshot: .receivingSnapshot
        }
    }
}
