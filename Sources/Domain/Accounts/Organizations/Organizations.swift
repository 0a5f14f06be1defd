public import KVStore

/// Organizations, and who may act for them.
public struct Organizations: Sendable {
    private let services: Services
    private let requests: Requests

    /// The most members of an organization.
    public static let memberLimit = 900

    /// Organizations of a store.
    public init(_ services: Services) {
        self.services = services
        requests = Requests(services)
    }

    // MARK: Who may act

    /// What a user may do in an organization; nil where he is no member. A transaction that asks commits only if that is
    /// still so then.
    public func role(
        of user: UserID,
        in organization: OrganizationID,
        _ view: some RecordView
    ) async throws(TransactionError) -> OrganizationRole? {
        if organization == .personal(user) { return .owner }
        let key = DomainKey.members(organization).appending(user)
        return try await view.record(Membership.self, at: key)?.record.role
    }

    // MARK: Organizations

    /// A new organization, whose owner is who asks.
    ///
    /// - Parameters:
    ///   - key: Names the request: however often it comes, there is one organization, and one answer. May be nil.
    ///   - answer: What to tell of the organization.
    /// - Throws: `invalid`; and what the store throws.
    public func create(
        name: String,
        _ actor: Actor,
        once key: RequestKey?,
        answer: (Organization) -> RecordedAnswer
    ) async throws -> Concluded {
        try Organization.check(name: name)
        let id: OrganizationID = try await services.ids.mint()
        return try await requests.carryOut(key, .organization(id)) { transaction in
            let now = try await transaction.now()
            let organization = Organization(id: id, name: name, createdAt: now)
            try transaction.insert(organization, at: .organization(id))
            Self.put(Membership(organization: id, user: actor.user, role: .owner, since: now), transaction)
            return answer(organization)
        }
    }

    /// An organization. Its name is public; personal ones exist for their users alone.
    ///
    /// - Throws: `not-found`.
    public func organization(_ id: OrganizationID, _ actor: Actor) async throws -> Stored<Organization> {
        let snapshot = try await services.database.snapshot()
        if id == .personal(actor.user), let user = try await snapshot.record(User.self, at: .user(actor.user)) {
            let personal = Organization(id: id, name: user.record.profile.name, createdAt: user.record.createdAt)
            return Stored(personal, version: user.version)
        }
        guard let found = try await snapshot.record(Organization.self, at: .organization(id)) else {
            throw DomainError.notFound
        }
        return found
    }

    /// Gives an organization another name. For its owners.
    ///
    /// - Throws: `invalid`, `forbidden`, `not-found`, `precondition-failed`; and what the store throws.
    public func rename(
        _ id: OrganizationID,
        to name: String,
        ifVersion version: Timestamp,
        _ actor: Actor
    ) async throws -> Stored<Organization> {
        try Organization.check(name: name)
        let committed = try await services.database.transact { transaction in
            let found = try await found(id, transaction)
            try await requireOwner(id, actor, transaction)
            guard found.version == version else { throw DomainError.stale }
            var organization = found.record
            organization.name = name
            organization.updatedAt = try await transaction.now()
            transaction.put(organization, at: .organization(id))
            return organization
        }
        return Stored(committed.value, version: committed.timestamp)
    }

    /// The organizations of a user.
    public func memberships(of user: UserID, _ page: PageRequest) async throws -> Page<Stored<Membership>> {
        try await services.database.snapshot().records(under: .memberships(user), page)
    }

    // MARK: Members

    /// The members of an organization. For its members and for admins.
    ///
    /// - Throws: `not-found`, `forbidden`.
    public func members(
        of id: OrganizationID,
        _ page: PageRequest,
        _ actor: Actor
    ) async throws -> Page<Stored<Membership>> {
        let snapshot = try await services.database.snapshot()
        guard try await snapshot.record(Organization.self, at: .organization(id)) != nil else {
            throw DomainError.notFound
        }
        let role = try await role(of: actor.user, in: id, snapshot)
        guard actor.isAdmin || role != nil else { throw DomainError.forbidden }
        return try await snapshot.records(under: .members(id), page)
    }

    /// Makes a user a member, or gives a member another role. For owners and admins.
    ///
    /// - Throws: `not-found`, `forbidden`, `unknown-user`, `last-owner`, `too-many-members`; and what the store throws.
    public func setRole(
        _ role: OrganizationRole,
        of user: UserID,
        in id: OrganizationID,
        _ actor: Actor
    ) async throws -> Membership {
        try await services.database.transact { transaction in
            _ = try await found(id, transaction)
            try await requireOwner(id, actor, transaction)
            let members = try await members(id, transaction)
            if var known = members.first(where: { $0.user == user }) {
                if role != .owner { try Self.requireOtherOwner(than: user, members) }
                known.role = role
                Self.put(known, transaction)
                return known
            }
            guard try await transaction.record(User.self, at: .user(user)) != nil else {
                throw DomainError(.absent, "unknown-user", "There is no such user.")
            }
            guard members.count < Self.memberLimit else {
                throw DomainError(.conflict, "too-many-members", "At most \(Self.memberLimit) can be members.")
            }
            let new = Membership(organization: id, user: user, role: role, since: try await transaction.now())
            Self.put(new, transaction)
            return new
        }.value
    }

    /// Ends a membership. For owners, admins, and everybody for himself. One that has ended stays so.
    ///
    /// - Throws: `not-found`, `forbidden`, `last-owner`; and what the store throws.
    public func remove(_ user: UserID, from id: OrganizationID, _ actor: Actor) async throws {
        _ = try await services.database.transact { transaction in
            _ = try await found(id, transaction)
            if actor.user != user { try await requireOwner(id, actor, transaction) }
            try Self.requireOtherOwner(than: user, try await members(id, transaction))
            transaction.delete(DomainKey.members(id).appending(user))
            transaction.delete(DomainKey.memberships(user).appending(id))
        }
    }

    // MARK: Within

    private static func put(_ membership: Membership, _ transaction: Transaction) {
        transaction.put(membership, at: .members(membership.organization).appending(membership.user))
        transaction.put(membership, at: .memberships(membership.user).appending(membership.organization))
    }

    private func found(_ id: OrganizationID, _ transaction: Transaction) async throws -> Stored<Organization> {
        guard let found = try await transaction.record(Organization.self, at: .organization(id)) else {
            throw DomainError.notFound
        }
        return found
    }

    private func requireOwner(_ id: OrganizationID, _ actor: Actor, _ transaction: Transaction) async throws {
        if actor.isAdmin { return }
        guard try await role(of: actor.user, in: id, transaction) == .owner else { throw DomainError.forbidden }
    }

    private func members(_ id: OrganizationID, _ transaction: Transaction) async throws -> [Membership] {
        try await transaction.allRecords(under: .members(id)).map(\.record)
    }

    /// Nobody could say any more who is a member.
    private static func requireOtherOwner(than user: UserID, _ members: [Membership]) throws(DomainError) {
        guard members.contains(where: { $0.user == user && $0.role == .owner }) else { return }
        guard members.contains(where: { $0.user != user && $0.role == .owner }) else {
            throw DomainError(.conflict, "last-owner", "An organization keeps at least one owner.")
        }
    }
}
