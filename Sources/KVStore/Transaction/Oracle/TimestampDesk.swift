internal import Raft

/// Gets timestamps for everybody on a node: whoever asks while nothing has been sent yet shares one request.
///
/// A batch that was sent takes no more callers: its timestamps may be older than what a later caller has seen.
struct TimestampDesk {
    private var gathered: [UInt64] = []
    /// Batches that are under way, the oldest first.
    private var sent: [Batch] = []
    private var lastBatch: UInt64 = 0

    private struct Batch {
        let number: UInt64
        let callers: [UInt64]
    }

    /// What is to be asked.
    struct Question: Hashable {
        let batch: UInt64
        let count: Int
    }

    /// A caller and his timestamp.
    struct Given: Hashable {
        let caller: UInt64
        let timestamp: Timestamp
    }

    var isIdle: Bool { gathered.isEmpty && sent.isEmpty }
    var hasGathered: Bool { !gathered.isEmpty }

    /// Somebody wants a timestamp.
    mutating func want(_ caller: UInt64) { gathered.append(caller) }

    /// Sends what was gathered.
    mutating func send() -> Question? {
        guard !gathered.isEmpty else { return nil }
        lastBatch += 1
        let callers = Array(gathered.prefix(TimestampOracle.mostTimestamps))
        gathered.removeFirst(callers.count)
        sent.append(Batch(number: lastBatch, callers: callers))
        return Question(batch: lastBatch, count: callers.count)
    }

    /// A batch is answered.
    mutating func given(_ first: Timestamp, to batch: UInt64) -> [Given] {
        guard let place = sent.firstIndex(where: { $0.number == batch }) else { return [] }
        let callers = sent.remove(at: place).callers
        return callers.enumerated().map {
            Given(caller: $0.element, timestamp: Timestamp(first.rawValue + UInt64($0.offset)))
        }
    }

    /// A batch was not answered and will not be: its callers are asked for again.
    mutating func failed(_ batch: UInt64) {
        guard let place = sent.firstIndex(where: { $0.number == batch }) else { return }
        gathered = sent.remove(at: place).callers + gathered
    }
}
