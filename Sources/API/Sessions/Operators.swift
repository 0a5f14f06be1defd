internal import NIOConcurrencyHelpers

/// Operators' accounts as their file has them now: it may change while the server runs.
public final class Operators: Sendable {
    private let file: NIOLockedValueBox<AccountFile>

    /// The accounts of a file.
    public init(_ file: AccountFile) { self.file = NIOLockedValueBox(file) }

    /// Takes what the file has become: logins and tokens are judged by it at once.
    public func replace(_ file: AccountFile) { self.file.withLockedValue { $0 = file } }

    /// The account with this name; nil where there is none.
    func account(named username: String) -> Account? { file.withLockedValue { $0.account(named: username) } }

    /// Whether an account has this name, however it is written: who has it as a user could not log in by it.
    func hasAccount(folded name: String) -> Bool { file.withLockedValue { $0.hasAccount(folded: name) } }

    /// Whether a token without a session holds: its account is there, may do what the token says, and has not begun
    /// another epoch of tokens.
    func holds(_ caller: Caller) -> Bool {
        guard let account = file.withLockedValue({ $0.account(id: caller.id) }) else { return false }
        return account.role == caller.role && account.tokenEpoch == caller.epoch
    }
}
