internal import Synchronization

/// What a node counts while it works, from several threads at once.
final class NodeCounters: Sendable {
    let messagesSent = Counter()
    let messagesDropped = Counter()
    let messagesReceived = Counter()
    let bytesSent = Counter()
    let bytesReceived = Counter()
    let snapshotBytesReceived = Counter()
    let flushes = Counter()
    let connects = Counter()
    let connectFailures = Counter()
    let accepted = Counter()
    let refused = Counter()
    let connectionsLost = Counter()
    let loopRounds = Counter()
    let loopActions = Counter()
    let syncs = Histogram()
    let writtenBytes = Counter()

    init() {}

    /// All of them, as they are now.
    var snapshot: NodeMetrics {
        NodeMetrics(
            messagesSent: messagesSent.value,
            messagesDropped: messagesDropped.value,
            messagesReceived: messagesReceived.value,
            bytesSent: bytesSent.value,
            bytesReceived: bytesReceived.value,
            snapshotBytesReceived: snapshotBytesReceived.value,
            flushes: flushes.value,
            connects: connects.value,
            connectFailures: connectFailures.value,
            connectionsAccepted: accepted.value,
            connectionsRefused: refused.value,
            connectionsLost: connectionsLost.value,
            loopRounds: loopRounds.value,
            loopActions: loopActions.value,
            logBytesWritten: writtenBytes.value,
            logSyncs: syncs.snapshot
        )
    }
}

/// A number that only grows.
struct Counter: ~Copyable, Sendable {
    private let number = Atomic<Int>(0)

    init() {}

    func add(_ amount: Int) { number.wrappingAdd(amount, ordering: .relaxed) }

    var value: Int { number.load(ordering: .relaxed) }
}

/// Counts durations by powers of two of a microsecond.
final class Histogram: Sendable {
    private struct Counts {
        var buckets = [Int](repeating: 0, count: DurationHistogram.bounds.count + 1)
        var sumNanoseconds: UInt64 = 0
    }

    private let counts = Monitor(Counts())

    func add(nanoseconds: UInt64) {
        let microseconds = nanoseconds / 1000
        let place = min(UInt64.bitWidth - microseconds.leadingZeroBitCount, DurationHistogram.bounds.count)
        counts.withLock { counts in
            counts.buckets[place] += 1
            counts.sumNanoseconds += nanoseconds
        }
    }

    var snapshot: DurationHistogram {
        counts.withLock { DurationHistogram(counts: $0.buckets, sum: .nanoseconds(Int64($0.sumNanoseconds))) }
    }
}
