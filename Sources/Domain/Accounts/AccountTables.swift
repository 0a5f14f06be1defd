/// Where accounts lie. Everything of a user is in his bucket but the way to him by his name, and the lists of all.
extension Table {
    /// user → ``User``
    static let users = Table(0x10)
    /// user name, folded → ``UsernameEntry``; in the name's bucket
    static let usernames = Table(0x11)
    /// user → ``Credentials``
    static let credentials = Table(0x12)
    /// user, session → ``SessionFamily``
    static let sessions = Table(0x13)
    /// milliseconds, user, number → ``Revocation``; in one of a few buckets
    static let revocations = Table(0x14)
    /// user, the newest first → ``UsernameEntry``; in one of a few buckets
    static let userList = Table(0x15)
    /// organization → ``Organization``
    static let organizations = Table(0x18)
    /// organization, user → ``Membership``
    static let members = Table(0x19)
    /// user, organization → ``Membership``; the same the other way round
    static let memberships = Table(0x1A)
}

extension DomainKey {
    static func user(_ user: UserID) -> DomainKey { DomainKey(.users, in: Bucket(of: user)).appending(user) }

    static func credentials(_ user: UserID) -> DomainKey {
        DomainKey(.credentials, in: Bucket(of: user)).appending(user)
    }

    static func username(_ name: Username) -> DomainKey {
        DomainKey(.usernames, in: Bucket(of: name.folded)).appending(name.folded)
    }

    /// All sessions of a user.
    static func sessions(_ user: UserID) -> DomainKey { DomainKey(.sessions, in: Bucket(of: user)).appending(user) }

    static func session(_ session: SessionID, of user: UserID) -> DomainKey { sessions(user).appending(session) }
}
