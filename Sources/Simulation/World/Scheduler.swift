internal import HeapModule
internal import KVStore

/// Virtual time: what is to happen, and when. What is to happen at one moment happens in the order in which it was put
/// here, so that a seed decides everything.
final class Scheduler {
    private struct Event: Comparable {
        let time: MonotonicTime
        let number: UInt64
        let action: () -> Void

        static func < (a: Event, b: Event) -> Bool { (a.time, a.number) < (b.time, b.number) }
        static func == (a: Event, b: Event) -> Bool { a.number == b.number }
    }

    private(set) var now = MonotonicTime.zero
    /// How many events have happened.
    private(set) var count: UInt64 = 0
    private var events = Heap<Event>()
    private var numbers: UInt64 = 0

    func at(_ time: MonotonicTime, _ action: @escaping () -> Void) {
        precondition(time >= now, "nothing happens in the past")
        numbers += 1
        events.insert(Event(time: time, number: numbers, action: action))
    }

    func after(_ delay: Duration, _ action: @escaping () -> Void) { at(now + delay, action) }

    /// Nothing that was to happen will.
    func forgetAll() { events = Heap() }

    /// Lets time pass until `end`, or until `isOver` says so after an event.
    func run(until end: MonotonicTime, unless isOver: () -> Bool) {
        while let next = events.min, next.time <= end {
            _ = events.popMin()
            now = next.time
            count += 1
            next.action()
            if isOver() { return }
        }
        now = max(now, end)
    }
}
