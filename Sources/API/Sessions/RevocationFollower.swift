internal import Domain
internal import Logging
internal import NIOConcurrencyHelpers
public import ServiceLifecycle

/// Reads the log of revocations along, so that this node refuses a token within a second of its end, whichever node
/// ended it.
///
/// A node that cannot read the log knows nothing: after ``patience`` it refuses users' tokens until it can again. It
/// could serve nobody anyway, since what it serves lies in the same store.
public final class RevocationFollower: Service {
    /// Whether a token holds, as far as this node knows.
    enum Verdict {
        case holds
        case revoked
        /// The log could not be read lately.
        case unknown
    }

    private struct State {
        var view = RevocationView()
        var readAt: ContinuousClock.Instant?
        var sweptAt: ContinuousClock.Instant?
    }

    /// How old what is known may be.
    static let patience = Duration.seconds(10)
    private static let interval = Duration.milliseconds(500)
    private static let sweepInterval = Duration.seconds(600)

    private let log: RevocationLog
    private let longestToken: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = NIOLockedValueBox(State())

    init(
        _ log: RevocationLog,
        longestToken: Duration,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.log = log
        self.longestToken = longestToken
        self.now = now
    }

    /// Reads along until the process shuts down.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                // What cannot be read now is read the next time; how long that goes on is what matters.
                try? await self.read()
                try await Task.sleep(for: Self.interval)
            }
        }
    }

    /// Reads what has been noted since the last time.
    func read() async throws {
        let began = now()
        let (from, mustSweep) = state.withLockedValue { state in
            (state.view.nextRead, state.sweptAt.map { began - $0 > Self.sweepInterval } ?? true)
        }
        let read = try await log.entries(since: from)
        let over = read.upTo.advanced(by: .zero - longestToken - RevocationLog.overlap)
        state.withLockedValue { state in
            state.view.take(read.revocations, upTo: read.upTo)
            state.view.forget(before: over)
            state.readAt = began
            if mustSweep { state.sweptAt = began }
        }
        if mustSweep { while try await log.sweep(before: over) {} }
    }

    /// Takes what this node itself has just revoked: it need not wait for the log.
    func note(_ revocation: Revocation) {
        // Before the first reading nobody is let in; that will bring it again.
        state.withLockedValue { state in
            if let moment = state.view.readUpTo { state.view.note(revocation, at: moment) }
        }
    }

    /// Whether a token still holds.
    func verdict(on caller: Caller) -> Verdict {
        guard let session = caller.session, let user = UserID(caller.id) else { return .holds }
        let now = now()
        return state.withLockedValue { state in
            guard let readAt = state.readAt, now - readAt <= Self.patience else { return .unknown }
            return state.view.isRevoked(user: user, session: session, epoch: caller.epoch) ? .revoked : .holds
        }
    }
}
