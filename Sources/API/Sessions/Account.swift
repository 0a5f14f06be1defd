/// Somebody who may log in.
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

    /// Makes one.
    public init(id: String, username: String, password: PasswordHash, role: Role) {
        self.id = id
        self.username = username
        self.password = password
        self.role = role
    }
}

/// Where accounts are kept: a file for operators, the store for everybody else.
public protocol AccountStore: Sendable {
    /// The account with this name; nil where there is none.
    func account(named username: String) async throws -> Account?
}

/// Who is asking, as a token says.
struct Caller: Hashable, Sendable {
    let id: String
    let role: Account.Role
}
