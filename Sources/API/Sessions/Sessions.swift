internal import NIOConcurrencyHelpers

/// Logs callers in: a name and a password for an access token.
public final class Sessions: Sendable {
    /// What a login gives.
    struct Session: Sendable {
        let accessToken: String
        let expiresInSeconds: Int64
    }

    let tokens: AccessTokens
    private let accounts: any AccountStore
    private let checks: PasswordChecks
    private let lifetimeSeconds: Int64
    private let now: @Sendable () -> Int64
    private let backoff = NIOLockedValueBox(LoginBackoff())

    /// Makes the login of a server.
    ///
    /// - Parameter lifetimeSeconds: How long an access token holds.
    public convenience init(
        accounts: any AccountStore,
        tokens: AccessTokens,
        checks: PasswordChecks,
        lifetimeSeconds: Int64 = 3_600
    ) {
        self.init(
            accounts: accounts,
            tokens: tokens,
            checks: checks,
            lifetimeSeconds: lifetimeSeconds,
            now: { WallClock.now() / 1_000 }
        )
    }

    init(
        accounts: any AccountStore,
        tokens: AccessTokens,
        checks: PasswordChecks,
        lifetimeSeconds: Int64,
        now: @escaping @Sendable () -> Int64
    ) {
        self.accounts = accounts
        self.tokens = tokens
        self.checks = checks
        self.lifetimeSeconds = lifetimeSeconds
        self.now = now
    }

    /// A session for who knows the password. It takes as long where there is no such account, so that names cannot be
    /// told from the time of the answer.
    func open(username: String, password: String, address: String) async throws -> Session {
        let source = LoginBackoff.Source(username: username, address: address)
        let now = now()
        let wait = backoff.withLockedValue { backoff -> Int64 in
            let wait = backoff.wait(source, now: now)
            if wait == 0 { backoff.attemptBegins(source, now: now) }
            return wait
        }
        guard wait == 0 else { throw Problem.rateLimited(retryAfterSeconds: Int(wait)) }
        let account: Account?
        let isRight: Bool
        do {
            account = try await accounts.account(named: username)
            isRight = try await checks.isRight(password, for: account?.password ?? Self.nobodysPassword)
        } catch {
            backoff.withLockedValue { $0.notTried(source) }
            throw error
        }
        guard let account, isRight else { throw Problem.wrongCredentials }
        backoff.withLockedValue { $0.succeeded(source) }
        return Session(
            accessToken: try await tokens.issue(to: account, seconds: lifetimeSeconds),
            expiresInSeconds: lifetimeSeconds
        )
    }

    /// As costly to check as everybody's, and right for nothing.
    private static let nobodysPassword: PasswordHash = {
        let zeros = { (count: Int) in Base64.encodeWithoutPadding([UInt8](repeating: 0, count: count)) }
        guard let hash = PasswordHash("$scrypt$ln=17,r=8,p=1$\(zeros(16))$\(zeros(32))") else {
            preconditionFailure("A hash of our own making must be readable.")
        }
        return hash
    }()
}
