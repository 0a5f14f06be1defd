internal import DequeModule
public import Raft

/// A node's replicas on one log and one engine: what the groups' cores say is done here, for all of them together.
///
/// It has no threads, no clock and no sockets. Whoever runs it feeds it and lets it take *turns*:
///
///     receive, tick, submit, read …      at any time: only cores are fed
///           │
///     prepare() ── messages ──▶ network  effects are taken, writes are appended to the log
///           │
///     sync()                             one fdatasync for all groups; may run on another thread
///           │
///     complete() ── answers ──▶ clients  writes are reported, committed entries applied
///           │
///     again, while hasWork               what the disk has released leaves with the next turn
///
/// **Who may do what when.** Between `prepare()` and `complete()` the log belongs to `sync()`: the store may be fed, and
/// nothing else; likewise between `prepareMaintenance()` and `completeMaintenance()`. `create`, `destroy` and
/// maintenance come between turns. `sync()` touches the log and nothing else.
///
/// **Order on the disk.** A write's hard state goes before its entries. A snapshot is ingested first, durably, then its
/// install record is written; ``ReplicaStart`` closes the gap after a crash between the two. A replica's creation and
/// its destruction are durable in the log before anything follows from them; one that was destroyed is never made
/// again here, and nothing brings it back.
///
/// **Clients.** A command that was accepted is answered when it is applied, with what it came to; when its replica
/// stops leading before that, the answer is that nobody knows. A read is answered from the state machine after a quorum
/// has confirmed that it was up to date.
///
/// **Failure.** After an error of ``StoreError`` every further turn throws it again; see there.
///
/// Rules lie where their names say: `Store+Recovery`, `+Lifecycle`, `+Input`, `+Clients`, `+Turn`, `+Maintenance`,
/// `+Room`, `+SendingSnapshots`, `+ReceivingSnapshots`.
public final class Store {
    /// This node, under whose id all its replicas run.
    public let node: NodeID
    /// Its limits.
    public let options: StoreOptions
    /// What was found at the start, and what does not run.
    public internal(set) var recovery = StoreRecovery()
    /// What was turned away.
    public internal(set) var drops = DropCounts()

    let log: WriteAheadLog
    let engine: any Engine
    var random: SeededGenerator
    var phase = Phase.idle
    var failure: StoreError?

    /// Looked up by id; ``ids`` gives the order.
    var replicas: [PartitionID: Replica] = [:]
    var ids = SortedIDs()
    /// Looked up only.
    var tombstones: Set<PartitionID> = []
    /// Replicas that may have effects.
    var ready = SortedIDs()
    /// Replicas that need ticks.
    var awake = SortedIDs()
    /// Replicas with committed entries to apply, each once, the one that waits longest first.
    var applyQueue: Deque<PartitionID> = []
    /// Writes of the turn that is under way.
    var writes: [(partition: PartitionID, id: PersistID)] = []
    var needsSync = false
    /// Used again and again.
    var effects = Effects()

    var outbox = Outbox()
    var outgoing = OutgoingSnapshots()
    /// Replicas to which a snapshot is on its way.
    var receiving = SortedIDs()
    var answers: [Answer] = []
    var notices: [StoreNotice] = []

    /// Ticks so far.
    var now = 0
    /// Nodes of which nothing is heard. Ascending.
    public internal(set) var silentNodes: [NodeID] = []
    var pendingCommands = 0
    var pendingCommandBytes = 0
    var pendingReads = 0
    var lastRead: UInt64 = 0
    /// How much room the node's disk has: what is taken in depends on it.
    public var room = DiskRoom.enough
    /// Other nodes that have not enough room, as they say.
    public var nodesWithoutRoom: [NodeID] = []
    /// A turn waits for room on the disk: there is none even for what the replicas have to remember.
    var awaitsRoom = false
    /// The engine has found no room for what was committed last.
    var isEngineFull = false
    /// It is tried again at this tick.
    var nextApplication = 0
    /// When reads are given up, the oldest first. Those answered before are still on the list.
    var readDeadlines: Deque<ReadDeadline> = []

    enum Phase {
        case idle
        /// Writes are in the log and not durable.
        case prepared
        /// The log is being tidied up.
        case tidying
    }

    struct ReadDeadline {
        let tick: Int
        let partition: PartitionID
        let number: UInt64
    }

    /// A store of everything that a log and an engine hold.
    ///
    /// What it finds is made durable before it returns, and told by ``recovery``.
    ///
    /// - Parameters:
    ///   - log: The node's log, just opened or made; it is the store's from now on.
    ///   - found: What was found in the log; nil for a new one.
    ///   - engine: The node's engine.
    ///   - seed: Decides time-outs; another one at each start.
    public init(
        node: NodeID,
        recovering log: WriteAheadLog,
        _ found: LogRecovery?,
        engine: any Engine,
        options: StoreOptions = StoreOptions(),
        seed: UInt64
    ) throws(StoreError) {
        options.validate()
        self.node = node
        self.log = log
        self.engine = engine
        self.options = options
        random = SeededGenerator(seed: seed)
        if let found { try recover(found) }
    }

    /// The partitions that have a running replica here, ascending.
    public var partitions: [PartitionID] { ids.ids }

    /// How a replica stands; nil where there is none.
    public func status(of partition: PartitionID) -> RaftStatus? { replicas[partition]?.core.status }

    /// The node that leads a partition, as far as its replica here knows; this node, if that one leads.
    public func leader(of partition: PartitionID) -> NodeID? { replicas[partition]?.core.leader }

    /// What a replica has applied, to be read without a promise of being up to date; nil where there is none.
    public func reader(of partition: PartitionID) -> PartitionReader? { replicas[partition]?.machine.reader }

    /// How far a replica has applied its log: what a new command for it is minted at. Nil where there is none.
    public func appliedPosition(of partition: PartitionID) -> LogPosition? {
        replicas[partition]?.machine.state.position
    }

    /// A checksum of what the replicas of a partition have in common; nil where there is none. It reads all data.
    public func checksum(of partition: PartitionID) throws(StoreError) -> PartitionChecksum? {
        guard let replica = replicas[partition] else { return nil }
        return try callMachine(partition) { () throws(StateMachineError) in try replica.machine.checksum() }
    }

    /// True when a turn would do something.
    public var hasWork: Bool {
        phase == .prepared || !ready.isEmpty || (!applyQueue.isEmpty && now >= nextApplication) || !answers.isEmpty
            || outgoing.hasWork(limit: options.maxOutgoingSnapshots)
    }

    /// Something was fed to a replica: it may have effects, and may have woken.
    func touched(_ replica: Replica) {
        ready.insert(replica.partition)
        if !replica.core.isQuiet { awake.insert(replica.partition) }
    }

    /// Does something that ends the store if it fails for good.
    func guarded<R>(_ body: () throws(StoreError) -> R) throws(StoreError) -> R {
        if let failure { throw failure }
        do throws(StoreError) {
            return try body()
        } catch {
            if error != .log(.noSpace) { failure = error }
            throw error
        }
    }
}

/// What has happened to a replica, for the runtime's own decisions and for its log.
public struct StoreNotice: Hashable, Sendable {
    /// Which partition's replica.
    public let partition: PartitionID
    /// What happened.
    public let notice: Notice

    /// Makes a notice.
    public init(partition: PartitionID, notice: Notice) {
        self.partition = partition
        self.notice = notice
    }
}

/// How many messages were dropped since the start, by reason.
public struct DropCounts: Hashable, Sendable {
    /// For another node, or from this one.
    public internal(set) var misaddressed = 0
    /// For a partition of which there is nothing here.
    public internal(set) var unknownPartition = 0
    /// For a replica that was destroyed.
    public internal(set) var destroyed = 0
    /// For a replica that could not be started.
    public internal(set) var notRunning = 0
    /// With data for which there is no room.
    public internal(set) var shed = 0
}
