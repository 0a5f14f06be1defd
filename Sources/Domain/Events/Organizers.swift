public import KVStore

/// Who may act for organizations.
public protocol Organizers: Sendable {
    /// Whether a user may organize events for an organization, as a transaction or a snapshot sees it.
    func mayOrganize(
        _ user: UserID,
        for organization: OrganizationID,
        in view: some RecordView
    ) async throws(TransactionError) -> Bool
}

extension Organizers {
    /// Whether a user may organize an event: who may act for its organization; where it has none, its owner.
    ///
    /// Whatever organizers may do or see is decided here: rights follow who is in the organization now, not who once made
    /// the event.
    func mayOrganize(
        _ user: UserID,
        _ event: Event,
        in view: some RecordView
    ) async throws(TransactionError) -> Bool {
        guard let organization = event.organization else { return user == event.owner }
        return try await mayOrganize(user, for: organization, in: view)
    }
}

extension Organizations: Organizers {
    /// Managers and owners may; so may everybody for his personal organization.
    public func mayOrganize(
        _ user: UserID,
        for organization: OrganizationID,
        in view: some RecordView
    ) async throws(TransactionError) -> Bool {
        guard let role = try await role(of: user, in: organization, view) else { return false }
        return role >= .manager
    }
}
