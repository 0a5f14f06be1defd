import DequeModule

/// One replica of one Raft group: a value that is fed with events and says what to do. It has no threads, no clock, no
/// disk, no sockets and no randomness of its own, so that the same events give the same replica, always.
///
/// **The runtime's contract.**
///
/// 1. Feed events: ``step(_:)`` for a message, ``tick()`` for time, ``propose(_:)`` and the like for clients, the
///    completions below for its own work. Any number of them, then ``takeEffects(into:)``. Events that are fed together
///    share appends, writes and rounds of reads.
/// 2. Do what the effects say. Messages may leave at once. Writes are done in order, each atomically, and reported with
///    ``persisted(through:)`` once durable; whatever has to wait for them waits in here. A write that fails ends the
///    process: the core must not go on with a disk that it cannot trust.
/// 3. Committed entries go to the state machine, one batch at a time, each reported with ``applied(through:)``. The
///    state machine stores the last index it applied, and the configuration in force there, together with its data.
///    An install of a snapshot ends the batch that is on its way: what is left of it is dropped.
/// 4. After a crash, start from a ``RestoredState`` with everything that was reported durable, and with a new seed.
/// 5. Pass an ``InstallSnapshot`` on only when its bytes have arrived and were checked.
/// 6. Tell ``compact(through:)`` before entries go, and destroy the replicas of removed members only after
///    ``Notice/configurationSettled(_:)``.
/// 7. Where groups may sleep, report what the node's own heartbeats tell: ``nodeSilent(_:)``, ``nodeReturned(_:)``;
///    the latter before anything that the node has sent since is fed.
///
/// Senders are trusted to be who they say, within what authenticated connections can promise, and to be replicas; they
/// are not trusted to be right, in time or in order.
///
/// Breaking the contract traps. Messages never do, whatever they say: those that make no sense are counted in
/// ``rejections`` and change nothing.
///
/// The rules lie where their names say: `RaftCore+Election`, `+Replication`, `+Following`, `+Membership`, `+Reads`,
/// `+Transfer`, `+Snapshots`, `+Persistence`, `+Quiescence`.
public struct RaftCore: Sendable {
    /// This replica.
    public let id: NodeID
    /// Its group.
    public let partition: PartitionID
    /// Its times and limits.
    public let options: RaftOptions

    /// What a replica is doing (figure 3.3; pre-candidates are of 9.6).
    public enum Role: Hashable, Sendable {
        case follower
        case preCandidate
        case candidate
        case leader
    }

    /// What it is doing.
    public internal(set) var role = Role.follower
    /// Its term.
    public internal(set) var term: Term
    /// Whom it voted for in its term.
    public internal(set) var vote: NodeID?
    /// The leader of its term, if it knows one; itself, if it leads.
    public internal(set) var leader: NodeID?
    /// The configuration in force here.
    public internal(set) var configuration: Configuration
    /// True while the group sleeps: ticks do nothing, the runtime may leave them out.
    public internal(set) var isQuiet = false
    /// How many messages were turned away, by reason.
    public internal(set) var rejections = RejectionCounts()

    var log: RaftLog
    var random: SeededGenerator

    // What is to leave, and what it waits for. See `RaftCore+Persistence`.
    var effects = Effects()
    var writes = PendingWrites()
    var held: Deque<HeldEnvelope> = []
    /// The hard state has changed since the last write was handed out, in a way that must not be forgotten: the term,
    /// the vote, or that a configuration is committed.
    var hasUnwrittenHardState = false
    /// The commit index that the last write contains.
    var writtenCommit: LogIndex
    /// A snapshot that the next write installs.
    var unwrittenSnapshot: SnapshotMetadata?
    /// The write that installs the last accepted snapshot, until it is durable.
    var installing: PersistID?

    // Elections.
    var votes = VoteTally()
    /// The write that makes this candidate's own vote durable.
    var ownVote: PersistID?
    var ticksSinceLeader = 0
    var ticksUntilCampaign = 0
    /// Ticks for which refused campaigns are tried again at once, since the leader's process seems to have died.
    var earlyCampaignTicks = 0
    /// The leader's process seems to have died: this replica no longer protects it from campaigns.
    var isStickinessLifted = false
    /// Ticks for which a replica that has just started votes for nobody, since it may have granted a lease before.
    var leaseGuardTicks = 0
    /// Ticks for which this replica still follows its leader's request to campaign, should it not be able to yet.
    var takeOverTicks = 0
    /// Nodes of which the runtime has heard nothing for an election time-out, and nothing since.
    var silentNodes: [NodeID] = []

    // Leadership. Empty and zero while another replica leads.
    /// What the leader knows about the other members, ascending by id.
    var peers: [Progress] = []
    var reads = ReadQueue()
    var transfer: LeadershipTransfer?
    /// No change of the configuration is proposed before this index is applied: one change at a time, and none before
    /// the leader knows what its predecessors have committed.
    var configurationBarrier = LogIndex.zero
    /// The entry that spreads the knowledge that the configuration in force is committed; nil once it is applied.
    var settlement: LogIndex?
    var ticksSinceHeartbeat = 0
    var ticksSinceQuorumCheck = 0
    var idleTicks = 0
    /// The end of the log when `idleTicks` began to count.
    var idleSince = LogIndex.zero

    // Reads of this replica's own clients.
    var forwardedReads: ForwardedReads
    var confirmedReads = ConfirmedReads()

    /// A replica that starts, as a follower, from what its disk remembers.
    ///
    /// - Parameters:
    ///   - options: the caller knows that they are valid.
    ///   - state: the caller knows that it is consistent.
    ///   - seed: decides time-outs and names; another one at each start.
    public init(id: NodeID, partition: PartitionID, options: RaftOptions, restoring state: RestoredState, seed: UInt64)
    {
        do {
            try options.validate()
        } catch {
            preconditionFailure("options must be valid: \(error)")
        }
        do {
            try state.validate()
        } catch {
            preconditionFailure("a replica must not start from an inconsistent state: \(error)")
        }
        self.id = id
        self.partition = partition
        self.options = options
        term = state.hardState.term
        vote = state.hardState.vote
        writtenCommit = state.hardState.commit
        configuration = state.configuration
        log = RaftLog(restoring: state)
        random = SeededGenerator(seed: seed)
        leaseGuardTicks = options.usesLeases ? options.electionTicks : 0
        forwardedReads = ForwardedReads(incarnation: random.next())
        resetCampaignTimer()
    }

    // MARK: Events

    /// Lets one tick of time pass.
    public mutating func tick() {
        if isQuiet { return }
        if role == .leader { tickAsLeader() } else { tickAsFollower() }
    }

    /// Looks at one message. Messages may be lost, doubled, late or out of order, and may come from anybody.
    public mutating func step(_ envelope: Envelope) {
        guard envelope.partition == partition else { return reject(.otherPartition) }
        guard envelope.to == id, envelope.from != id else { return reject(.otherReplica) }
        guard envelope.isPlausible else { return reject(.impossibleFields) }
        if case .preVoteRequest(let request) = envelope.message {
            return handlePreVoteRequest(request, from: envelope.from)
        }
        if envelope.term < term {
            // A voter whose term is behind may grant a pre-vote: it will enter the new term with the real vote.
            if case .preVoteReply(let reply) = envelope.message {
                return handlePreVoteReply(reply, from: envelope.from)
            }
            return handleStale(envelope)
        }
        if envelope.term > term {
            if case .voteRequest(let request) = envelope.message, protectsLeader(from: envelope.from),
                !request.isTransfer
            {
                return reject(.outOfPlace)
            }
            becomeFollower(term: envelope.term, leader: nil)
        }
        dispatch(envelope)
    }

    private mutating func dispatch(_ envelope: Envelope) {
        let from = envelope.from
        switch envelope.message {
        case .preVoteRequest: preconditionFailure("pre-votes are asked for outside terms")
        case .preVoteReply(let reply): handlePreVoteReply(reply, from: from)
        case .voteRequest(let request): handleVoteRequest(request, from: from)
        case .voteReply(let reply): handleVoteReply(reply, from: from)
        case .append(let request): handleAppend(request, from: from)
        case .appended(let acknowledgement): handleAppended(acknowledgement, from: from)
        case .appendRejected(let rejection): handleAppendRejected(rejection, from: from)
        case .heartbeat(let heartbeat): handleHeartbeat(heartbeat, from: from)
        case .heartbeatReply(let reply): handleHeartbeatReply(reply, from: from)
        case .staleTerm: break  // Its term has done its work already.
        case .installSnapshot(let install): handleInstallSnapshot(install, from: from)
        case .campaignNow: handleCampaignNow(from: from)
        case .readRequest(let request): handleReadRequest(request, from: from)
        case .readReply(let reply): handleReadReply(reply)
        case .quiesce(let quiesce): handleQuiesce(quiesce, from: from)
        case .wakeRequest: handleWakeRequest(from: from)
        }
    }

    /// A message of a term that is over. Its sender is told where that matters: a leader that does not know of the
    /// later term would go on for ever, and a candidate would wait.
    private mutating func handleStale(_ envelope: Envelope) {
        reject(.staleTerm)
        switch envelope.message {
        case .append, .heartbeat, .installSnapshot, .quiesce:
            send(StaleTermNotice(), to: envelope.from)
        case .voteRequest(let request):
            let known = log.lastCommitted(upTo: request.lastEntry.index)
            sendOnceDurable(VoteReply(isGranted: false, committed: known), to: envelope.from)
        default:
            break
        }
    }

    mutating func reject(_ reason: Rejection) { rejections.count(reason) }
}

/// How many messages a replica has turned away since it started, by reason.
public struct RejectionCounts: Hashable, Sendable {
    private var counts = [Int](repeating: 0, count: Rejection.allCases.count)

    /// How many for this reason.
    public subscript(reason: Rejection) -> Int { counts[reason.rawValue] }

    mutating func count(_ reason: Rejection) { counts[reason.rawValue] += 1 }
}
