/// Who asks a service for something, as whoever has verified his credentials says.
public struct Actor: Hashable, Sendable {
    /// The user.
    public let user: UserID
    /// What he may do.
    public let roles: Roles
    /// The session in which he asks; nil for one of the operators' accounts.
    public let session: SessionID?

    /// Makes an actor.
    public init(user: UserID, roles: Roles, session: SessionID? = nil) {
        self.user = user
        self.roles = roles
        self.session = session
    }

    /// True for one who may do everything.
    public var isAdmin: Bool { roles.contains(.admin) }

    /// Asks for a role; an admin has all of them.
    ///
    /// - Throws: `forbidden`.
    public func require(_ role: Roles) throws(DomainError) {
        guard isAdmin || roles.contains(role) else { throw .forbidden }
    }
}

/// A session: what begins with a login, and ends with a logout, or when nobody refreshes it any more.
public struct SessionID: Identifier {
    /// The number itself.
    public let rawValue: UInt64

    /// Wraps a number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}
