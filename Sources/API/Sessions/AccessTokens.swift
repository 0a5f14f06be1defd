internal import JWTKit
internal import NIOConcurrencyHelpers

/// Issues and verifies access tokens: JWT (RFC 7519, RFC 9068) signed with EdDSA, and nothing else.
///
/// The header is judged before any key is looked up: one algorithm, one type, a key id that is ours. A token that held is
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
        self.now = now
    }

    /// A token for an account, good for so many seconds.
    public func issue(to account: Account, seconds: Int64) async throws -> String {
        let issued = now()
        var random = SystemRandomNumberGenerator()
        let claims = AccessClaims(
            iss: Self.issuer,
            aud: audience,
            sub: account.id,
            role: account.role.rawValue,
            iat: issued,
            exp: issued + seconds,
            jti: Base64.encodeForAddresses((0..<12).map { _ in UInt8.random(in: 0...255, using: &random) })
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
            let role = Account.Role(rawValue: claims.role)
        else { return nil }
        let caller = Caller(id: claims.sub, role: role)
        verified.remember(token, caller, until: claims.exp, now: now)
        return caller
    }
}

/// What a token says. Times are seconds since 1970.
struct AccessClaims: JWTPayload {
    let iss: String
    let aud: String
    let sub: String
    let role: String
    let iat: Int64
    let exp: Int64
    let jti: String

    /// The signature is all that is verified here; what the claims say is judged by who asks.
    func verify(using algorithm: some JWTAlgorithm) {}
}
