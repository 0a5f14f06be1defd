internal import DequeModule
public import Raft

/// A node's store at work: takes turns whenever there is something to do, ticks, tidies up, and answers.
///
///     messages, requests ──▶ fed at once ──▶ turn: prepare ──▶ log worker: sync ──▶ complete ──▶ answers
///                                              └──▶ network        └ what arrives meanwhile shares the next turn
///
/// It is confined to its executor's loop: every call is made there, and every reply comes from there. It knows the
/// outside only as ``Environment``, and so does the same in a simulation as on a machine.
///
/// What ends a store ends its loop: the owner is told by `onFailure`, once, and must end the process. Nothing is
/// answered afterwards; whoever waits does not know what became of his request.
public final class StoreLoop {
    /// Its node.
    public let node: NodeID
    /// The other nodes of the cluster, ascending.
    public let peers: [NodeID]
    /// Its store: to be looked at, on the loop.
    public let store: Store
    /// Which life of this node's process this is: another number at each start.
    public let incarnation: UInt64

    /// While true, the node hands over whatever it leads, and goes on serving: before it is stopped, say.
    public var isDraining = false

    /// Answers what other nodes ask about partitions: who asks, about which partition, what, and where to put the
    /// answer, at most once, then or later. Without it, nothing is answered.
    public var requestHandler: ((NodeID, PartitionID, [UInt8], @escaping ([UInt8]) -> Void) -> Void)?
    /// Is told what is done here for a client's request that another node has taken, with the id of that request.
    public var onTraced: ((String, TracedWork) -> Void)?
    /// For which client's request the loop is called at the moment; see ``StoreLoop/withTrace(_:_:)``.
    var trace: String?

    /// Where keys lie, as far as this node knows.
    public var routing = RoutingTable()
    /// How partitions are told which keys they own; nil where that is not done.
    var describing: PartitionDescribing?

    let environment: Environment
    let options: StoreLoopOptions
    let engine: any Engine
    let logDirectory: any DiskDirectory
    private let onFailure: (StoreError) -> Void
    let onNotice: (StoreNotice) -> Void

    var state = State.idle
    var liveness: NodeLiveness
    /// What comes between turns, in order.
    var betweenTurns: Deque<Action> = []
    /// Looked up only.
    var commandReplies: [UInt64: (CommandAnswer) -> Void] = [:]
    /// Looked up only.
    var readReplies: [UInt64: (ReadAnswer) -> Void] = [:]
    var lastToken: UInt64 = 0
    var executions = Executions()
    /// What other nodes have asked already.
    var seenRequests = SeenRequests()
    var asks = Asks()
    var placement: Placement
    /// What operators want, and is not so yet.
    var orders: [Order] = []
    /// The last command that was minted in this life.
    private var lastCommand: UInt64 = 0
    /// What this node does for transactions.
    private(set) lazy var transactions = Transactions(self, options: options.transactions)

    var ticks = 0
    var maintenanceIsDue = false
    /// Maintenance that finds no end must not keep turns from beginning.
    private var turnIsNext = false
    var logBytesAtFlush = 0
    var isFlushing = false
    /// The engine is to write what it holds in memory as soon as it can, however little that is.
    var mustFlush = false
    var ending: Ending?

    enum State {
        case idle
        /// A turn will begin.
        case scheduled
        /// A turn is under way, or maintenance.
        case busy
        /// It has failed, or come to its end.
        case over
    }

    enum Action {
        case create(PartitionID, Configuration, (CreationRefusal?) -> Void)
        case destroy(PartitionID, () -> Void)
        case close
    }

    struct Ending {
        let lastTick: Int
        var isClosing = false
        let completion: () -> Void
    }

    /// Opens what the node's storage holds, or begins it, and starts to tick.
    ///
    /// - Parameters:
    ///   - peers: The other nodes of the cluster.
    ///   - onNotice: Is told what has happened to replicas.
    ///   - onFailure: Is told, once, what has ended the loop.
    /// - Throws: ``StoreLoopError``, upon which nothing runs.
    public init(
        node: NodeID,
        peers: [NodeID],
        environment: Environment,
        options: StoreLoopOptions = StoreLoopOptions(),
        onNotice: @escaping (StoreNotice) -> Void = { _ in },
        onFailure: @escaping (StoreError) -> Void
    ) throws(StoreLoopError) {
        options.validate()
        self.node = node
        self.peers = peers.sorted()
        self.environment = environment
        self.options = options
        self.onNotice = onNotice
        self.onFailure = onFailure
        placement = Placement(options.placement)
        incarnation = environment.entropy.next()
        liveness = NodeLiveness(
            peers,
            silenceTicks: options.store.raft.electionTicks,
            signTicks: options.store.raft.heartbeatTicks
        )
        let opened = try OpenedStorage(environment, options)
        engine = opened.engine
        logDirectory = opened.directory
        do {
            store = try Store(
                node: node,
                recovering: opened.log,
                opened.found,
                engine: opened.engine,
                options: options.store,
                seed: environment.entropy.next()
            )
        } catch {
            throw .store(error)
        }
        logBytesAtFlush = store.logBytes
        transactions.beginServing()
        scheduleTick()
    }

    // MARK: Other nodes

    /// Takes messages in, in the order in which they arrived.
    public func receive(_ messages: [StoreMessage]) {
        guard state != .over else { return }
        for message in messages {
            if liveness.heard(message.from) { store.nodeReturned(message.from) }
            switch message {
            case .forwarded(let forwarded) where forwarded.to == node: take(forwarded)
            default: store.receive(message)
            }
        }
        wake()
    }

    /// A connection to a node has come about. To be told before anything that has come by it.
    ///
    /// - Parameter incarnation: Which life of its process it is.
    public func connected(to other: NodeID, incarnation: UInt64) {
        guard state != .over else { return }
        let isBack = liveness.heard(other)
        if liveness.met(other, incarnation: incarnation) || isBack { store.nodeReturned(other) }
        giveUpAsks(of: other, before: incarnation)
        wake()
    }

    /// The connection to a node ended without a goodbye: its process seems to have died.
    public func connectionLost(to other: NodeID) {
        guard state != .over else { return }
        store.connectionLost(to: other)
        retryExecutions(sentTo: other)
        giveUpAsks(of: other)
        wake()
    }

    /// An id that no other command has, on no node and after no restart.
    func newCommandID() -> CommandID {
        lastCommand += 1
        return CommandID(UInt128(incarnation) << 64 | UInt128(lastCommand))
    }

    // MARK: Turns

    /// Lets a turn begin soon, if there is something to do and none is under way.
    func wake() {
        guard state == .idle, store.hasWork || !betweenTurns.isEmpty || maintenanceIsDue else { return }
        state = .scheduled
        environment.executor.enqueue { [self] in beginTurn() }
    }

    private func beginTurn() {
        guard state == .scheduled else { return }
        state = .busy
        attempt { () throws(StoreError) in
            while let action = betweenTurns.popFirst() {
                try perform(action)
                if state == .over { return }
            }
            if maintenanceIsDue, !turnIsNext { return try beginMaintenance() }
            turnIsNext = false
            let turn = try store.prepare()
            for message in turn.messages { liveness.sent(to: message.to) }
            if !turn.messages.isEmpty { environment.network.send(turn.messages) }
            if turn.needsSync { sync() } else { try completeTurn() }
        }
    }

    private func sync() {
        var failure: StoreError?
        environment.executor.perform(on: .log) { [store] in
            do throws(StoreError) { try store.sync() } catch { failure = error }
        } completion: { [self] in
            store.awaitsRoom = failure == StoreError.log(.noSpace)
            guard let failure else { return attempt { () throws(StoreError) in try completeTurn() } }
            guard failure == .log(.noSpace) else { return fail(failure) }
            shedWrites(.nothing)
            environment.executor.enqueue(after: options.noSpaceRetry) { [self] in syncAgain() }
        }
    }

    /// There was no room for a write. A loop that is to end does not wait for it.
    private func syncAgain() {
        guard state == .busy else { return }
        if mayClose { endWithoutRoom() } else { sync() }
    }

    private func completeTurn() throws(StoreError) {
        guard state == .busy else { return }
        let turn = try store.complete()
        for answer in turn.answers { reply(answer) }
        for notice in turn.notices {
            if notice.tellsOfLeader { redirectExecutions(of: notice.partition) }
            transactions.take(notice)
            onNotice(notice)
        }
        state = .idle
        wake()
    }

    // MARK: Maintenance

    private func beginMaintenance() throws(StoreError) {
        maintenanceIsDue = false
        try store.prepareMaintenance()
        var outcome = Result<Bool, StoreError>.success(false)
        var freeBytes: Int?
        environment.executor.perform(on: .log) { [store, options, logDirectory] in
            outcome = Result { () throws(StoreError) in try store.tidyLog(maxBytes: options.maintenanceBytes) }
            freeBytes = try? logDirectory.freeBytes()
        } completion: { [self] in
            store.completeMaintenance()
            if let freeBytes { noteSpace(freeBytes) }
            if store.isEngineFull { handOver(where: othersHaveMoreRoom) }
            switch outcome {
            case .success(let hasMore): maintenanceIsDue = hasMore
            case .failure(.log(.noSpace)): shedWrites(.nothing)
            case .failure(let error): return fail(error)
            }
            if state == .busy { state = .idle }
            turnIsNext = true
            flushIfGrown()
            wake()
        }
    }

    /// Has the engine write what it holds in memory, when the log has grown by much since it last did; where room is
    /// short, by little.
    private func flushIfGrown() {
        let bytes = store.logBytes
        logBytesAtFlush = min(logBytesAtFlush, bytes)
        let growth = store.room == .enough ? options.flushLogBytes : max(1, options.flushLogBytes / Self.flushesInNeed)
        guard !isFlushing, mustFlush || bytes - logBytesAtFlush >= growth else { return }
        isFlushing = true
        mustFlush = false
        logBytesAtFlush = bytes
        flushEngine { [self] in isFlushing = false }
    }

    /// How much more often the engine writes what it holds in memory where room is short.
    private static var flushesInNeed: Int { 16 }

    /// Has the engine write what it holds in memory. Where it finds no room for that, the log keeps it.
    func flushEngine(completion: @escaping () -> Void) {
        var failure: EngineError?
        environment.executor.perform(on: .engine) { [engine] in
            do throws(EngineError) { try engine.flush() } catch { failure = error }
        } completion: { [self] in
            switch failure {
            case nil: completion()
            case .noSpace:
                shedWrites(min(store.room, .little))
                completion()
            case let error?: fail(.engine(error))
            }
        }
    }

    // MARK: Failure

    func attempt(_ body: () throws(StoreError) -> Void) {
        do throws(StoreError) {
            try body()
        } catch {
            fail(error)
        }
    }

    func fail(_ error: StoreError) {
        guard state != .over else { return }
        state = .over
        onFailure(error)
    }
}

extension StoreNotice {
    fileprivate var tellsOfLeader: Bool {
        switch notice {
        case .becameLeader, .leaderChanged(.some): true
        default: false
        }
    }
}
