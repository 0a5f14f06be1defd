internal import Raft

@testable internal import KVStore

/// A partition: what is committed, what its leader has proposed, and who believes to lead it.
///
///     applied ……………│ proposed, not committed
///                  └─ the next entry is committed and applied in one step
struct Site {
    let partition: PartitionID
    let range: KeyRange
    var applied: AppliedLog
    /// What was applied when everything began.
    let setUp: AppliedLog
    var pending: [Pending] = []
    /// Proposals that were lost with their leader, which somebody may propose once more as they are.
    var lost: [Pending] = []
    var leader: Leader
    /// A leader that was deposed and does not know it. It sees what was applied when it was deposed.
    var deposed: Leader?

    /// An entry that may come to be committed.
    struct Pending: Hashable {
        let payload: EntryPayload
        let term: Term
        /// Whose it is, while the leader lasts that has proposed it.
        let number: UInt64?
        /// For the timeline.
        let text: String
    }

    /// Whether the leader knows what was committed before its time, and so may answer reads.
    var hasCaughtUp: Bool { !pending.contains { $0.number == nil } }

    /// Another replica is to lead, which has not applied the last of what is committed: whether there is so much.
    func canLag(by entries: Int) -> Bool {
        var log = applied
        for _ in 0..<entries {
            guard log !== setUp, let (before, _) = log.last else { return false }
            log = before
        }
        return true
    }

    /// What was applied last is so no more: it is committed, and comes again.
    mutating func lag(by entries: Int) {
        for _ in 0..<entries {
            guard let (before, entry) = applied.last else { return }
            let text = "entry \(entry.index.rawValue), which others have applied"
            pending.insert(Pending(payload: entry.payload, term: entry.term, number: nil, text: text), at: 0)
            applied = before
        }
    }
}

/// A leader with what its node keeps for it.
struct Leader {
    var participant: Participant
    let applied: AppliedLog?
    /// To which copies the numbers belong. Looked up only.
    var replies: [UInt64: Reply] = [:]
    /// Reads that wait for their confirmation, in the order of their numbers.
    var confirming: [UInt64] = []
    /// Who holds latches, in the order in which they were taken, and who queues.
    private(set) var latched: [UInt64] = []
    private(set) var queued: [UInt64] = []

    struct Reply: Hashable {
        let name: String
        let trial: Int
    }

    init(_ participant: Participant, applied: AppliedLog? = nil) {
        self.participant = participant
        self.applied = applied
    }

    /// What a number stands for, whatever order requests came in.
    func label(_ number: UInt64) -> String {
        if number == Participant.start { return "the new leader" }
        let number = participant.aliases[number] ?? number
        return replies[number].map { $0.trial > 1 ? "\($0.name) again" : $0.name } ?? "own"
    }

    /// Keeps in mind in which order latches were taken: it tells whom those wait for who come later.
    mutating func noteLatches() {
        let numbers = participant.requests.keys.sorted()
        latched.removeAll { !participant.latches.holds($0) }
        latched += numbers.filter { participant.latches.holds($0) && !latched.contains($0) }
        queued.removeAll { !participant.queue.holds($0) }
        queued += numbers.filter { participant.queue.holds($0) && !queued.contains($0) }
    }
}

extension Leader: Hashable {
    static func == (a: Leader, b: Leader) -> Bool { a.hashValue == b.hashValue }

    /// Requests by their names and in the order of their numbers, so that what has been answered leaves no trace.
    func hash(into hasher: inout Hasher) {
        hasher.combine(participant.term)
        hasher.combine(participant.greatestSeen)
        hasher.combine(participant.hasCaughtUp)
        hasher.combine(participant.early.map(label))
        hasher.combine(applied?.number)
        for number in participant.requests.keys.sorted() {
            guard let request = participant.requests[number] else { continue }
            hasher.combine(label(number))
            hasher.combine(request.body)
            hasher.combine(request.stage)
            hasher.combine(request.lastTick)
            hasher.combine(request.waitsSince)
            hasher.combine(request.mayDie)
            hasher.combine(request.isConfirmed)
            hasher.combine(request.latchesLeft.map(label))
            hasher.combine(request.holdersLeft)
        }
        for number in participant.requests.keys.sorted() {
            hasher.combine(participant.waitingForRequest[number]?.filter { participant.requests[$0] != nil }.map(label))
        }
        for id in participant.waitingForTransaction.keys.sorted() {
            hasher.combine(id)
            let waiting = participant.waitingForTransaction[id] ?? []
            hasher.combine(waiting.filter { participant.requests[$0] != nil }.map(label).sorted())
            hasher.combine(participant.holders[id])
            hasher.combine(participant.asked[id])
        }
        hasher.combine(confirming.map(label).sorted())
        hasher.combine(latched.map(label))
        hasher.combine(queued.map(label))
    }
}
