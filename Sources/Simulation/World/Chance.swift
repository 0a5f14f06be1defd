internal import KVStore
internal import Raft

/// Draws from a seed. Its ways are its own: those of the standard library may change with its version, and with them
/// every run that a seed decides.
struct Chance {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func bits() -> UInt64 { generator.next() }

    /// From 0 up to and without `bound`.
    mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "something can be drawn")
        return Int(bits().multipliedFullWidth(by: UInt64(bound)).high)
    }

    mutating func from(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

    /// True that often in a hundred.
    mutating func percent(_ share: Int) -> Bool { below(100) < share }

    /// True that often in a million.
    mutating func perMillion(_ share: Int) -> Bool { below(1_000_000) < share }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Evenly within bounds in microseconds.
    mutating func microseconds(_ range: ClosedRange<Int>) -> Duration {
        .nanoseconds(Int64(range.lowerBound) * 1000 + Int64(below(range.count * 1000)))
    }

    mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration {
        microseconds(range.lowerBound * 1000...range.upperBound * 1000)
    }

    /// A time around `mean` as between events that know nothing of each other: a geometric draw in steps of a
    /// sixteenth, in whole numbers only.
    mutating func around(_ mean: Duration) -> Duration {
        var steps = 1
        while steps < 128, below(16) != 0 { steps += 1 }
        return .nanoseconds(mean.nanoseconds / 16 * Int64(steps))
    }

    /// A generator whose draws do not depend on how many are made here later.
    mutating func fork() -> Chance { Chance(seed: bits()) }
}
