internal import Domain
internal import Logging
internal import NIOConcurrencyHelpers
public import ServiceLifecycle

/// Reads the log of revocations along, so that this node refuses a token within a second of its end, whichever node
/// ended it.
///
/// A node that has not been able to read the log for ``patience`` does not go by what it knows: it asks the store of each
/// token whether it holds, and refuses users where that cannot be told either. It could serve them nothing from the
/// same store.
public final class RevocationFollower: Service {
    /// Whether a token holds, as far as this node knows.
    enum Verdict {
        case holds
        case revoked
        /// The log could not be read lately, nor the user's record.
        case unknown
    }

    private struct State {
        var view = RevocationView()
        var readAt: ContinuousClock.Instant?
    }

    /// How old what is known may be.
    static let patience = Duration.milliseconds(1_500)
    private static let interval = Duration.milliseconds(500)
    private static let sweepInterval = Duration.seconds(600)

    private let log: RevocationLog
    private let accounts: Accounts
    private let longestToken: Duration
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = NIOLockedValueBox(State())

    init(
        _ log: RevocationLog,
        _ accounts: Accounts,
        longestToken: Duration,
        now: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.log = log
        self.accounts = accounts
        self.longestToken = longestToken
        self.now = now
    }

    /// Reads along until the process shuts down.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            async let _ = self.sweepAlong()
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
        let from = state.withLockedValue { $0.view.nextRead }
        let read = try await log.entries(since: from)
        state.withLockedValue { state in
            state.view.take(read.revocations, upTo: read.upTo)
            state.view.forget(before: over(read.upTo))
            state.readAt = began
        }
    }

    /// Before when every token has expired by itself.
    private func over(_ moment: Instant) -> Instant {
        moment.advanced(by: .zero - longestToken - RevocationLog.overlap)
    }

    /// Removes from the log what nobody needs any more, now and then. Reading does not wait for it.
    private func sweepAlong() async throws {
        while true {
            try await Task.sleep(for: Self.sweepInterval)
            try? await sweep()
        }
    }

    /// Removes from the log what is about tokens that have all expired by themselves.
    func sweep() async throws {
        guard let moment = state.withLockedValue({ $0.view.readUpTo }) else { return }
        while try await log.sweep(before: over(moment)) {}
    }

    /// Takes what this node itself has just revoked: it need not wait for the log.
    func note(_ revocation: Revocation) {
        // Before the first reading nobody is let in; that will bring it again.
        state.withLockedValue { state in
            if let moment = state.view.readUpTo { state.view.note(revocation, at: moment) }
        }
    }

    /// Whether a token still holds.
    func verdict(on caller: Caller) async -> Verdict {
        guard let session = caller.session, let user = UserID(caller.id) else { return .revoked }
        let now = now()
        let (isRevoked, isRecent) = state.withLockedValue { state in
            let isRecent = state.readAt.map { now - $0 <= Self.patience } ?? false
            return (state.view.isRevoked(user: user, session: session, epoch: caller.epoch), isRecent)
        }
        if isRevoked { return .revoked }
        if isRecent { return .holds }
        guard let holds = try? await accounts.holds(session, of: user, epoch: caller.epoch) else { return .unknown }
        return holds ? .holds : .revoked
    }
}
