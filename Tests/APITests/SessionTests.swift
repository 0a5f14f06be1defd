import HTTPTypes
import NIOCore
import Testing

@testable import API

@Suite struct SessionTests {
    @Test func whoKnowsThePasswordGetsATokenThatOpensTheStore() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let session = try await client.login("admin", "secret")
            #expect(session.status == 201)
            #expect(session.json["tokenType"] == .string("Bearer"))
            #expect(session.json["expiresIn"] == .int(600))
            #expect(session.headers[.cacheControl] == "no-store")
            let token = try #require(session.json["accessToken"].string)
            #expect(try await client.send(.get, "/v1/kv", [.authorization: "Bearer \(token)"]).status == 200)
            #expect(try await client.send(.get, "/v1/kv", [.authorization: "bearer  \(token)"]).status == 200)
            server.advance(seconds: 599)
            #expect(try await client.send(.get, "/v1/kv", [.authorization: "Bearer \(token)"]).status == 200)
            server.advance(seconds: 1)
            #expect(try await client.send(.get, "/v1/kv", [.authorization: "Bearer \(token)"]).status == 401)
        }
    }

    @Test func anAccessTokenIsShortLivedAndItsSessionGoesOn() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let user = try await client.user("amelie")
            server.advance(seconds: 601)
            try await server.readRevocations()
            #expect(try await client.send(.get, "/v1/users/me", as: user).status == 401)
            let next = try #require(try await client.refresh(user.refreshToken).json["accessToken"].string)
            #expect(try await client.send(.get, "/v1/users/me", [.authorization: "Bearer \(next)"]).status == 200)
        }
    }

    @Test(arguments: [("admin", "Secret"), ("admin", "secret "), ("nobody", "secret"), ("Admin", "secret")])
    func wrongCredentialsAreAllAnsweredTheSame(username: String, password: String) async throws {
        try await TestServer().test { client async throws in
            let answer = try await client.login(username, password)
            #expect(answer.status == 401)
            #expect(answer.code == "unauthenticated")
            #expect(answer.headers[.wwwAuthenticate]?.hasPrefix("Bearer") == true)
            #expect(answer.json["detail"] == .string("The user name or the password is wrong."))
        }
    }

    @Test func whoKeepsFailingHasToWait() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            for _ in 0..<5 { #expect(try await client.login("eve", "wrong").status == 401) }
            let refused = try await client.login("eve", "public")
            #expect(refused.status == 429)
            #expect(refused.code == "rate-limited")
            #expect(refused.headers[.retryAfter] == "1")
            #expect(try await client.login("admin", "secret").status == 201)
            server.advance(seconds: 1)
            #expect(try await client.login("eve", "wrong").status == 401)
            #expect(try await client.login("eve", "public").headers[.retryAfter] == "2")
            server.advance(seconds: 2)
            #expect(try await client.login("eve", "public").status == 201)
            // A success forgives.
            #expect(try await client.login("eve", "wrong").status == 401)
            #expect(try await client.login("eve", "public").status == 201)
        }
    }

    @Test func anAddressThatFailsByManyNamesHasToWait() async throws {
        try await TestServer(failuresPerMinute: 3).test { client async throws in
            #expect(try await client.login("admin", "secret").status == 201)
            for name in ["admin", "eve", "admin"] { #expect(try await client.login(name, "wrong").status == 401) }
            let refused = try await client.login("eve", "public")
            #expect(refused.status == 429 && refused.code == "rate-limited")
            #expect(refused.headers[.retryAfter] != nil)
        }
    }

    private static let malformed: [(body: String, status: Int, pointer: String?)] = [
        ("", 400, nil), ("{", 400, nil), ("[]", 422, ""), ("null", 422, ""), ("\"a\"", 422, ""),
        ("{}", 422, "/username"),
        (#"{"username": "admin"}"#, 422, "/password"), (#"{"username": 1, "password": "a"}"#, 422, "/username"),
        (#"{"username": null, "password": "a"}"#, 422, "/username"),
        (#"{"username": "", "password": "a"}"#, 422, "/username"),
        (#"{"username": "a", "password": ""}"#, 422, "/password"),
        (#"{"username": "a", "password": {}}"#, 422, "/password"),
        (#"{"username": "\#(String(repeating: "a", count: 257))", "password": "a"}"#, 422, "/username"),
        (#"{"username": "a", "password": "\#(String(repeating: "a", count: 1_025))"}"#, 422, "/password"),
        (#"{"username": "a", "password": "b\u0000"}"#, 422, "/password"),
        (#"{"username": "a\#u{0}", "password": "a"}"#, 400, nil), (String(repeating: "[", count: 10_000), 400, nil),
        (#"{"username": "a", "password": "b"} x"#, 400, nil),
        (#"{"username": "a", "password": "b", "passwort": "b"}"#, 422, "/passwort"),
        (String(repeating: " ", count: 16_385), 413, nil),
    ]

    @Test(arguments: malformed)
    func malformedBodiesAreToldWhatIsWrong(body: String, status: Int, pointer: String?) async throws {
        try await TestServer().test { client async throws in
            let answer = try await client.send(.post, "/v1/sessions", body: body)
            #expect(answer.status == status)
            #expect(answer.code == (status == 413 ? "body-too-large" : pointer == nil ? "malformed-json" : "invalid"))
            #expect(answer.json["errors"].array?.first?["pointer"].string == pointer)
        }
    }

    @Test func bytesThatAreNoTextAreMalformed() async throws {
        try await TestServer().test { client async throws in
            let body = Array(#"{"username": ""#.utf8) + [0xFF] + Array(#"", "password": "a"}"#.utf8)
            #expect(try await client.send(.post, "/v1/sessions", body: body).code == "malformed-json")
        }
    }

    @Test func formsAreNotJSON() async throws {
        try await TestServer().test { client async throws in
            let headers: HTTPFields = [.contentType: "application/x-www-form-urlencoded"]
            let answer = try await client.send(.post, "/v1/sessions", headers, body: "username=admin&password=secret")
            #expect(answer.status == 415)
            #expect(answer.code == "unsupported-media-type")
        }
    }

    @Test func tooManyLoginsAtOnceAreRefused() async throws {
        let checks = PasswordChecks(concurrent: 1, waitingLimit: 0)
        let hash = try #require(PasswordHash.of("a", cost: TestServer.cost))
        await #expect(throws: Problem.self) { try await checks.isRight("a", for: hash) }
        try await checks.shutDown()
    }
}

extension TestServer.Client {
    func login(_ username: String, _ password: String) async throws -> Answer {
        let body = JSON.object([("username", .string(username)), ("password", .string(password))]).text
        return try await send(.post, "/v1/sessions", [.authorization: ""], body: Array(body.readableBytesView))
    }
}
