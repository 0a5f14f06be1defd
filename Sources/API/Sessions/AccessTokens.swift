internal import Domain
internal import JWTKit
internal import NIOConcurrencyHelpers

/// Issues and verifies access tokens: JWT (RFC 7519, RFC 9068) signed with EdDSA, and nothing else.
///
/// A user's token also says which session it came from and in which epoch it was issued, so that it can be taken back;
/// whether it was is not looked at here. The header is judged before any key is looked up: one algorithm, one type, a key id that is ours. A token that held is
/// remembered until it expires, because a signature costs twenty microseconds to check.
public struct AccessTokens: Sendable {
    /// Who issues: the same for every cluster.
    static let issuer = "gala"
    private static let type = "at+jwt"
    private static let algorithm = "EdDSA"
    private static let tokenBytesLimit = 4 << 10

    private let keys: JWTKeyCollection
    private let keyIDs: Set<String>
    private let signingKeyID: JWKIdentifier
    private let audience: String
    /// The keys by which tokens are verified, as the world may know them: `x` in base64url.
    let publicKeys: [(id: String, x: String)]
    private let now: @Sendable () -> Int64
    private let verified = VerifiedTokens()

    /// Tokens of one cluster.
    ///
    /// - Parameters:
    ///   - keys: The same on every node.
    ///   - cluster: The cluster's id, the tokens' audience: those of other clusters do not hold here.
    public init(keys: TokenKeys, cluster: String) async {
        await self.init(keys: keys, cluster: cluster, now: { WallClock.now() / 1_000 })
    }

    init(keys: TokenKeys, cluster: String, now: @escaping @Sendable () -> Int64) async {
        self.keys = JWTKeyCollection()
        for (id, key) in keys.keys { await self.keys.add(eddsa: key, kid: JWKIdentifier(string: id)) }
        keyIDs = Set(keys.keys.map(\.id))
        signingKeyID = JWKIdentifier(string: keys.keys[0].id)
        audience = cluster
        publicKeys = keys.keys.map { ($0.id, Base64.encodeForAddresses([UInt8]($0.key.publicKey.rawRepresentation))) }
        self.now = now
    }

    /// A token for an operator's account, good for so many seconds.
    public func issue(to account: Account, seconds: Int64) async throws -> String {
        let roles: Roles = account.role == .admin ? .admin : .donor
        return try await issue(to: Caller(id: account.id, roles: roles, epoch: account.tokenEpoch), seconds: seconds)
    }

    /// A token for a caller, good for so many seconds.
    func issue(to caller: Caller, seconds: Int64) async throws -> String {
        let issued = now()
        var random = SystemRandomNumberGenerator()
        let claims = AccessClaims(
            iss: Self.issuer,
            aud: audience,
            sub: caller.id,
            role: caller.roles.names.joined(separator: " "),
            iat: issued,
            exp: issued + seconds,
            jti: Base64.encodeForAddresses((0..<12).map { _ in UInt8.random(in: 0...255, using: &random) }),
            sid: caller.session?.description,
            epo: caller.session == nil && caller.epoch == 0 ? nil : caller.epoch
        )
        return try await keys.sign(claims, kid: signingKeyID, header: ["typ": .string(Self.type)])
    }

    /// Who asks with this token; nil where it does not hold.
    func caller(_ token: String) async -> Caller? {
        guard token.utf8.count <= Self.tokenBytesLimit else { return nil }
        let now = now()
        if let known = verified.caller(token, now: now) { return known }
        guard let header = TokenHeader(of: token), header.alg == Self.algorithm, keyIDs.contains(header.kid),
            header.typ.lowercased() == Self.type, header.crit == nil,
            let claims = try? await keys.verify(token, as: AccessClaims.self),
            claims.iss == Self.issuer, claims.aud == audience, claims.exp > now, claims.iat <= now + 60,
            let caller = Self.caller(claims)
        else { return nil }
        verified.remember(token, caller, until: claims.exp, now: now)
        return caller
    }

    /// Roles of a newer server are passed over; nobody is let in without one that is known.
    private static func caller(_ claims: AccessClaims) -> Caller? {
        let roles = claims.role.split(separator: " ").compactMap { Roles(named: String($0)) }
            .reduce(into: Roles()) { $0.formUnion($1) }
        guard !roles.isEmpty else { return nil }
        guard let sid = claims.sid else { return Caller(id: claims.sub, roles: roles, epoch: claims.epo ?? 0) }
        guard let session = SessionID(sid), let epoch = claims.epo, UserID(claims.sub) != nil else { return nil }
        return Caller(id: claims.sub, roles: roles, session: session, epoch: epoch)
    }
}

/// What a token says. Times are seconds since 1970; roles stand behind each other with a space between.
struct AccessClaims: JWTPayload {
    let iss: String
    let aud: String
    let sub: String
    let role: String
    let iat: Int64
    let exp: Int64
    let jti: String
    /// A user's session, which an operator's account has not, and the epoch in which the token was issued.
    var sid: String?
    var epo: UInt64?

    /// The signature is all that is verified here; what the claims say is judged by who asks.
    func verify(using algorithm: some JWTAlgorithm) {}
}
