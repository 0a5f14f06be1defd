public import Domain

/// Users' accounts as the API asks them: the domain's services, and what this node knows of tokens that have ended.
public struct UserAccounts: Sendable {
    let accounts: Accounts
    let organizations: Organizations
    /// Run it as one of the process's services.
    public let revocations: RevocationFollower

    /// Puts them together.
    ///
    /// - Parameter longestTokenSeconds: How long an access token holds at most, on any node.
    public init(_ services: Services, longestTokenSeconds: Int64 = 86_400) {
        self.init(services, longestToken: .seconds(longestTokenSeconds), now: { ContinuousClock.now })
    }

    init(_ services: Services, longestToken: Duration, now: @escaping @Sendable () -> ContinuousClock.Instant) {
        let accounts = Accounts(services, secrets: SystemSecrets())
        self.accounts = accounts
        organizations = Organizations(services)
        revocations = RevocationFollower(
            RevocationLog(services.database),
            accounts,
            longestToken: longestToken,
            now: now
        )
    }
}
