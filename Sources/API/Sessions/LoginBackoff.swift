/// Makes those wait who keep failing to log in: after five failures in a row for a name from an address, a second, then
/// two, four, and so on up to fifteen minutes.
///
/// Counted by name *and* address, so that nobody can lock somebody else out. What an address may fail with all names
/// together is limited beside it.
struct LoginBackoff: Sendable {
    /// Whose failures are counted together.
    struct Source: Hashable, Sendable {
        let username: String
        let address: String
    }

    private struct Failures {
        var count = 0
        var blockedUntil: Int64 = 0
        var forgottenAt: Int64 = 0
    }

    private static let freeFailures = 5
    private static let longestSeconds: Int64 = 15 * 60
    private static let rememberedSeconds: Int64 = 60 * 60
    private static let sourcesLimit = 10_000

    private var failures: [Source: Failures] = [:]

    /// How many sources are remembered.
    var sources: Int { failures.count }

    /// Seconds that the source still has to wait; zero where it may try.
    func wait(_ source: Source, now: Int64) -> Int64 { max(0, (failures[source]?.blockedUntil ?? 0) - now) }

    /// Notes that an attempt begins: it counts as a failure until it is known to be none, so that attempts at the same
    /// time do not count as one.
    mutating func attemptBegins(_ source: Source, now: Int64) {
        makeRoom(now: now)
        var noted = failures[source] ?? Failures()
        if noted.forgottenAt <= now { noted = Failures() }
        noted.count += 1
        noted.forgottenAt = now + Self.rememberedSeconds
        if noted.count >= Self.freeFailures {
            noted.blockedUntil = now + min(Self.longestSeconds, 1 << Int64(min(noted.count - Self.freeFailures, 20)))
        }
        failures[source] = noted
    }

    /// Notes that the password was right.
    mutating func succeeded(_ source: Source) { failures[source] = nil }

    /// Notes that nobody looked at the password.
    mutating func notTried(_ source: Source) {
        guard var noted = failures[source] else { return }
        noted.count -= 1
        noted.blockedUntil = 0
        failures[source] = noted.count > 0 ? noted : nil
    }

    /// Past the limit those who have waited longest are forgotten: a source is cheap to make up, memory is not.
    private mutating func makeRoom(now: Int64) {
        guard failures.count >= Self.sourcesLimit else { return }
        failures = failures.filter { $0.value.forgottenAt > now }
        guard failures.count >= Self.sourcesLimit else { return }
        let ages = failures.values.map(\.forgottenAt).sorted()
        let middle = ages[ages.count / 2]
        failures = failures.filter { $0.value.forgottenAt > middle }
    }
}
