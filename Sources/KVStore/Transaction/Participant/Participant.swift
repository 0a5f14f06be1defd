internal import Raft

/// The leader's side of a partition's transactions: who may go on, who waits, and for whom. A value: events go in,
/// actions come out, and whoever holds it carries them out.
///
///     read           latches there at its arrival drain ─┬─▶ leadership confirmed ──▶ intents in its way resolve ──▶ answer
///     one round      latches taken ──▶ timestamp fetched ──▶ proposed ──▶ applied ──▶ latches let go ──▶ answer
///     prepare        latches taken ──▶ proposed ──▶ applied, intents hold from here ──▶ latches let go ──▶ answer
///     commit …       proposed ──▶ applied ──▶ who waited for the transaction goes on ──▶ answer
///
/// **What it relies on.** What is applied decides; a latch only keeps from being proposed what would be refused, and keeps
/// reads from missing what has a timestamp and is not applied. A new leader has no latches and needs none: what its
/// predecessor had proposed is applied before its first read, or never, since a proposal carries the term in which its
/// timestamp was fetched. For the same reason it admits nobody before it has caught up: a predecessor's `prepare` that is
/// committed and not applied here holds keys already, and its transaction may commit above a timestamp fetched now.
///
/// **Waiting.** A request waits for one that is in its way: latches are let go soon; a transaction that holds something
/// is asked about at its primary after a while, and ended there when its time is over. Who holds something elsewhere
/// (`prepare`) and is younger than the one in its way waits a bounded time only, and then begins anew: so no circle of
/// waiting lasts. New requests queue behind older ones that wait for the same keys.
///
/// One value serves one leadership. When that ends everybody is answered by ``stepDown(leader:)``.
struct Participant {
    /// The term of the leadership that it serves.
    let term: Term
    let options: ParticipantOptions
    /// The greatest timestamp that has been seen here.
    private(set) var greatestSeen = Timestamp.zero

    /// Looked up by number; walked in the order of numbers only.
    var requests: [UInt64: Request] = [:]
    var latches = LatchTable()
    /// What waiting requests would take: newer ones queue behind them.
    var queue = LatchTable()
    /// Requests that wait for a request. Looked up only.
    var waitingForRequest: [UInt64: [UInt64]] = [:]
    /// Requests that wait for a transaction. Looked up only.
    var waitingForTransaction: [TransactionID: [UInt64]] = [:]
    /// Transactions that somebody waits for. Walked in the order of their ids only.
    var holders: [TransactionID: HeldAt] = [:]
    /// Transactions that were asked about, and when. Looked up only.
    var asked: [TransactionID: Int] = [:]
    /// Steps under way, by transaction: a step that is asked for again is not done twice. Looked up only.
    var steps: [StepName: UInt64] = [:]
    /// The number under which a request is answered, where that is another one than its own. Looked up only.
    var aliases: [UInt64: UInt64] = [:]
    private var lastNumber: UInt64 = 0
    /// Whether everything is applied that was committed before this leadership.
    private(set) var hasCaughtUp = false
    /// Whether to ask with the next tick whether it has.
    var mustAsk = true
    /// Steps that came before it had, in the order in which they came.
    private(set) var early: [UInt64] = []
    var actions: [Action] = []
    private(set) var counts = Counts()

    /// What is to be done.
    enum Action: Hashable {
        /// Make sure that this replica leads still, then call ``Participant/confirmed(_:now:contents:)``.
        case confirm(UInt64)
        /// Fetch a timestamp, then call ``Participant/fetched(_:for:now:)``.
        case fetchTimestamp(UInt64)
        /// Propose this, then call ``Participant/applied(_:outcome:now:contents:)`` or ``Participant/lost(_:)``.
        case propose(UInt64, Proposal)
        /// Ask the primary of a transaction what became of it, then call ``Participant/heard(of:_:key:now:)``.
        case ask(IntentHolder, key: [UInt8])
        /// Answer a request.
        case answer(UInt64, PartitionResponse)
    }

    /// An entry for the log.
    struct Proposal: Hashable {
        /// The command's id and where it was minted, for one that must not be applied twice; nil for one that may.
        let identity: Identity?
        let command: TransactionCommand

        struct Identity: Hashable {
            let id: TransactionID
            let mintedAt: LogIndex
        }
    }

    /// Names a step of a transaction.
    struct StepName: Hashable {
        enum Kind: Hashable {
            case commitOnce
            case prepare(UInt32)
            case commit
        }
        let id: TransactionID
        let kind: Kind
    }

    /// A request on its way.
    struct Request {
        let body: PartitionRequest
        let age: TransactionAge?
        let id: TransactionID?
        let lastTick: Int
        var stage: Stage
        /// Since when it waits for what it waits for.
        var waitsSince = 0
        /// Whether it waits where a younger one may be told to begin anew.
        var mayDie = false
        /// Of a read: whose latches and intents it still waits for.
        var latchesLeft: [UInt64] = []
        var holdersLeft: [TransactionID]?
        var isConfirmed = false
        /// At which key it waits, for those who ask why.
        var key: [UInt8] = []
    }

    enum Stage: Hashable {
        /// A read that waits for latches, for its confirmation or for intents.
        case reading
        /// Waits for a request or a transaction that is in its way.
        case waiting
        case fetching
        /// Has this timestamp, if it needs one, and is in the log, or soon will be.
        case proposed(Timestamp?)
    }

    /// How often what has happened.
    struct Counts: Hashable, Sendable {
        var waits = 0
        var deaths = 0
        var timeouts = 0
        var questions = 0
        var repeats = 0
    }

    /// One that asks for a confirmation of ``start`` with ``begin()``, or else with its first tick.
    init(term: Term, options: ParticipantOptions = ParticipantOptions()) {
        self.term = term
        self.options = options
    }

    /// Asks whether it has caught up.
    mutating func begin() {
        mustAsk = false
        actions.append(.confirm(Self.start))
    }

    /// The number of no request: that it is confirmed says that this leader has caught up.
    static var start: UInt64 { 0 }

    /// Takes what is to be done, leaving nothing.
    mutating func takeActions() -> [Action] {
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    var isIdle: Bool { requests.isEmpty }

    mutating func saw(_ timestamp: Timestamp) { greatestSeen = max(greatestSeen, timestamp) }
    mutating func count(_ count: WritableKeyPath<Counts, Int>) { counts[keyPath: count] += 1 }

    // MARK: Requests

    /// Takes a request in, and returns its number: the answer comes as an action under that number.
    mutating func receive(_ body: PartitionRequest, now: Moment, contents: some PartitionContents) -> UInt64 {
        lastNumber += 1
        let number = lastNumber
        guard requests.count < (body.endsSomething ? 2 : 1) * options.maxRequests else {
            actions.append(.answer(number, .overloaded))
            return number
        }
        if let refusal = refusal(of: body, contents) {
            actions.append(.answer(number, refusal))
            return number
        }
        switch body {
        case .timestamps:
            actions.append(.answer(number, .invalid(FieldError("request", "must be one that this partition answers"))))
        case .read(let keys, let timestamp, let attempt):
            read(number, body, attempt, at: timestamp, behind: latches.holders(changing: keys), now: now)
        case .scan(let range, let timestamp, _):
            read(number, body, nil, at: timestamp, behind: latches.holders(changing: range), now: now)
        case .commitOnce(let request):
            step(number, body, StepName(id: request.id, kind: .commitOnce), request.age, now, contents)
        case .prepare(let prepare):
            step(number, body, StepName(id: prepare.id, kind: .prepare(prepare.step)), prepare.age, now, contents)
        case .commit(let commit):
            saw(commit.timestamp)
            step(number, body, StepName(id: commit.id, kind: .commit), nil, now, contents)
        case .resolve(let id, _, let fate):
            if case .committed(let timestamp) = fate { saw(timestamp) }
            add(number, body, id: id, age: nil, now)
            propose(number, nil)
        case .decide(let id, let primary, let mustEnd):
            decide(number, body, id, primary, mustEnd: mustEnd, now, contents)
        case .settle(let id, _):
            add(number, body, id: id, age: nil, now)
            propose(number, nil)
        }
        return number
    }

    /// Why a step is not even proposed: it was routed by another epoch.
    ///
    /// Where the partition is behind, it will be asked again soon. Where it is ahead, a transaction of one round is left to
    /// the log all the same: a copy of it may have committed before.
    private func refusal(of body: PartitionRequest, _ contents: some PartitionContents) -> PartitionResponse? {
        switch body {
        case .commitOnce(let request) where request.epoch > contents.epoch:
            return .moved(to: nil, mayHappen: false)
        case .prepare(let prepare) where prepare.epoch > contents.epoch:
            return .moved(to: nil, mayHappen: false)
        case .prepare(let prepare) where prepare.epoch < contents.epoch:
            return .outcome(.wrongPartition(epoch: contents.epoch))
        default: return nil
        }
    }

    mutating func add(
        _ number: UInt64,
        _ body: PartitionRequest,
        id: TransactionID?,
        age: TransactionAge?,
        _ now: Moment
    ) {
        requests[number] = Request(
            body: body,
            age: age,
            id: id,
            lastTick: now.tick + options.patienceTicks,
            stage: .waiting
        )
    }

    /// A step that is under way already is answered under its new number, the old one being of no use any more.
    private mutating func step(
        _ number: UInt64,
        _ body: PartitionRequest,
        _ name: StepName,
        _ age: TransactionAge?,
        _ now: Moment,
        _ contents: some PartitionContents
    ) {
        if let earlier = steps[name], let request = requests[earlier], request.body == body {
            count(\.repeats)
            // What is under way goes on under the old number; only its answer goes by the new one.
            actions.append(.answer(aliases[earlier] ?? earlier, .moved(to: nil, mayHappen: true)))
            aliases[earlier] = number
            return
        }
        steps[name] = number
        add(number, body, id: name.id, age: age, now)
        if name.kind == .commit { return propose(number, nil) }
        guard hasCaughtUp else { return early.append(number) }
        admit(number, now, contents)
    }

    /// Everything is applied here that was committed before this leadership: who came early goes on.
    mutating func catchUp(_ now: Moment, _ contents: some PartitionContents) {
        guard !hasCaughtUp else { return }
        hasCaughtUp = true
        mustAsk = false
        let waiting = early
        early.removeAll()
        for number in waiting { admit(number, now, contents) }
    }

    /// Ends a request with an answer.
    mutating func finish(
        _ number: UInt64,
        _ response: PartitionResponse,
        now: Moment,
        contents: some PartitionContents
    ) {
        guard let request = requests.removeValue(forKey: number) else { return }
        forget(number, request)
        actions.append(.answer(aliases.removeValue(forKey: number) ?? number, response))
        release(number, now, contents)
    }

    private mutating func forget(_ number: UInt64, _ request: Request) {
        switch request.body {
        case .commitOnce(let body): steps[StepName(id: body.id, kind: .commitOnce)] = nil
        case .prepare(let body): steps[StepName(id: body.id, kind: .prepare(body.step))] = nil
        case .commit(let body): steps[StepName(id: body.id, kind: .commit)] = nil
        default: break
        }
        queue.release(number)
    }

    /// Ends the leadership: nobody who waits here will be answered by what happens here.
    mutating func stepDown(leader: NodeID?) -> [Action] {
        for number in requests.keys.sorted() {
            guard let request = requests[number] else { continue }
            let mayHappen = if case .proposed = request.stage { true } else { false }
            actions.append(.answer(aliases[number] ?? number, .moved(to: leader, mayHappen: mayHappen)))
        }
        requests.removeAll()
        aliases.removeAll()
        early.removeAll()
        return takeActions()
    }
}

/// A moment as a node knows it: its own ticks, and cluster time as far as it can tell.
struct Moment: Hashable {
    var tick: Int
    var cluster: Timestamp
}

/// The limits of a participant, in ticks of its loop.
struct ParticipantOptions: Hashable, Sendable {
    /// Requests that are under way; twice as many where they bring transactions to their end, and so make room.
    var maxRequests = 20_000
    /// How long a request is tried.
    var patienceTicks = 500
    /// How long one that holds something elsewhere waits for an older one.
    var youngPatienceTicks = 5
    /// How long to wait for a transaction before its primary is asked, and before it is asked again.
    var askTicks = 3
    /// How often to look for transactions that nobody waits for and whose time is over.
    var sweepTicks = 100
}
