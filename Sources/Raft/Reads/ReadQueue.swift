import DequeModule

/// A leader's reads on their way to an answer (ReadIndex, 6.4), in rounds.
///
///     asked ──▶ waiting ──round begins──▶ round n at index i ──quorum answered n──▶ answered (own: once i is applied)
///
/// A read takes the commit index of its round's beginning. All reads that wait at that moment share the round, and a
/// quorum's answer to round n confirms every earlier round too.
struct ReadQueue {
    enum Origin: Hashable {
        case own(ReadToken)
        case follower(NodeID, ReadID)
    }

    private struct Round {
        let number: ReadRound
        let index: LogIndex
        let reads: [Origin]
    }

    /// Reads that no round has taken up.
    private(set) var waiting: [Origin] = []
    private var rounds: Deque<Round> = []
    private(set) var newestRound = ReadRound.none
    private(set) var count = 0

    /// True when nothing waits for a confirmation.
    var isEmpty: Bool { count == 0 }
    /// The newest round that is not confirmed yet.
    var pendingRound: ReadRound { rounds.last?.number ?? .none }

    /// One round on its way and one behind it keep the network busy; more would only be smaller.
    var mayBeginRound: Bool { rounds.count < 2 }

    mutating func add(_ read: Origin) {
        waiting.append(read)
        count += 1
    }

    /// Lets all waiting reads share a round that is answered by whoever has applied `index`.
    mutating func beginRound(at index: LogIndex) {
        newestRound = newestRound.next
        rounds.append(Round(number: newestRound, index: index, reads: waiting))
        waiting.removeAll(keepingCapacity: true)
    }

    /// A quorum has answered `round`: hands out its reads and those of all rounds before it.
    mutating func confirm(_ round: ReadRound) -> [(Origin, LogIndex)] {
        var confirmed: [(Origin, LogIndex)] = []
        while let first = rounds.first, first.number <= round {
            for read in first.reads { confirmed.append((read, first.index)) }
            count -= first.reads.count
            rounds.removeFirst()
        }
        return confirmed
    }

    /// Gives up on everything, for a leadership has ended. The rounds of the next one begin anew.
    mutating func removeAll() -> [Origin] {
        let abandoned = rounds.flatMap(\.reads) + waiting
        self = ReadQueue()
        return abandoned
    }
}

/// Reads that were passed on to a leader, by the name under which they were.
struct ForwardedReads {
    private var reads: Deque<(sequence: UInt64, token: ReadToken)> = []
    private var lastSequence: UInt64 = 0
    /// Drawn when the replica started.
    let incarnation: UInt64

    init(incarnation: UInt64) { self.incarnation = incarnation }

    var count: Int { reads.count }

    mutating func add(_ token: ReadToken) -> ReadID {
        lastSequence += 1
        reads.append((lastSequence, token))
        return ReadID(incarnation: incarnation, sequence: lastSequence)
    }

    /// The read of that name, if it still waits for an answer.
    mutating func remove(_ id: ReadID) -> ReadToken? {
        guard id.incarnation == incarnation,
            let position = reads.firstIndex(where: { $0.sequence == id.sequence })
        else { return nil }
        return reads.remove(at: position).token
    }

    mutating func remove(_ token: ReadToken) { reads.removeAll { $0.token == token } }

    mutating func removeAll() -> [ReadToken] {
        let abandoned = reads.map(\.token)
        reads.removeAll()
        return abandoned
    }
}

/// Confirmed reads that wait for the state machine to catch up.
struct ConfirmedReads {
    private var reads: Deque<(token: ReadToken, index: LogIndex)> = []

    var count: Int { reads.count }

    mutating func add(_ token: ReadToken, index: LogIndex) { reads.append((token, index)) }

    mutating func remove(_ token: ReadToken) { reads.removeAll { $0.token == token } }

    /// Hands out every read whose index is at most `applied`, in the order of their confirmation.
    mutating func release(applied: LogIndex) -> [(token: ReadToken, index: LogIndex)] {
        guard !reads.isEmpty, reads.contains(where: { $0.index <= applied }) else { return [] }
        let released = reads.filter { $0.index <= applied }
        reads.removeAll { $0.index <= applied }
        return Array(released)
    }
}
