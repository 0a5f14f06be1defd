import Domain
import FoundationEssentials
import JWTKit
import Testing

@testable import API

/// Who knocks: with nothing, with what is no token of this server, or as somebody who may not do everything.
enum Knock: CaseIterable {
    case withoutToken, withBasic, withEmptyBearer, withGarbage, withExpired, withoutAlgorithm, withHMACOfPublicKey
    case withForeignKey, withForeignKeyID, withOtherAudience, withOtherIssuer, withOtherType, withFutureIssue
    case withChangedClaims, withUnknownRole, withCriticalExtension, asUser

    /// What an administrator's route answers.
    var status: Int { self == .asUser ? 403 : 401 }

    /// Everything that bears a token which does not hold.
    static let forged = allCases.filter { ![.withoutToken, .asUser].contains($0) }

    /// The header with which it comes.
    ///
    /// - Parameter caller: Whom a forged token names: its claims are true but for what is forged. An operator without one.
    func header(_ server: TestServer, of caller: Caller? = nil) async throws -> String {
        let key = server.keys.keys[0]
        let claims = Claims(caller: caller ?? Caller(id: "1", roles: .admin), now: server.now)
        switch self {
        case .withoutToken: return ""
        case .withBasic: return "Basic YWRtaW46c2VjcmV0"
        case .withEmptyBearer: return "Bearer"
        case .withGarbage: return "Bearer a.b.c"
        case .asUser: return "Bearer " + (try await server.tokens.issue(to: server.user, seconds: 60))
        case .withExpired: return try await signed(claims.made(expires: server.now), key.key, key.id)
        case .withoutAlgorithm:
            let header = Base64.encodeForAddresses(Array(#"{"alg":"none","typ":"at+jwt","kid":"\#(key.id)"}"#.utf8))
            let payload = try Base64.encodeForAddresses([UInt8](JSONEncoder().encode(claims.made())))
            return "Bearer \(header).\(payload)."
        case .withHMACOfPublicKey:
            let secret = HMACKey(from: key.key.publicKey.rawRepresentation)
            let keys = await JWTKeyCollection().add(hmac: secret, digestAlgorithm: .sha256, kid: .init(string: key.id))
            let token = try await keys.sign(claims.made(), kid: .init(string: key.id), header: ["typ": "at+jwt"])
            return "Bearer " + token
        case .withForeignKey: return try await signed(claims.made(), EdDSA.PrivateKey(), key.id)
        case .withForeignKeyID: return try await signed(claims.made(), EdDSA.PrivateKey(), "other")
        case .withOtherAudience: return try await signed(claims.made(audience: "other"), key.key, key.id)
        case .withOtherIssuer: return try await signed(claims.made(issuer: "other"), key.key, key.id)
        case .withOtherType: return try await signed(claims.made(), key.key, key.id, ["typ": "JWT"])
        case .withFutureIssue: return try await signed(claims.made(issued: server.now + 3_600), key.key, key.id)
        case .withUnknownRole: return try await signed(claims.made(role: "root"), key.key, key.id)
        case .withCriticalExtension:
            return try await signed(claims.made(), key.key, key.id, ["typ": "at+jwt", "crit": .array(["exp"])])
        case .withChangedClaims:
            let parts = try await server.tokens.issue(to: server.user, seconds: 60).split(separator: ".")
            let changed = try [UInt8](JSONEncoder().encode(claims.made()))
            return "Bearer \(parts[0]).\(Base64.encodeForAddresses(changed)).\(parts[2])"
        }
    }

    /// What a token of the caller's would say.
    private struct Claims {
        let caller: Caller
        let now: Int64

        func made(
            issued: Int64? = nil,
            expires: Int64? = nil,
            audience: String = "test",
            issuer: String = "gala",
            role: String? = nil
        ) -> AccessClaims {
            let issued = issued ?? now
            return AccessClaims(
                iss: issuer,
                aud: audience,
                sub: caller.id,
                role: role ?? caller.roles.names.joined(separator: " "),
                iat: issued,
                exp: expires ?? issued + 60,
                jti: "1",
                sid: caller.session?.description,
                epo: caller.session == nil ? nil : caller.epoch
            )
        }
    }

    private func signed(
        _ claims: AccessClaims,
        _ key: EdDSA.PrivateKey,
        _ id: String,
        _ header: JWTHeader = ["typ": "at+jwt"]
    ) async throws -> String {
        let keys = await JWTKeyCollection().add(eddsa: key, kid: JWKIdentifier(string: id))
        return "Bearer " + (try await keys.sign(claims, kid: JWKIdentifier(string: id), header: header))
    }
}
