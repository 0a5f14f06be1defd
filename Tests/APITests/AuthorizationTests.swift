import FoundationEssentials
import HTTPTypes
import NIOConcurrencyHelpers
import Testing

@testable import API

/// Every guarded route against everybody who might knock.
@Suite struct AuthorizationTests {
    static let guarded: [(method: String, uri: String)] = [
        ("GET", "/v1/kv/a"), ("HEAD", "/v1/kv/a"), ("PUT", "/v1/kv/a"), ("DELETE", "/v1/kv/a"), ("GET", "/v1/kv"),
        ("GET", "/v1/kv//"), ("POST", "/v1/cluster/nodes/1/drain"), ("POST", "/v1/cluster/nodes/1/undrain"),
        ("POST", "/v1/cluster/partitions/1/transfer-leadership"), ("GET", "/v1/cluster"), ("HEAD", "/v1/cluster"),
    ]

    @Test(arguments: Knock.allCases)
    func onlyAdministratorsComeIn(knock: Knock) async throws {
        let server = try await TestServer()
        server.store.set([97], [1])
        let authorization = try await knock.header(server)
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
            for uri in ["/livez", "/readyz", "/metrics"] {
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
}
