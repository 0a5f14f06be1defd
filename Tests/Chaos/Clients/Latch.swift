import Synchronization

/// Something that is not so, and then is for ever.
final class Latch: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .relaxed) }

    func set() { value.store(true, ordering: .relaxed) }
}

/// Numbers from 0 on, each for one taker.
final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    /// How many were taken.
    var count: Int { value.load(ordering: .relaxed) }

    func next() -> Int { value.add(1, ordering: .relaxed).oldValue }
}
