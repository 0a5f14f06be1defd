public import FoundationEssentials

/// Operators' accounts in a file that every node has: `{"accounts": [{"id", "username", "passwordHash", "role"}]}`.
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
        }

        let accounts: [Entry]
    }

    private let accounts: [String: Account]

    /// Accounts, each with a name of its own.
    public init(_ accounts: [Account]) throws(Unusable) {
        var byName: [String: Account] = [:]
        for account in accounts {
            guard byName.updateValue(account, forKey: account.username) == nil else {
                throw Unusable(description: "accounts: the username \"\(account.username)\" stands there twice")
            }
        }
        self.accounts = byName
    }

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
            accounts.append(Account(id: entry.id, username: entry.username, password: password, role: entry.role))
        }
        try self.init(accounts)
    }

    /// The file's text.
    public var text: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let entries = accounts.values.sorted { $0.username < $1.username }.map {
                Contents.Entry(id: $0.id, username: $0.username, passwordHash: $0.password.text, role: $0.role)
            }
            return try encoder.encode(Contents(accounts: entries))
        }
    }

    /// The account with this name; nil where there is none.
    public func account(named username: String) -> Account? { accounts[username] }
}
