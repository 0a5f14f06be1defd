/// The refresh tokens of one session, one after the other: each is good for one use, which gives the next.
///
///     T1 ──use──▶ T2 ──use──▶ T3
///      └─again, within seconds─▶ T2 once more: the answer may have got lost
///      └─again, later, or after T2 was used─▶ somebody has a copy: the session ends
///
/// The next secret is derived from the one that is shown and a salt that is kept, so that a repeated use gives the same
/// token although the store has never seen it (RFC 9700, section 4.14.2).
struct SessionFamily: Record {
    let session: SessionID
    let user: UserID
    private let familyHash: [UInt8]
    private var currentHash: [UInt8]
    /// What the token before was, and how the current one followed from it.
    private var previousHash: [UInt8]?
    private var salt: [UInt8]?
    private var rotatedAt: Instant?
    private(set) var expiresAt: Instant
    var unknownFields = UnknownFields()

    /// How long a use may be repeated.
    static let repeatWindow = Duration.seconds(10)
    /// How long a session lasts that nobody prolongs.
    static let lifetime = Duration.seconds(30 * 86_400)

    /// What a token that was shown leads to.
    enum Presentation: Hashable {
        /// The next token. The family has changed.
        case rotated(RefreshToken)
        /// The same answer as before. Nothing has changed.
        case repeated(RefreshToken)
        /// A token that was used up: somebody has a copy.
        case reused
        /// It is no token of this family, or the session is over.
        case refused
    }

    /// A family with its first token.
    static func open(
        _ session: SessionID,
        of user: UserID,
        _ secrets: any SecretMaker
    ) -> (first: RefreshToken, family: @Sendable (Instant) -> SessionFamily) {
        let token = RefreshToken(
            user: user,
            session: session,
            familySecret: secrets.random(RefreshToken.familySecretBytes),
            secret: secrets.random(RefreshToken.secretBytes)
        )
        return (token, { now in SessionFamily(token, secrets, now) })
    }

    private init(_ token: RefreshToken, _ secrets: any SecretMaker, _ now: Instant) {
        session = token.session
        user = token.user
        familyHash = Self.hash(token.familySecret, secrets)
        currentHash = Self.hash(token.secret, secrets)
        expiresAt = now.advanced(by: Self.lifetime)
    }

    /// Takes a token that somebody shows.
    ///
    /// - Parameter salt: 32 random bytes for the next token.
    mutating func present(
        _ token: RefreshToken,
        salt newSalt: [UInt8],
        now: Instant,
        _ secrets: any SecretMaker
    ) -> Presentation {
        guard token.session == session, token.user == user, now < expiresAt,
            Self.hash(token.familySecret, secrets) == familyHash
        else { return .refused }
        let shown = Self.hash(token.secret, secrets)
        if shown == currentHash {
            let next = Self.next(token, newSalt, secrets)
            previousHash = shown
            salt = newSalt
            currentHash = Self.hash(next.secret, secrets)
            rotatedAt = now
            expiresAt = now.advanced(by: Self.lifetime)
            return .rotated(next)
        }
        if shown == previousHash, let salt, let rotatedAt, now.duration(since: rotatedAt) <= Self.repeatWindow {
            return .repeated(Self.next(token, salt, secrets))
        }
        return .reused
    }

    private static func hash(_ secret: [UInt8], _ secrets: any SecretMaker) -> [UInt8] {
        secrets.digest(secret, key: Array("gala refresh token".utf8))
    }

    private static func next(_ token: RefreshToken, _ salt: [UInt8], _ secrets: any SecretMaker) -> RefreshToken {
        RefreshToken(
            user: token.user,
            session: token.session,
            familySecret: token.familySecret,
            secret: secrets.digest(salt, key: token.secret)
        )
    }

    init(from reader: inout RecordReader) throws(RecordError) {
        session = try reader.id(1)
        user = try reader.id(2)
        familyHash = try reader.bytes(3)
        currentHash = try reader.bytes(4)
        previousHash = try reader.bytes(ifPresent: 5)
        salt = try reader.bytes(ifPresent: 6)
        rotatedAt = try reader.instant(ifPresent: 7)
        expiresAt = try reader.instant(8)
    }

    func write(to writer: inout RecordWriter) {
        writer.id(1, session)
        writer.id(2, user)
        writer.bytes(3, familyHash)
        writer.bytes(4, currentHash)
        writer.bytes(5, previousHash)
        writer.bytes(6, salt)
        writer.instant(7, rotatedAt)
        writer.instant(8, expiresAt)
    }
}
