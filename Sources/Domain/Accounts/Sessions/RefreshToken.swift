/// What a client shows to get a new access token: good for one use.
///
///     1: 1 byte │ user: 8 │ session: 8 │ family secret: 16 │ secret: 32
///
/// The family secret is the same in all tokens of a session: who shows it had one of them. The secret changes with each
/// use. The store has hashes of both, and never the token.
public struct RefreshToken: Hashable, Sendable {
    /// Whose it is.
    public let user: UserID
    /// The session that it prolongs.
    public let session: SessionID
    let familySecret: [UInt8]
    let secret: [UInt8]

    static let familySecretBytes = 16
    static let secretBytes = 32
    private static let format: UInt8 = 1

    init(user: UserID, session: SessionID, familySecret: [UInt8], secret: [UInt8]) {
        precondition(familySecret.count == Self.familySecretBytes, "a family secret has 16 bytes")
        precondition(secret.count == Self.secretBytes, "a secret has 32 bytes")
        self.user = user
        self.session = session
        self.familySecret = familySecret
        self.secret = secret
    }

    /// A token from its bytes; nil if they cannot be one.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 65, bytes[0] == Self.format,
            let user = UserID(checking: bytes[1..<9].reduce(0) { $0 << 8 | UInt64($1) }),
            let session = SessionID(checking: bytes[9..<17].reduce(0) { $0 << 8 | UInt64($1) })
        else { return nil }
        self.user = user
        self.session = session
        familySecret = Array(bytes[17..<33])
        secret = Array(bytes[33...])
    }

    /// The token as bytes.
    public var bytes: [UInt8] {
        let ids = [user.rawValue, session.rawValue].flatMap { id in
            (0..<8).map { UInt8(truncatingIfNeeded: id >> (56 - 8 * UInt64($0))) }
        }
        return [Self.format] + ids + familySecret + secret
    }
}

/// The cryptography that sessions need, from outside.
public protocol SecretMaker: Sendable {
    /// Random bytes that nobody can guess.
    func random(_ count: Int) -> [UInt8]
    /// HMAC-SHA-256: 32 bytes.
    func digest(_ message: [UInt8], key: [UInt8]) -> [UInt8]
}
