internal import HeapModule
internal import Raft

/// What became of a command that a node has tried to bring to its end.
public enum ExecutionAnswer: Hashable, Sendable {
    /// It was decided, here or elsewhere.
    case decided(CommandOutcome)
    /// Time is over, and nobody can tell from here whether it takes effect.
    case unknown
    /// It had no effect and will have none.
    case refused(RequestRefusal)
}

/// A command that is brought to its end: proposed here or passed on to whoever leads, again and again, until somebody
/// tells what became of it or its time is over.
struct Execution {
    let partition: PartitionID
    let command: [UInt8]
    /// For which request of a client.
    let trace: String?
    let lastTick: Int
    let reply: (ExecutionAnswer) -> Void
    /// A copy of it may be in the log, or on its way to it.
    var mayHappen = false
    /// Counts the attempts, so that an alarm for an older one is known as such.
    var attempt: UInt64 = 0
    /// To whom the last attempt has gone; nil while none is under way.
    var sentTo: NodeID?
    /// Why the last attempt was turned down.
    var refusal = RequestRefusal.notLeader(nil)
    /// Who is said to lead, by the last node that was asked in vain.
    var hint: NodeID?

    /// What to say when time is over.
    var lastWord: ExecutionAnswer { mayHappen ? .unknown : .refused(refusal) }
}

/// The commands that a node brings to their end, and when to look at each again.
struct Executions {
    struct Alarm: Comparable {
        let tick: Int
        let number: UInt64
        /// For which attempt; nil for the end of its time.
        let attempt: UInt64?

        static func < (a: Alarm, b: Alarm) -> Bool { (a.tick, a.number) < (b.tick, b.number) }
    }

    /// Looked up by number; walked in the order of numbers only.
    private var all: [UInt64: Execution] = [:]
    private var alarms = Heap<Alarm>()
    private var lastNumber: UInt64 = 0

    var count: Int { all.count }

    subscript(number: UInt64) -> Execution? {
        get { all[number] }
        set { all[number] = newValue }
    }

    mutating func add(_ execution: Execution) -> UInt64 {
        lastNumber += 1
        all[lastNumber] = execution
        alarms.insert(Alarm(tick: execution.lastTick, number: lastNumber, attempt: nil))
        return lastNumber
    }

    mutating func setAlarm(_ tick: Int, for number: UInt64) {
        guard let execution = all[number] else { return }
        alarms.insert(Alarm(tick: tick, number: number, attempt: execution.attempt))
    }

    /// The next alarm that is due; those of attempts that are over are passed over.
    mutating func takeDue(at tick: Int) -> Alarm? {
        while let alarm = alarms.min, alarm.tick <= tick {
            _ = alarms.popMin()
            guard let execution = all[alarm.number] else { continue }
            if alarm.attempt == nil || alarm.attempt == execution.attempt { return alarm }
        }
        return nil
    }

    /// Those whose last attempt has gone to this node, in the order in which they began.
    func sent(to node: NodeID) -> [UInt64] { all.keys.sorted().filter { all[$0]?.sentTo == node } }

    /// Those of a partition that wait for an answer of somebody else than its leader, in the order in which they began.
    func misdirected(of partition: PartitionID, leader: NodeID) -> [UInt64] {
        if all.isEmpty { return [] }
        return all.keys.sorted().filter { number in
            guard let execution = all[number] else { return false }
            return execution.partition == partition && execution.sentTo != leader
        }
    }

    mutating func removeAll() -> [Execution] {
        defer { self = Executions() }
        return all.keys.sorted().compactMap { all[$0] }
    }
}
