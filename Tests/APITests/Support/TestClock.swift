import NIOConcurrencyHelpers

/// A clock that a test turns.
final class TestClock: Sendable {
    private let value = NIOLockedValueBox<UInt64>(1_000_000_000)

    var nanoseconds: UInt64 { value.withLockedValue { $0 } }

    func advance(_ nanoseconds: UInt64) { value.withLockedValue { $0 += nanoseconds } }
}
