import FoundationEssentials
import HTTPTypes
import JWTKit
import NIOConcurrencyHelpers
import Testing

@testable import API

/// Every guarded route against everybody who might knock.
@Suite struct AuthorizationTests {
    static let guarded: [(method: String, uri: String)] = [
        ("GET", "/v1/kv/a"), ("HEAD", "/v1/kv/a"), ("PUT", "/v1/kv/a"), ("DELETE", "/v1/kv/a"), ("GET", "/v1/kv"),
        ("GET", "/v1/kv//"), ("POST", "/v1/cluster/nodes/1/drain"), ("POST", "/v1/cluster/nodes/1/undrain"),
        ("POST", "/v1/cluster/partitions/1/transfer-leadership"),
    ]

    /// Who knocks, and what is to be answered.
    enum Knock: CaseIterable {
        case withoutToken, withBasic, withEmptyBearer, withGarbage, withExpired, withoutAlgorithm, withHMACOfPublicKey
        case withForeignKey, withForeignKeyID, withOtherAudience, withOtherIssuer, withOtherType, withFutureIssue
        case withChangedClaims, withUnknownRole, withCriticalExtension, asUser

        var status: Int { self == .asUser ? 403 : 401 }
    }

    @Test(arguments: Knock.allCases)
    func onlyAdministratorsComeIn(knock: Knock) async throws {
        let server = try await TestServer()
        server.store.set([97], [1])
        let authorization = try await header(knock, server)
        try await server.test { client async throws in
            for (method, uri) in Self.guarded {
                let method = try #require(HTTPRequest.Method(method))
                let answer = try await client.send(method, uri, [.authorization: authorization], body: "")
                #expect(answer.status == knock.status, "\(method) \(uri)")
                #expect((answer.headers[.wwwAuthenticate] != nil) == (knock.status == 401))
                guard method != .head else { continue }
                #expect(answer.code == (knock.status == 401 ? "unauthenticated" : "forbidden"))
            }
            #expect(server.store.bytes("a") == [1])
            #expect(server.cluster.state.withLockedValue { $0.orders.isEmpty })
        }
    }

    @Test func openRoutesNeedNoToken() async throws {
        try await TestServer().test { client async throws in
            for uri in ["/livez", "/readyz", "/metrics", "/v1/cluster"] {
                #expect(try await client.send(.get, uri, [.authorization: ""]).status == 200)
            }
        }
    }

    @Test func keysCanBeChangedWhileOldTokensHold() async throws {
        let server = try await TestServer()
        let old = try #require(ReadJSON([UInt8](server.keys.text))["keys"].array?.first)
        let new = try #require(ReadJSON([UInt8](TokenKeys.generate().text))["keys"].array?.first)
        let text = try #require(
            [new, old].map { #"{"kid": "\#($0["kid"].string ?? "")", "d": "\#($0["d"].string ?? "")"}"# } as [String]?
        ).joined(separator: ", ")
        let both = try TokenKeys(text: Data(#"{"keys": [\#(text)]}"#.utf8))
        let tokens = await AccessTokens(keys: both, cluster: "test", now: { server.now })
        let known = try await server.adminToken()
        #expect(await tokens.caller(known)?.role == .admin)
        let token = try await tokens.issue(to: server.admin, seconds: 10)
        #expect(TokenHeader(of: token)?.kid == new["kid"].string)
        #expect(await server.tokens.caller(token) == nil)
    }

    private func header(_ knock: Knock, _ server: TestServer) async throws -> String {
        let key = server.keys.keys[0]
        let now = server.now
        switch knock {
        case .withoutToken: return ""
        case .withBasic: return "Basic YWRtaW46c2VjcmV0"
        case .withEmptyBearer: return "Bearer"
        case .withGarbage: return "Bearer a.b.c"
        case .asUser: return "Bearer " + (try await server.tokens.issue(to: server.user, seconds: 60))
        case .withExpired: return try await signed(claims(now, expires: now), key.key, key.id)
        case .withoutAlgorithm:
            let header = Base64.encodeForAddresses(Array(#"{"alg":"none","typ":"at+jwt","kid":"\#(key.id)"}"#.utf8))
            let claims = try Base64.encodeForAddresses([UInt8](JSONEncoder().encode(claims(now))))
            return "Bearer \(header).\(claims)."
        case .withHMACOfPublicKey:
            let secret = HMACKey(from: key.key.publicKey.rawRepresentation)
            let keys = await JWTKeyCollection().add(hmac: secret, digestAlgorithm: .sha256, kid: .init(string: key.id))
            return "Bearer " + (try await keys.sign(claims(now), kid: .init(string: key.id), header: ["typ": "at+jwt"]))
        case .withForeignKey: return try await signed(claims(now), EdDSA.PrivateKey(), key.id)
        case .withForeignKeyID: return try await signed(claims(now), EdDSA.PrivateKey(), "other")
        case .withOtherAudience: return try await signed(claims(now, audience: "other"), key.key, key.id)
        case .withOtherIssuer: return try await signed(claims(now, issuer: "other"), key.key, key.id)
        case .withOtherType: return try await signed(claims(now), key.key, key.id, ["typ": "JWT"])
        case .withFutureIssue: return try await signed(claims(now + 3_600), key.key, key.id)
        case .withUnknownRole: return try await signed(claims(now, role: "root"), key.key, key.id)
        case .withCriticalExtension:
            return try await signed(claims(now), key.key, key.id, ["typ": "at+jwt", "crit": .array(["exp"])])
        case .withChangedClaims:
            let parts = try await server.tokens.issue(to: server.user, seconds: 60).split(separator: ".")
            let claims = try #require(Base64.decodeForAddresses(parts[1]))
            let changed = String(decoding: claims, as: UTF8.self).replacing("\"donor\"", with: "\"admin\"")
            return "Bearer \(parts[0]).\(Base64.encodeForAddresses(Array(changed.utf8))).\(parts[2])"
        }
    }

    private func claims(
        _ issued: Int64,
        expires: Int64? = nil,
        audience: String = "test",
        issuer: String = "gala",
        role: String = "admin"
    ) -> AccessClaims {
        .init(
            iss: issuer,
            aud: audience,
            sub: "1",
            role: role,
            iat: issued,
            exp: expires ?? issued + 60,
            jti: "1"
        )
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
