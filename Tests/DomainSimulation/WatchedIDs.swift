internal import Domain
internal import NIOConcurrencyHelpers

/// Every id that was minted in a cluster, whatever process it was for.
final class MintedIDs: Sendable {
    private struct State {
        var seen: Set<UInt64> = []
        var twice: UInt64?
    }

    private let state = NIOLockedValueBox(State())

    /// An id that came twice.
    var twice: UInt64? { state.withLockedValue { $0.twice } }
    var count: Int { state.withLockedValue { $0.seen.count } }

    func note(_ ids: [UInt64]) {
        state.withLockedValue { state in
            for id in ids where !state.seen.insert(id).inserted { state.twice = state.twice ?? id }
        }
    }
}

/// A process's ids, noted as they are minted.
struct WatchedIDs: IdentifierSource {
    let source: any IdentifierSource
    let minted: MintedIDs

    func mint(_ count: Int) async throws -> [UInt64] {
        let ids = try await source.mint(count)
        minted.note(ids)
        return ids
    }
}
