public import Domain
internal import NIOConcurrencyHelpers

/// Ids that count up.
public final class CountingIDs: IdentifierSource {
    private let last = NIOLockedValueBox<UInt64>(1_000)

    /// Begins above 1,000.
    public init() {}

    /// The next numbers.
    public func mint(_ count: Int) async throws -> [UInt64] {
        last.withLockedValue { last in
            defer { last += UInt64(count) }
            return (1...UInt64(count)).map { last + $0 }
        }
    }
}
