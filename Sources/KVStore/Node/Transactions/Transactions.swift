internal import HeapModule
internal import Raft

/// A node's part in transactions: it serves those partitions that it leads, and runs transactions for whoever asked here.
///
///     callers ──▶ coordinators ──▶ requests ──▶ leaders ──▶ participants ──▶ log, engine
///                     │                            (here or at other nodes)      │
///                     └──▶ desk ──▶ oracle  ◀────────────── timestamps ──────────┘
///
/// All rules are in the values that it holds (``Coordinator``, ``Participant``, ``TimestampOracle``,
/// ``TimestampDesk``); what is here carries out their actions, on the loop, and sends again what was lost.
final class Transactions {
    unowned let loop: StoreLoop
    let options: TransactionsOptions

    /// Partitions that are led here. Looked up; walked in the order of ids only.
    var served: [PartitionID: ServedPartition] = [:]
    var oracle: TimestampOracle?
    /// Requests for timestamps that the oracle here has not answered. Looked up only.
    var oracleReplies: [UInt64: (PartitionResponse) -> Void] = [:]
    var lastOracleRequest: UInt64 = 0

    var desk = TimestampDesk()
    /// Who waits at the desk, and for which client's request. Looked up only.
    var deskCallers: [UInt64: (trace: String?, reply: (Timestamp) -> Void)] = [:]
    var lastDeskCaller: UInt64 = 0
    var isDeskDue = false
    var clock = ClusterClock()
    /// Ticks since somebody last asked the oracle.
    var ticksWithoutTime = 0

    /// Requests on their way. Looked up by number; walked in the order of numbers only.
    var sends: [UInt64: Send] = [:]
    var lastSend: UInt64 = 0
    /// When to look at which request again, the earliest first.
    var alarms = Heap<Alarm>()

    /// Attempts under way. Looked up by number; walked in the order of numbers only.
    var running: [UInt64: RunningAttempt] = [:]
    var lastRunning: UInt64 = 0
    var lastAttempt: UInt64 = 0

    var counts = TransactionCounts()

    struct Alarm: Comparable {
        let tick: Int
        let send: UInt64
        let trial: Int

        static func < (a: Alarm, b: Alarm) -> Bool { (a.tick, a.send, a.trial) < (b.tick, b.send, b.trial) }
    }

    init(_ loop: StoreLoop, options: TransactionsOptions) {
        self.loop = loop
        self.options = options
    }

    /// Answers other nodes from now on, and tells partitions what they own.
    func beginServing() {
        loop.requestHandler = { [weak self] node, partition, bytes, reply in
            guard let self else { return }
            do throws(FieldError) {
                let request = try PartitionRequest(encoded: bytes)
                serve(request, of: partition, from: node) { reply($0.encoded) }
            } catch {
                reply(PartitionResponse.invalid(error).encoded)
            }
        }
        loop.describing = PartitionDescribing(
            described: { [weak self] in self?.contents(of: $0)?.machine.facts.descriptor },
            describe: { [weak self] in self?.describe($0, $1) }
        )
    }

    private func describe(_ descriptor: PartitionDescriptor, _ completion: @escaping () -> Void) {
        let command = Command(id: loop.newCommandID(), mintedAt: .zero, transaction: .describe(descriptor))
        do throws(RequestRefusal) {
            try loop.submit(command, to: descriptor.id) { _ in completion() }
        } catch {
            completion()
        }
    }

    /// This moment, as participants want to know it.
    var moment: Moment { Moment(tick: loop.ticks, cluster: clock.now(loop.environment.clock.now)) }

    // MARK: Events of the loop

    /// Something has happened to a replica here.
    func take(_ notice: StoreNotice) {
        let partition = notice.partition
        switch notice.notice {
        case .becameLeader(let term):
            stepDown(partition)
            if partition == StoreLoop.metaPartition {
                let voters = loop.store.status(of: partition)?.configuration.voters.count ?? 1
                oracle = TimestampOracle(term: term, voters: voters)
            }
            served[partition] = ServedPartition(
                Participant(term: term, options: options.participant),
                CollectionSchedule(options.collection, at: loop.ticks)
            )
            served[partition]?.participant.begin()
            carryOut(partition)
            retrySends(of: partition)
        case .steppedDown:
            stepDown(partition)
        case .leaderChanged(.some):
            retrySends(of: partition)
        default: break
        }
    }

    /// A tick of the loop.
    func tick() {
        let now = moment
        for partition in served.keys.sorted() {
            guard let contents = contents(of: partition) else { continue }
            served[partition]?.participant.tick(now, contents: contents)
            carryOut(partition)
        }
        if let actions = oracle?.tick(now: loop.environment.clock.now) { carryOutOracle(actions) }
        continueSends()
        keepTime()
        giveUpAttempts()
        continueCollection()
    }

    /// The node ends: nobody will learn from here what becomes of what he asked.
    func end() {
        for number in running.keys.sorted() { carryOut(number) { $0.giveUp() } }
        for partition in served.keys.sorted() { stepDown(partition) }
    }

    /// What has been applied of a partition, for its leader's decisions.
    func contents(of partition: PartitionID) -> AppliedContents? {
        loop.store.machine(of: partition).map { AppliedContents(machine: $0, loop: loop) }
    }
}

/// A partition that is led here.
struct ServedPartition {
    var participant: Participant
    /// Who waits for which number. Looked up only.
    var replies: [UInt64: (PartitionResponse) -> Void] = [:]
    /// Transactions that are being asked about. Looked up only.
    var questions: Set<TransactionID> = []
    var collection: CollectionSchedule
    /// Where to go on with looking for commits that nobody has settled.
    var settling: SweepPosition?

    init(_ participant: Participant, _ collection: CollectionSchedule) {
        self.participant = participant
        self.collection = collection
    }
}

/// How often what has happened on a node since it started.
public struct TransactionCounts: Hashable, Sendable {
    /// Attempts that were begun.
    public internal(set) var attempts = 0
    /// Those whose keys all lay in one partition.
    public internal(set) var oneRound = 0
    /// Those that have committed.
    public internal(set) var committed = 0
    /// Those that others came between.
    public internal(set) var conflicts = 0
    /// Those whose conditions did not hold.
    public internal(set) var refused = 0
    /// Those of which nobody knew here what became of them.
    public internal(set) var unknown = 0
    /// Rounds of entries that attempts have waited for.
    public internal(set) var rounds = 0
    /// Requests that were sent again.
    public internal(set) var retries = 0
    /// Requests that had to wait for a latch, an intent or an older request.
    public internal(set) var waits = 0
    /// Requests of younger transactions that gave way.
    public internal(set) var deaths = 0
    /// Questions to primaries about transactions that were in somebody's way.
    public internal(set) var questions = 0
    /// Transactions that somebody else than their coordinator has finished.
    public internal(set) var resolutions = 0
    /// Requests for timestamps that were sent.
    public internal(set) var timestampBatches = 0
    /// Timestamps that were wanted.
    public internal(set) var timestamps = 0
    /// Pieces of partitions in which was removed what nobody may ask for any more.
    public internal(set) var collections = 0

    /// Nothing yet.
    public init() {}
}

/// Times and limits of transactions, in ticks of the loop where nothing else is said.
public struct TransactionsOptions: Hashable, Sendable {
    var participant = ParticipantOptions()
    /// After this long without an answer a request is sent again, and then after twice as long, and so on.
    public var resendTicks = 40
    /// Attempts that run at a time.
    public var maxAttempts = 20_000
    /// How many may wait for a timestamp before those who want one for a snapshot are turned away.
    public var maxTimestampCallers = 20_000
    /// How long a transaction may hold something before others may end it.
    public var timeToLive = Duration.seconds(2)
    /// How long what an attempt owes to others is tried after its author was answered.
    public var owedTicks = 500
    /// A node that needs no timestamps asks for one this often, to know the time.
    public var timeTicks = 100
    /// What is kept of the past, and how the rest is removed.
    public var collection = CollectionOptions()

    /// The usual ones.
    public init() {}
}
