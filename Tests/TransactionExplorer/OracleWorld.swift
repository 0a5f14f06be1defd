internal import Raft

@testable internal import KVStore

/// The oracle, the leaders that it has had, and the desks of two nodes that ask it.
///
/// Looked for: a caller who is given a timestamp that is not above all that were given to anybody before he asked.
struct OracleWorld: ExplorableWorld {
    /// What lies in the meta partition's log below the entries that are not committed.
    private var log: AppliedLog
    private var pending: [Reservation] = []
    private var leader: Seat
    /// Deposed, without knowing it; the reservation limit it knows is what its own replica has applied.
    private var deposed: Seat?
    private var desks: [TimestampDesk]
    private var copies: [Question] = []
    private var callers: [Caller]
    private var given: [Timestamp] = []
    private var leadersLeft: Int
    private var resendsLeft: Int
    private(set) var violation: String?

    private struct Seat: Hashable {
        var oracle: TimestampOracle
        let applied: AppliedLog
        var isConfirming = false
        /// Whether the oracle's no-op is applied, as far as the seat knows.
        var hasCaughtUp = false
        /// Which question a request of the oracle is.
        var questions: [UInt64: Question] = [:]
        var lastRequest: UInt64 = 0

        static func == (a: Seat, b: Seat) -> Bool { a.hashValue == b.hashValue }

        func hash(into hasher: inout Hasher) {
            // Its lists have an order, so that equal oracles read alike.
            hasher.combine("\(oracle)")
            hasher.combine(applied.number)
            hasher.combine(isConfirming)
            hasher.combine(hasCaughtUp)
            hasher.combine(questions)
        }
    }

    private struct Reservation: Hashable {
        /// Nil for the no-op of a new leader.
        let below: Timestamp?
        let term: Term
    }

    struct Question: Hashable {
        let desk: Int
        let batch: UInt64
        let count: Int
        let trial: Int
    }

    private struct Caller: Hashable {
        let desk: Int
        var hasAsked = false
        /// The greatest timestamp that was given when he asked.
        var above = Timestamp.zero
        var timestamp: Timestamp?
    }

    enum Choice: Hashable, CustomStringConvertible {
        case want(Int)
        case send(desk: Int)
        case deliver(Question, toDeposed: Bool)
        case roundEnds(isDeposed: Bool)
        case apply
        case changeLeader(keeping: Int)
        case endDeposed
        case resend(Question)

        var description: String {
            switch self {
            case .want(let caller): "caller \(caller + 1) wants a timestamp"
            case .send(let desk): "desk \(desk + 1) asks"
            case .deliver(let question, let toDeposed):
                "question \(question.batch) of desk \(question.desk + 1)\(question.trial > 1 ? " again" : "")"
                    + " comes to the \(toDeposed ? "deposed " : "")oracle"
            case .roundEnds(let isDeposed): isDeposed ? "the deposed oracle's round ends" : "the round ends"
            case .apply: "the meta partition applies an entry"
            case .changeLeader(let keeping): "another leads the meta partition, keeping \(keeping)"
            case .endDeposed: "the deposed oracle learns of it"
            case .resend(let question): "desk \(question.desk + 1) asks \(question.batch) again"
            }
        }
    }

    private static let now = MonotonicTime(nanoseconds: 5_000_000_000)

    init(callers: Int, leaders: Int, resends: Int) {
        log = AppliedLog(of: PartitionID(9)).appending(.noop, in: Term(1))
        leader = Seat(oracle: TimestampOracle(term: Term(1), voters: 3), applied: log, hasCaughtUp: true)
        desks = [TimestampDesk(), TimestampDesk()]
        self.callers = (0..<callers).map { Caller(desk: $0 % 2) }
        leadersLeft = leaders
        resendsLeft = resends
    }

    // MARK: Choices

    var isQuiet: Bool { ordinaryChoices.isEmpty }
    var choices: [Choice] { violation == nil ? ordinaryChoices + extraordinaryChoices : [] }

    private var ordinaryChoices: [Choice] {
        var choices: [Choice] = []
        if !pending.isEmpty { choices.append(.apply) }
        if leader.isConfirming, leader.hasCaughtUp { choices.append(.roundEnds(isDeposed: false)) }
        if let deposed {
            choices.append(.endDeposed)
            if deposed.isConfirming { choices.append(.roundEnds(isDeposed: true)) }
        }
        for caller in callers.indices where !callers[caller].hasAsked { choices.append(.want(caller)) }
        for desk in desks.indices where desks[desk].hasGathered { choices.append(.send(desk: desk)) }
        for copy in copies {
            choices.append(.deliver(copy, toDeposed: false))
            if deposed != nil, copy.trial == 1 { choices.append(.deliver(copy, toDeposed: true)) }
        }
        return choices
    }

    private var extraordinaryChoices: [Choice] {
        var choices: [Choice] = []
        if leadersLeft > 0, deposed == nil {
            for keeping in Set([0, pending.count]).sorted() { choices.append(.changeLeader(keeping: keeping)) }
        }
        if resendsLeft > 0 {
            for copy in copies where copy.trial == 1 { choices.append(.resend(copy)) }
        }
        return choices
    }

    mutating func take(_ choice: Choice) {
        switch choice {
        case .want(let caller):
            callers[caller].hasAsked = true
            callers[caller].above = given.max() ?? .zero
            desks[callers[caller].desk].want(UInt64(caller))
        case .send(let desk):
            guard let question = desks[desk].send() else { return }
            copies.append(Question(desk: desk, batch: question.batch, count: question.count, trial: 1))
        case .deliver(let question, let toDeposed):
            copies.removeAll { $0 == question }
            deliver(question, toDeposed: toDeposed)
        case .roundEnds(let isDeposed): endRound(isDeposed: isDeposed)
        case .apply: apply()
        case .changeLeader(let keeping): changeLeader(keeping: keeping)
        case .endDeposed: endDeposed()
        case .resend(let question):
            resendsLeft -= 1
            copies.append(Question(desk: question.desk, batch: question.batch, count: question.count, trial: 2))
        }
        copies.sort { ($0.desk, $0.batch, $0.trial) < ($1.desk, $1.batch, $1.trial) }
    }

    // MARK: Events

    private mutating func with(_ isDeposed: Bool, _ body: (inout Seat) -> [TimestampOracle.Action]) {
        guard var seat = isDeposed ? deposed : leader else { return }
        let actions = body(&seat)
        var answers: [(Question, Timestamp)] = []
        for action in actions {
            switch action {
            case .confirm: seat.isConfirming = true
            case .reserve(let below):
                // What a deposed leader proposes is never committed.
                if !isDeposed { pending.append(Reservation(below: below, term: seat.oracle.term)) }
            case .answer(let number, let first):
                if let question = seat.questions.removeValue(forKey: number) { answers.append((question, first)) }
            }
        }
        if isDeposed { deposed = seat } else { leader = seat }
        for (question, first) in answers { answer(question, first) }
    }

    private mutating func deliver(_ question: Question, toDeposed: Bool) {
        with(toDeposed) { seat in
            seat.lastRequest += 1
            seat.questions[seat.lastRequest] = question
            return seat.oracle.receive(
                seat.lastRequest,
                count: question.count,
                from: NodeID(UInt64(question.desk + 1)),
                clock: 1,
                hasTime: true,
                now: Self.now
            )
        }
    }

    private mutating func endRound(isDeposed: Bool) {
        guard isDeposed else {
            let reserved = log.contents.reservedTimestamps
            return with(false) { seat in
                seat.isConfirming = false
                return seat.oracle.roundEnded(reserved: reserved, now: Self.now)
            }
        }
        var turnedDown: [Question] = []
        with(true) { seat in
            seat.isConfirming = false
            turnedDown = seat.oracle.roundFailed().compactMap { seat.questions.removeValue(forKey: $0) }
            return []
        }
        for question in turnedDown { turnDown(question) }
    }

    private mutating func apply() {
        let entry = pending.removeFirst()
        guard let below = entry.below else {
            log = log.appending(.noop, in: entry.term)
            if entry.term == leader.oracle.term { leader.hasCaughtUp = true }
            return
        }
        log = log.appending(TransactionWorld.payload(.reserveTimestamps(below: below)), in: entry.term)
        if let trouble = log.trouble { violation = trouble }
        // Who has proposed it hears that it is applied, even if he was deposed meanwhile and does not know.
        for isDeposed in [false, true] where (isDeposed ? deposed : leader)?.oracle.term == entry.term {
            with(isDeposed) { $0.oracle.reserved(below: below, now: Self.now) }
        }
    }

    private mutating func changeLeader(keeping: Int) {
        leadersLeft -= 1
        deposed = leader
        let term = leader.oracle.term.next
        pending = Array(pending.prefix(keeping)) + [Reservation(below: nil, term: term)]
        leader = Seat(oracle: TimestampOracle(term: term, voters: 3), applied: log)
    }

    private mutating func endDeposed() {
        guard let ended = deposed else { return }
        deposed = nil
        for number in ended.questions.keys.sorted() {
            if let question = ended.questions[number] { turnDown(question) }
        }
    }

    private mutating func turnDown(_ question: Question) {
        copies.append(
            Question(desk: question.desk, batch: question.batch, count: question.count, trial: question.trial + 1)
        )
        copies.sort { ($0.desk, $0.batch, $0.trial) < ($1.desk, $1.batch, $1.trial) }
    }

    private mutating func answer(_ question: Question, _ first: Timestamp) {
        for given in desks[question.desk].given(first, to: question.batch) {
            let caller = Int(given.caller)
            if given.timestamp <= callers[caller].above {
                violation =
                    "caller \(caller + 1) is given \(given.timestamp), which is not above \(callers[caller].above)"
            }
            if self.given.contains(given.timestamp) { violation = "\(given.timestamp) is given twice" }
            callers[caller].timestamp = given.timestamp
            self.given.append(given.timestamp)
        }
    }

    // MARK: The end

    func violationAtTheEnd() -> String? {
        callers.firstIndex { $0.timestamp == nil }.map { "caller \($0 + 1) is given no timestamp" }
    }

    var fingerprint: Int {
        var hasher = Hasher()
        hasher.combine(log.number)
        hasher.combine(pending)
        hasher.combine(leader)
        hasher.combine(deposed)
        for desk in desks { hasher.combine("\(desk)") }
        hasher.combine(copies)
        hasher.combine(callers)
        hasher.combine(given.max())
        hasher.combine(leadersLeft)
        hasher.combine(resendsLeft)
        return hasher.finalize()
    }
}
