import API
import FoundationEssentials
import Glibc

/// The first operator's account, made before anybody can log in.
enum FirstAdministrator {
    /// Where the password comes from, where somebody has thought of one.
    static let variable = "GALA_ADMIN_PASSWORD"

    /// An administrator with this password.
    static func account(named username: String, password: String) throws -> Account {
        guard (8...PasswordHash.passwordBytesLimit).contains(password.utf8.count), !password.utf8.contains(0) else {
            throw InvalidConfiguration([
                .init(source: .environment(variable), rule: "must be 8 to 1024 bytes without NUL")
            ])
        }
        guard let hash = PasswordHash.of(password) else { throw StartFailure("there is no memory to hash a password") }
        return Account(id: "1", username: username, password: hash, role: .admin)
    }

    /// At a node's first start: makes the files of accounts and of keys, where they are missing.
    ///
    /// Keys it makes only for a node that is alone: no other would believe what is signed with them.
    static func makeMissingFiles(_ configuration: Configuration, password: String) throws {
        if access(configuration.accountsFile, F_OK) != 0 {
            let admin = try account(named: "admin", password: password)
            try NewFile.write(try AccountFile([admin]).text, to: configuration.accountsFile, replacing: true)
        }
        if configuration.peers.isEmpty, access(configuration.tokenKeysFile, F_OK) != 0 {
            try NewFile.write(try TokenKeys.generate().text, to: configuration.tokenKeysFile, replacing: true)
        }
    }
}
