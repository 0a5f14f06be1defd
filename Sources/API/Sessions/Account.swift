/// An operator's account, which lies in a file; users' accounts lie in the store.
public struct Account: Hashable, Sendable {
    /// What an account may do.
    public enum Role: String, Hashable, Sendable, Codable {
        /// Everything, the store's own keys included.
        case admin
        /// What anybody may do who has an account.
        case user
    }

    /// Names the account for good; the name may change.
    public let id: String
    /// What is typed to log in.
    public let username: String
    /// The password, hashed.
    public let password: PasswordHash
    /// What it may do.
    public let role: Role
    /// Tokens that were issued in another epoch do not hold.
    public let tokenEpoch: UInt64

    /// Makes one.
    public init(id: String, username: String, password: PasswordHash, role: Role, tokenEpoch: UInt64 = 0) {
        self.id = id
        self.username = username
        self.password = password
        self.role = role
        self.tokenEpoch = tokenEpoch
    }
}
