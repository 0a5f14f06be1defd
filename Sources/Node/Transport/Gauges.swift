internal import Synchronization

/// How many bytes wait to be sent on a link: filled by the loop, emptied by the event loop.
final class QueueGauge: Sendable {
    private let bytes = Atomic<Int>(0)
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Takes room, if there is some. Something larger than the limit still fits into an empty queue.
    func admit(_ amount: Int) -> Bool {
        let before = bytes.load(ordering: .relaxed)
        // The loop alone takes room, so what was free stays free.
        guard before == 0 || before + amount <= limit else { return false }
        bytes.wrappingAdd(amount, ordering: .relaxed)
        return true
    }

    /// Gives room back.
    func release(_ amount: Int) { bytes.wrappingSubtract(amount, ordering: .relaxed) }

    var waitingBytes: Int { bytes.load(ordering: .relaxed) }
}

/// How many received bytes wait for the loop, and whether reading waits for it.
///
/// The event loop adds and may pause; the loop takes away and says when reading may go on. Either looks again after it
/// has changed its part, so that a pause never outlives its reason.
final class InboundGauge: Sendable {
    private let bytes = Atomic<Int>(0)
    private let isPaused = Atomic<Bool>(false)
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    /// Adds bytes; returns true when reading has to wait.
    func add(_ amount: Int) -> Bool {
        let now = bytes.wrappingAdd(amount, ordering: .sequentiallyConsistent).newValue
        guard now > limit else { return false }
        isPaused.store(true, ordering: .sequentiallyConsistent)
        if bytes.load(ordering: .sequentiallyConsistent) > limit / 2 { return true }
        // If the loop has taken the pause back already, it also lets reading go on; and so it does if not.
        return !isPaused.exchange(false, ordering: .sequentiallyConsistent)
    }

    /// Takes bytes away; returns true when reading that waits may go on.
    func remove(_ amount: Int) -> Bool {
        let now = bytes.wrappingSubtract(amount, ordering: .sequentiallyConsistent).newValue
        return now <= limit / 2 && isPaused.exchange(false, ordering: .sequentiallyConsistent)
    }
}
