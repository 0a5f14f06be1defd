internal import KVStore

/// Sessions: what begins with a login, and gives access tokens until it ends.
extension Accounts {
    /// What a login has to be checked against.
    public struct LoginCandidate: Sendable {
        /// Who wants to log in.
        public let user: UserID
        /// His password, as it is kept.
        public let passwordHash: String
    }

    /// What an access token is to say, and the refresh token that comes with it.
    public struct SessionGrant: Sendable {
        /// Who is in the session.
        public let user: UserID
        /// What he may do.
        public let roles: Roles
        /// The session.
        public let session: SessionID
        /// The epoch of his tokens.
        public let epoch: UInt64
        /// The next refresh token.
        public let refreshToken: RefreshToken
    }

    /// The most sessions of a user; with one more, the one that was used longest ago ends.
    public static let sessionLimit = 50

    private static let sessionOver = DomainError(
        .unauthenticated,
        "unauthenticated",
        "The refresh token does not hold: log in again."
    )

    /// What a user's password is, by his name; nil where nobody has it.
    public func loginCandidate(named name: Username) async throws -> LoginCandidate? {
        let snapshot = try await services.database.snapshot()
        guard let entry = try await snapshot.record(UsernameEntry.self, at: .username(name)) else { return nil }
        return try await Self.candidate(entry.record.user, snapshot)
    }

    /// What a user's password is.
    ///
    /// - Throws: `not-found`.
    public func loginCandidate(_ user: UserID) async throws -> LoginCandidate {
        guard let found = try await Self.candidate(user, services.database.snapshot()) else {
            throw DomainError.notFound
        }
        return found
    }

    private static func candidate(_ user: UserID, _ snapshot: Snapshot) async throws -> LoginCandidate? {
        guard let stored = try await snapshot.record(Credentials.self, at: .credentials(user)) else { return nil }
        return LoginCandidate(user: user, passwordHash: stored.record.passwordHash)
    }

    /// Opens a session for a user whose password was found to be right.
    ///
    /// - Throws: `unauthenticated` if the password has changed since; and what the store throws.
    public func openSession(_ candidate: LoginCandidate) async throws -> SessionGrant {
        let session: SessionID = try await services.ids.mint()
        let user = candidate.user
        let (token, family) = SessionFamily.open(session, of: user, secrets)
        return try await services.database.transact { transaction in
            let now = try await transaction.now()
            let credentials = try await Self.credentials(user, transaction)
            guard credentials.passwordHash == candidate.passwordHash else { throw Self.sessionOver }
            try await Self.makeRoom(user, now, transaction)
            try transaction.insert(family(now), at: .session(session, of: user))
            return try await Self.grant(token, credentials, transaction)
        }.value
    }

    /// Prolongs a session: the next refresh token for this one.
    ///
    /// A token that was used before ends the session, but for some seconds, in which the same use gives the same token:
    /// its answer may have got lost.
    ///
    /// - Throws: `unauthenticated`; and what the store throws.
    public func refresh(_ token: RefreshToken) async throws -> SessionGrant {
        let salt = secrets.random(RefreshToken.secretBytes)
        let grant = try await services.database.transact { transaction -> SessionGrant? in
            let key = DomainKey.session(token.session, of: token.user)
            guard var family = try await transaction.record(SessionFamily.self, at: key)?.record else { return nil }
            let now = try await transaction.now()
            switch family.present(token, salt: salt, now: now, secrets) {
            case .rotated(let next):
                transaction.put(family, at: key)
                return try await Self.grant(next, Self.credentials(token.user, transaction), transaction)
            case .repeated(let next):
                return try await Self.grant(next, Self.credentials(token.user, transaction), transaction)
            case .reused:
                transaction.delete(key)
                try await RevocationLog.append(.session(token.session, of: token.user), transaction)
                return nil
            case .refused:
                return nil
            }
        }.value
        guard let grant else { throw Self.sessionOver }
        return grant
    }

    /// Whether a session is there, and a token that it was given in an epoch holds: as the store has it now.
    public func holds(_ session: SessionID, of user: UserID, epoch: UInt64) async throws -> Bool {
        let snapshot = try await services.database.snapshot()
        guard try await snapshot.record(SessionFamily.self, at: .session(session, of: user)) != nil,
            let credentials = try await snapshot.record(Credentials.self, at: .credentials(user))
        else { return false }
        return credentials.record.admits(epoch, session)
    }

    /// Ends a session and its access tokens. One that has ended already stays so.
    ///
    /// - Returns: what was revoked, for the node to know at once.
    @discardableResult
    public func endSession(_ session: SessionID, of user: UserID) async throws -> Revocation {
        let revocation = Revocation.session(session, of: user)
        _ = try await services.database.transact { transaction in
            transaction.delete(.session(session, of: user))
            try await RevocationLog.append(revocation, transaction)
        }
        return revocation
    }

    /// Gives a user another password, and ends all his sessions but one.
    ///
    /// - Parameter candidate: What the old password was found to be right for.
    /// - Returns: what was revoked, for the node to know at once.
    /// - Throws: `unauthenticated` if the password has changed since; and what the store throws.
    public func changePassword(
        _ candidate: LoginCandidate,
        to passwordHash: String,
        keeping session: SessionID?
    ) async throws -> Revocation {
        let user = candidate.user
        return try await services.database.transact { transaction in
            var credentials = try await Self.credentials(user, transaction)
            guard credentials.passwordHash == candidate.passwordHash else { throw Self.sessionOver }
            credentials.passwordHash = passwordHash
            credentials.beginEpoch(keeping: session)
            transaction.put(credentials, at: .credentials(user))
            for family in try await Self.families(user, transaction) where family.session != session {
                transaction.delete(.session(family.session, of: user))
            }
            let revocation = Revocation.epoch(of: user, credentials)
            try await RevocationLog.append(revocation, transaction)
            return revocation
        }.value
    }

    // MARK: Within

    private static func grant(
        _ token: RefreshToken,
        _ credentials: Credentials,
        _ transaction: Transaction
    ) async throws -> SessionGrant {
        guard let user = try await transaction.record(User.self, at: .user(token.user)) else { throw sessionOver }
        return SessionGrant(
            user: token.user,
            roles: user.record.roles,
            session: token.session,
            epoch: credentials.epoch,
            refreshToken: token
        )
    }

    private static func families(_ user: UserID, _ transaction: Transaction) async throws -> [SessionFamily] {
        try await transaction.allRecords(under: .sessions(user)).map(\.record)
    }

    /// Removes what has expired, and what is too much.
    private static func makeRoom(_ user: UserID, _ now: Instant, _ transaction: Transaction) async throws {
        let families = try await families(user, transaction)
        let living = families.filter { $0.expiresAt > now }.sorted { $0.expiresAt < $1.expiresAt }
        for family in families where family.expiresAt <= now {
            transaction.delete(.session(family.session, of: user))
        }
        for family in living.prefix(max(0, living.count - sessionLimit + 1)) {
            transaction.delete(.session(family.session, of: user))
            try await RevocationLog.append(.session(family.session, of: user), transaction)
        }
    }
}
