internal import Domain

/// Who is asking, as a token says.
struct Caller: Hashable, Sendable {
    /// A user's id, or that of an operator's account.
    let id: String
    /// What he may do.
    let roles: Roles
    /// The session that the token came from; nil for an operator's account, which has none.
    var session: SessionID?
    /// The epoch in which the token was issued: of the user's credentials, or of the operator's account.
    var epoch: UInt64 = 0

    /// As operators' accounts have it.
    var role: Account.Role { roles.contains(.admin) ? .admin : .user }
}

extension APIContext {
    /// Who is asking, for the domain's services.
    ///
    /// - Throws: 401 where nobody says, 403 for an operator's account whose id is none that a user could have.
    func actor() throws(Problem) -> Actor {
        guard let caller else { throw .unauthenticated }
        guard let user = UserID(caller.id) else { throw .forbidden }
        return Actor(user: user, roles: caller.roles, session: caller.session)
    }

    /// A user who is asking in a session of his own.
    ///
    /// - Throws: 401 where nobody says, 409 for an operator's account: it lies in a file and has no sessions.
    func sessionUser() throws(Problem) -> (user: UserID, session: SessionID) {
        guard let caller else { throw .unauthenticated }
        guard let session = caller.session, let user = UserID(caller.id) else { throw .noSession }
        return (user, session)
    }
}
