public import FoundationEssentials

/// Operators' accounts in a file that every node has: `{"accounts": [{"id", "username", "passwordHash", "role",
/// "tokenEpoch"?}]}`.
///
/// They must be able to log in when the store is not there, of all times.
public struct AccountFile: Sendable {
    /// Why a file cannot be used.
    public struct Unusable: Error, CustomStringConvertible {
        /// The rule that is broken, and where.
        public let description: String
    }

    private struct Contents: Codable {
        struct Entry: Codable {
            let id: String
            let username: String
            let passwordHash: String
            let role: Account.Role
            /// Not there in files of old, and where it is 0.
            let tokenEpoch: UInt64?
        }

        let accounts: [Entry]
    }

    private let accounts: [String: Account]
    private let accountsByID: [String: Account]

    /// Accounts, each with a name and an id of its own.
    public init(_ accounts: [Account]) throws(Unusable) {
        var byName: [String: Account] = [:]
        var byID: [String: Account] = [:]
        for account in accounts {
            guard byName.updateValue(account, forKey: account.username) == nil else {
                throw Unusable(description: "accounts: the username \"\(account.username)\" stands there twice")
            }
            guard byID.updateValue(account, forKey: account.id) == nil else {
                throw Unusable(description: "accounts: the id \"\(account.id)\" stands there twice")
            }
        }
        accountsByID = byID
        self.accounts = byName
    }

    /// Whether an account has this name, however that is written.
    func hasAccount(folded name: String) -> Bool { accounts.keys.contains { $0.lowercased() == name } }

    /// Reads a file's text.
    public init(text: Data) throws(Unusable) {
        let contents: Contents
        do {
            contents = try JSONDecoder().decode(Contents.self, from: text)
        } catch {
            throw Unusable(description: "must be {\"accounts\": […]} as gala create-admin writes it")
        }
        var accounts: [Account] = []
        for (position, entry) in contents.accounts.enumerated() {
            guard let password = PasswordHash(entry.passwordHash) else {
                throw Unusable(description: "accounts[\(position)].passwordHash: must be $scrypt$ln=…,r=…,p=…$…$…")
            }
            guard !entry.username.isEmpty else {
                throw Unusable(description: "accounts[\(position)].username: must not be empty")
            }
            accounts.append(
                Account(
                    id: entry.id,
                    username: entry.username,
                    password: password,
                    role: entry.role,
                    tokenEpoch: entry.tokenEpoch ?? 0
                )
            )
        }
        try self.init(accounts)
    }

    /// The file's text.
    public var text: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let entries = accounts.values.sorted { $0.username < $1.username }.map {
                Contents.Entry(
                    id: $0.id,
                    username: $0.username,
                    passwordHash: $0.password.text,
                    role: $0.role,
                    tokenEpoch: $0.tokenEpoch == 0 ? nil : $0.tokenEpoch
                )
            }
            return try encoder.encode(Contents(accounts: entries))
        }
    }

    /// The account with this name; nil where there is none.
    public func account(named username: String) -> Account? { accounts[username] }

    /// The account with this id; nil where there is none.
    func account(id: String) -> Account? { accountsByID[id] }

    /// The same accounts, but that tokens which one of them has do not hold any more; nil where there is none with the
    /// name.
    public func endingTokens(of username: String) -> AccountFile? {
        guard let old = accounts[username] else { return nil }
        let new = Account(
            id: old.id,
            username: old.username,
            password: old.password,
            role: old.role,
            tokenEpoch: old.tokenEpoch &+ 1
        )
        return try? AccountFile(accounts.values.map { $0.username == username ? new : $0 })
    }
}
