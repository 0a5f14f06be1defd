internal import Raft

/// Mints timestamps, at the leader of the meta partition. A value: events go in, actions come out.
///
///     requests ──▶ gathered ──▶ a round that confirms this leadership ──▶ answered from the window
///                                                                           │
///     persisted:  ……………… last ────────────── below ◀── moved on ahead, by a command in the log
///
/// **Never backwards.** A timestamp is handed out only below a limit that is in the log, and a new leader begins at the
/// limit it finds there. A batch is answered only after a round that began after its requests came: a leader that was
/// deposed meanwhile answers nothing. Later requests join the next batch.
///
/// **Time.** The upper part of a timestamp follows the median of the nodes' clocks, by running at most a tenth faster or
/// slower than this machine's steady clock. Only after a full stop, when no node has been told the time in its life, does
/// it step forward. A counter that overflows its millisecond runs into the next.
struct TimestampOracle {
    /// The term of the leadership that it serves.
    let term: Term
    /// Below this, timestamps may be handed out; nil until what is in the log is known.
    private var limit: Timestamp?
    /// The last timestamp that was handed out, or that may have been by a predecessor.
    private var last = Timestamp.zero
    /// A limit on its way into the log.
    private var proposed: Timestamp?
    private var time = SteadyTime()
    private var clocks: [(node: NodeID, offset: Int64, hasTime: Bool)] = []
    private let voters: Int
    private var maySteps = true
    /// When it first knew what the log says.
    private var began = MonotonicTime.zero

    private var gathered: [Wanted] = []
    private var confirming: [Wanted] = []
    private var confirmed: [Wanted] = []
    private var isConfirming = false
    private(set) var rounds = 0
    private(set) var minted: UInt64 = 0

    private struct Wanted {
        let number: UInt64
        let count: Int
    }

    /// What is to be done.
    enum Action: Hashable {
        /// Make sure that this replica leads still, then call ``TimestampOracle/roundEnded(reserved:now:)``.
        case confirm
        /// Put a limit into the log, then call ``TimestampOracle/reserved(below:now:)``.
        case reserve(below: Timestamp)
        /// Answer a request with timestamps from here on.
        case answer(UInt64, first: Timestamp)
    }

    /// How far ahead a limit is moved.
    static let window = Duration.seconds(3)
    /// How long it waits to learn whether all nodes have begun anew.
    private static let patience = Duration.seconds(1)
    /// The most timestamps of one request.
    static let mostTimestamps = 1 << 16

    /// - Parameter voters: How many nodes there are whose clocks count.
    init(term: Term, voters: Int) {
        self.term = term
        self.voters = voters
    }

    // MARK: Events

    /// A node asks for timestamps, and tells what its clock shows.
    mutating func receive(
        _ number: UInt64,
        count: Int,
        from node: NodeID,
        clock: UInt64,
        hasTime: Bool,
        now: MonotonicTime
    ) -> [Action] {
        note(node, clock: clock, hasTime: hasTime, now: now)
        gathered.append(Wanted(number: number, count: max(1, min(count, Self.mostTimestamps))))
        return beginRound()
    }

    /// The round has ended, and this replica led when it began. What the log says is `reserved`.
    mutating func roundEnded(reserved: Timestamp, now: MonotonicTime) -> [Action] {
        isConfirming = false
        if limit == nil {
            limit = reserved
            last = reserved
            time.start(at: reserved.milliseconds, now: now)
            began = now
        }
        confirmed += confirming
        confirming = []
        return serve(now) + beginRound()
    }

    /// The round has failed. Whoever waits asks again, elsewhere perhaps.
    ///
    /// - Returns: the requests that will not be answered.
    mutating func roundFailed() -> [UInt64] {
        isConfirming = false
        defer { (confirming, gathered, confirmed) = ([], [], []) }
        return (confirming + gathered + confirmed).map(\.number)
    }

    /// A limit is in the log.
    mutating func reserved(below limit: Timestamp, now: MonotonicTime) -> [Action] {
        if proposed == limit { proposed = nil }
        guard let known = self.limit else { return [] }
        self.limit = max(known, limit)
        return serve(now)
    }

    /// A limit did not get into the log, as far as is known.
    mutating func notReserved() { proposed = nil }

    /// Lets time pass: whoever waits for other nodes' clocks waits no longer than a second.
    mutating func tick(now: MonotonicTime) -> [Action] { confirmed.isEmpty ? [] : serve(now) }

    // MARK: Minting

    private mutating func beginRound() -> [Action] {
        guard !isConfirming, !gathered.isEmpty else { return [] }
        isConfirming = true
        rounds += 1
        confirming = gathered
        gathered = []
        return [.confirm]
    }

    private mutating func serve(_ now: MonotonicTime) -> [Action] {
        guard let limit else { return [] }
        stepIfAllStopped(now)
        if maySteps, now - began < Self.patience { return [] }
        maySteps = false
        let milliseconds = time.advance(to: now, towards: medianOffset(now))
        var actions: [Action] = []
        var served = 0
        for wanted in confirmed {
            let first = max(last.next, Timestamp(milliseconds: milliseconds))
            let end = Timestamp(first.rawValue + UInt64(wanted.count))
            guard end <= limit else { break }
            last = Timestamp(end.rawValue - 1)
            minted += UInt64(wanted.count)
            actions.append(.answer(wanted.number, first: first))
            served += 1
        }
        confirmed.removeFirst(served)
        let next = max(last, Timestamp(milliseconds: milliseconds))
        let isShort = !confirmed.isEmpty || limit < next.advanced(by: Self.window / 2)
        if isShort, proposed == nil {
            let wanted = confirmed.reduce(0) { $0 + UInt64($1.count) }
            let goal = max(Timestamp(next.rawValue + wanted).advanced(by: Self.window), limit.next)
            proposed = goal
            actions.append(.reserve(below: goal))
        }
        return actions
    }

    // MARK: Time

    private mutating func note(_ node: NodeID, clock: UInt64, hasTime: Bool, now: MonotonicTime) {
        let offset = Int64(bitPattern: clock) &- Int64(now.nanoseconds / 1_000_000)
        if let place = clocks.firstIndex(where: { $0.node == node }) {
            clocks[place] = (node, offset, hasTime)
        } else {
            clocks.append((node, offset, hasTime))
        }
    }

    /// What the median of the nodes' clocks shows beyond this machine's steady clock, in milliseconds; nil until most
    /// of the nodes have been heard.
    private func medianOffset(_ now: MonotonicTime) -> Int64? {
        guard clocks.count > voters / 2 else { return nil }
        return clocks.map(\.offset).sorted()[(clocks.count - 1) / 2]
    }

    /// The clocks of those that have been heard, where the others are not heard for long.
    private func lastResort(_ now: MonotonicTime) -> Int64? {
        guard now - began >= Self.patience, !clocks.isEmpty else { return nil }
        return clocks.map(\.offset).sorted()[(clocks.count - 1) / 2]
    }

    private mutating func stepIfAllStopped(_ now: MonotonicTime) {
        guard maySteps else { return }
        if clocks.contains(where: \.hasTime) { maySteps = false }
        guard maySteps, let offset = medianOffset(now) ?? lastResort(now) else { return }
        maySteps = false
        let median = offset &+ Int64(now.nanoseconds / 1_000_000)
        if median > 0 { time.step(to: UInt64(median)) }
    }
}

/// Milliseconds that follow a goal without ever jumping or going back.
private struct SteadyTime {
    private var milliseconds: UInt64 = 0
    /// Thousandths of a millisecond that are not counted yet.
    private var rest: UInt64 = 0
    private var at = MonotonicTime.zero

    mutating func start(at milliseconds: UInt64, now: MonotonicTime) {
        self.milliseconds = milliseconds
        at = now
    }

    mutating func step(to milliseconds: UInt64) { self.milliseconds = max(self.milliseconds, milliseconds) }

    /// Goes on by what has passed, a tenth more or less where the goal lies ahead or behind.
    mutating func advance(to now: MonotonicTime, towards offset: Int64?) -> UInt64 {
        guard now > at else { return milliseconds }
        let passed = UInt64((now - at).nanoseconds) / 1_000
        at = now
        var parts = passed
        if let offset {
            let goal = offset &+ Int64(now.nanoseconds / 1_000_000)
            let ahead = goal &- Int64(milliseconds)
            if ahead > 1 { parts = passed + min(passed / 10, UInt64(ahead) * 1_000) }
            if ahead < -1 { parts = passed - passed / 10 }
        }
        rest += parts
        milliseconds += rest / 1_000
        rest %= 1_000
        return milliseconds
    }
}
