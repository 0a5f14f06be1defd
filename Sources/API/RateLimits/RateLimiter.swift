internal import NIOConcurrencyHelpers

/// How often somebody may do something on this node: a bucket that holds so many, and refills evenly over a window.
///
/// Whoever has not asked for a window's length finds his bucket full. Buckets that are full again are forgotten; if
/// there still are too many, those go that were asked for longest ago, since a name is cheap to make up.
final class RateLimiter: Sendable {
    /// What a request may do, and what is left.
    struct Allowance: Sendable {
        let isGranted: Bool
        /// Whose limit it is.
        let policy: Policy
        /// How many more there are now.
        let remaining: Int
        /// Whole seconds until there is one more, if there is none; until the bucket is full, otherwise. At least 1.
        let seconds: Int
    }

    /// A limit, as clients are told of it.
    struct Policy: Hashable, Sendable {
        /// Names it.
        let name: String
        /// How many a window.
        let quota: Int
        /// How long a window is.
        let windowSeconds: Int
    }

    private struct State {
        /// When each bucket will be full again, in nanoseconds of the clock.
        var fullAt: [String: UInt64] = [:]
    }

    private static let bucketLimit = 100_000

    let policy: Policy
    private let now: @Sendable () -> UInt64
    private let state = NIOLockedValueBox(State())
    private let windowNanoseconds: UInt64
    private let nanosecondsEach: UInt64

    /// A limit for everybody.
    ///
    /// - Parameter now: Nanoseconds of a clock that only goes forward.
    init(_ policy: Policy, now: @escaping @Sendable () -> UInt64 = WallClock.monotonicNanoseconds) {
        precondition(policy.quota > 0 && policy.windowSeconds > 0, "a limit lets something through")
        self.policy = policy
        self.now = now
        windowNanoseconds = UInt64(policy.windowSeconds) * 1_000_000_000
        nanosecondsEach = max(1, windowNanoseconds / UInt64(policy.quota))
    }

    /// How many buckets are remembered.
    var buckets: Int { state.withLockedValue { $0.fullAt.count } }

    /// Takes one from somebody's bucket, if there is one.
    func take(_ name: String) -> Allowance {
        let now = now()
        return state.withLockedValue { state in
            let known = state.fullAt[name]
            if known == nil { makeRoom(&state, now) }
            let missing = max(known ?? now, now) - now
            guard missing + nanosecondsEach <= windowNanoseconds else {
                return allowance(
                    false,
                    missing: missing,
                    waitNanoseconds: missing + nanosecondsEach - windowNanoseconds
                )
            }
            state.fullAt[name] = now + missing + nanosecondsEach
            return allowance(true, missing: missing + nanosecondsEach, waitNanoseconds: missing + nanosecondsEach)
        }
    }

    /// Puts back what was taken for something that does not count.
    func giveBack(_ name: String) {
        state.withLockedValue { state in
            guard let known = state.fullAt[name] else { return }
            state.fullAt[name] = known > nanosecondsEach ? known - nanosecondsEach : 0
        }
    }

    private func allowance(_ isGranted: Bool, missing: UInt64, waitNanoseconds: UInt64) -> Allowance {
        Allowance(
            isGranted: isGranted,
            policy: policy,
            remaining: Int((windowNanoseconds - min(missing, windowNanoseconds)) / nanosecondsEach),
            seconds: max(1, Int((waitNanoseconds + 999_999_999) / 1_000_000_000))
        )
    }

    private func makeRoom(_ state: inout State, _ now: UInt64) {
        guard state.fullAt.count >= Self.bucketLimit else { return }
        state.fullAt = state.fullAt.filter { $0.value > now }
        guard state.fullAt.count >= Self.bucketLimit else { return }
        let middle = state.fullAt.values.sorted()[Self.bucketLimit / 2]
        state.fullAt = state.fullAt.filter { $0.value > middle }
    }
}
