internal import Domain
internal import NIOConcurrencyHelpers

/// Logs callers in, keeps them in, and lets them out.
///
/// Operators' accounts lie in a file and are asked first: they log in when the store is not there, of all times.
public final class Sessions: Sendable {
    /// What a login gives, or a refresh.
    struct Session: Sendable {
        let accessToken: String
        /// None for an operator's account.
        let refreshToken: String?
        let expiresInSeconds: Int64
    }

    let tokens: AccessTokens
    let users: UserAccounts?
    let checks: PasswordChecks
    private let operators: Operators
    private let lifetimeSeconds: Int64
    /// Seconds, only forward: what failures are counted by.
    private let now: @Sendable () -> Int64
    private let backoff = NIOLockedValueBox(LoginBackoff())
    /// Failures of an address, whatever names it tries: each costs as much as a login, and everybody waits behind it.
    private let failures: RateLimiter

    /// Makes the login of a server.
    ///
    /// - Parameters:
    ///   - operators: Accounts that need no store.
    ///   - users: Accounts in the store; nil for a node that has none.
    ///   - lifetimeSeconds: How long an access token holds.
    public convenience init(
        operators: Operators,
        users: UserAccounts?,
        tokens: AccessTokens,
        checks: PasswordChecks,
        lifetimeSeconds: Int64 = 900
    ) {
        self.init(
            operators: operators,
            users: users,
            tokens: tokens,
            checks: checks,
            lifetimeSeconds: lifetimeSeconds,
            now: { Int64(WallClock.monotonicNanoseconds() / 1_000_000_000) }
        )
    }

    init(
        operators: Operators,
        users: UserAccounts?,
        tokens: AccessTokens,
        checks: PasswordChecks,
        lifetimeSeconds: Int64,
        failuresPerMinute: Int = 120,
        now: @escaping @Sendable () -> Int64
    ) {
        failures = RateLimiter(.init(name: "failed-login", quota: failuresPerMinute, windowSeconds: 60))
        self.operators = operators
        self.users = users
        self.tokens = tokens
        self.checks = checks
        self.lifetimeSeconds = lifetimeSeconds
        self.now = now
    }

    /// Whether a name is that of an operator, who is asked first when somebody logs in by it.
    func isOperator(_ username: Username) -> Bool { operators.hasAccount(folded: username.folded) }

    /// Finds out who is asking.
    var authentication: Authentication {
        Authentication(tokens: tokens, operators: operators, revocations: users?.revocations)
    }

    /// Who wants to log in, if there is such an account.
    private enum Candidate {
        case nobody
        case operatorAccount(Account)
        case user(Accounts.LoginCandidate)

        /// The hash to check against: for nobody, one that is as costly and right for nothing.
        var password: PasswordHash {
            switch self {
            case .nobody: Sessions.nobodysPassword
            case .operatorAccount(let account): account.password
            case .user(let candidate): PasswordHash(candidate.passwordHash) ?? Sessions.nobodysPassword
            }
        }
    }

    /// A session for who knows the password. It takes as long where there is no such account, so that names cannot be
    /// told from the time of the answer.
    func open(username: String, password: String, address: String) async throws -> Session {
        let (candidate, source) = try await check(username: username, password: password, address: address) {
            try await self.candidate(username)
        }
        switch candidate {
        case .nobody: throw Problem.wrongCredentials
        case .operatorAccount(let account):
            succeeded(source)
            return Session(
                accessToken: try await tokens.issue(to: account, seconds: lifetimeSeconds),
                refreshToken: nil,
                expiresInSeconds: lifetimeSeconds
            )
        case .user(let candidate):
            succeeded(source)
            guard let users else { throw Problem.wrongCredentials }
            return try await session(users.accounts.openSession(candidate))
        }
    }

    /// The next pair of tokens.
    func refresh(_ text: String) async throws -> Session {
        guard let users, let bytes = Base64.decodeForAddresses(text), let token = RefreshToken(bytes) else {
            throw Problem.invalidRefreshToken
        }
        do {
            return try await session(users.accounts.refresh(token))
        } catch let error as DomainError where error.kind == .unauthenticated || error.kind == .absent {
            throw Problem.invalidRefreshToken
        }
    }

    /// Ends a session; on this node at once, on others when they have read of it.
    func close(_ session: SessionID, of user: UserID) async throws {
        guard let users else { throw Problem.noSession }
        users.revocations.note(try await users.accounts.endSession(session, of: user))
    }

    /// Gives a user another password, if he knows the old one; his other sessions end.
    func changePassword(
        of user: UserID,
        in session: SessionID,
        from old: String,
        to new: String,
        address: String
    ) async throws {
        guard let users else { throw Problem.noSession }
        // Failures are counted here as they are at the login: it would be a way around it.
        let (candidate, source) = try await check(username: "id \(user)", password: old, address: address) {
            Candidate.user(try await users.accounts.loginCandidate(user))
        }
        guard case .user(let known) = candidate else { throw Problem.wrongPassword }
        succeeded(source)
        let hash = try await checks.hash(new)
        users.revocations.note(try await users.accounts.changePassword(known, to: hash.text, keeping: session))
    }

    /// Whether a password is that of the user who has a name, for who signs up as him once more.
    ///
    /// Failures count as at the login, or it would be a way around it. They count when they are known to be some: honest
    /// copies of one request come at the same time, and how many are looked at at once is bounded.
    func isPassword(_ password: String, of username: Username, address: String) async throws -> Bool {
        guard let users else { return false }
        let source = LoginBackoff.Source(username: username.folded, address: address)
        let now = now()
        let wait = backoff.withLockedValue { $0.wait(source, now: now) }
        guard wait == 0 else { throw Problem.rateLimited(retryAfterSeconds: Int(wait)) }
        guard let candidate = try await users.accounts.loginCandidate(named: username),
            let hash = PasswordHash(candidate.passwordHash), try await checks.isRight(password, for: hash)
        else {
            backoff.withLockedValue { $0.attemptBegins(source, now: now) }
            return false
        }
        return true
    }

    // MARK: Within

    /// Looks for an account and checks the password; nobody where it is wrong.
    private func check(
        username: String,
        password: String,
        address: String,
        _ find: () async throws -> Candidate
    ) async throws -> (candidate: Candidate, source: LoginBackoff.Source) {
        let source = LoginBackoff.Source(username: username.lowercased(), address: address)
        let now = now()
        let wait = backoff.withLockedValue { backoff -> Int64 in
            let wait = backoff.wait(source, now: now)
            if wait == 0 { backoff.attemptBegins(source, now: now) }
            return wait
        }
        guard wait == 0 else { throw Problem.rateLimited(retryAfterSeconds: Int(wait)) }
        let allowance = failures.take(ClientNetwork.name(of: address))
        guard allowance.isGranted else {
            backoff.withLockedValue { $0.notTried(source) }
            throw Problem.rateLimited(allowance)
        }
        do {
            let candidate = try await find()
            return (try await checks.isRight(password, for: candidate.password) ? candidate : .nobody, source)
        } catch {
            backoff.withLockedValue { $0.notTried(source) }
            failures.giveBack(ClientNetwork.name(of: address))
            throw error
        }
    }

    private func succeeded(_ source: LoginBackoff.Source) {
        backoff.withLockedValue { $0.succeeded(source) }
        failures.giveBack(ClientNetwork.name(of: source.address))
    }

    private func candidate(_ username: String) async throws -> Candidate {
        if let account = operators.account(named: username) { return .operatorAccount(account) }
        guard let users, let name = Username(username),
            let found = try await users.accounts.loginCandidate(named: name)
        else { return .nobody }
        return .user(found)
    }

    private func session(_ grant: Accounts.SessionGrant) async throws -> Session {
        let caller = Caller(
            id: grant.user.description,
            roles: grant.roles,
            session: grant.session,
            epoch: grant.epoch
        )
        return Session(
            accessToken: try await tokens.issue(to: caller, seconds: lifetimeSeconds),
            refreshToken: Base64.encodeForAddresses(grant.refreshToken.bytes),
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
