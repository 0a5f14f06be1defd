import Raft

/// Draws that a seed decides.
struct Dice {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    /// From 0 up to and without `bound`.
    mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "something can be drawn")
        return Int(generator.next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    mutating func from(_ range: ClosedRange<Int>) -> Int { range.lowerBound + below(range.count) }

    /// True that often in a hundred.
    mutating func percent(_ share: Int) -> Bool { below(100) < share }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration { .milliseconds(from(range)) }

    mutating func shuffle<Element>(_ elements: inout [Element]) {
        for place in elements.indices.dropFirst() { elements.swapAt(place, below(place + 1)) }
    }

    /// Dice whose draws do not depend on how often these are thrown later.
    mutating func fork() -> Dice { Dice(seed: generator.next()) }
}
