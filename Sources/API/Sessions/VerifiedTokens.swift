internal import NIOConcurrencyHelpers

/// Tokens whose signature held, until they expire. When it is full it forgets everything, which costs each caller one
/// verification.
final class VerifiedTokens: Sendable {
    private struct Entry {
        let caller: Caller
        let expires: Int64
    }

    private static let limit = 10_000

    private let entries = NIOLockedValueBox<[String: Entry]>([:])

    func caller(_ token: String, now: Int64) -> Caller? {
        entries.withLockedValue { entries in
            guard let entry = entries[token] else { return nil }
            guard entry.expires > now else {
                entries[token] = nil
                return nil
            }
            return entry.caller
        }
    }

    func remember(_ token: String, _ caller: Caller, until expires: Int64, now: Int64) {
        entries.withLockedValue { entries in
            if entries.count >= Self.limit { entries = entries.filter { $0.value.expires > now } }
            if entries.count >= Self.limit { entries = [:] }
            entries[token] = Entry(caller: caller, expires: expires)
        }
    }
}
