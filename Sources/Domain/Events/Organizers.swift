public import KVStore

/// Who may act for organizations.
public protocol Organizers: Sendable {
    /// Whether a user may organize events for an organization, as the transaction sees it.
    func mayOrganize(
        _ user: UserID,
        for organization: OrganizationID,
        in txn: Transaction
    ) async throws(TransactionError) -> Bool
}

extension Organizations: Organizers {
    /// Managers and owners may; so may everybody for his personal organization.
    public func mayOrganize(
        _ user: UserID,
        for organization: OrganizationID,
        in txn: Transaction
    ) async throws(TransactionError) -> Bool {
        guard let role = try await role(of: user, in: organization, txn) else { return false }
        return role >= .manager
    }
}
