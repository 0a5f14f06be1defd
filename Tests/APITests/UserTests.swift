import Domain
import HTTPTypes
import JWTKit
import KVStore
import ModelStore
import Testing

@testable import API

@Suite struct UserTests {
    @Test func whoSignsUpCanLogInAndSeeHimself() async throws {
        try await TestServer().test { client async throws in
            let body = """
                {"username": "Amelie", "password": "long enough", "name": "Amélie", "email": "a@example.org",
                 "dateOfBirth": "1990-02-28", "location": "Reno"}
                """
            let made = try await client.send(.post, "/v1/users", [.authorization: ""], body: body)
            #expect(made.status == 201)
            let id = try #require(made.json["id"].string)
            #expect(made.headers[.location] == "/v1/users/me" && !id.isEmpty)
            #expect(made.json["username"] == .string("Amelie"))
            #expect(made.json["roles"] == .array([.string("donor")]))
            #expect(made.json["password"] == .null)
            #expect(!made.text.contains("long enough") && !made.text.contains("scrypt"))
            let session = try await client.login("amelie", "long enough")
            #expect(session.status == 201)
            let token = try #require(session.json["accessToken"].string)
            let own = try await client.send(.get, "/v1/users/me", [.authorization: "Bearer \(token)"])
            #expect(own.status == 200)
            #expect(own.json == made.json)
            #expect(own.headers[.eTag] == made.headers[.eTag])
            let tag = try #require(own.headers[.eTag])
            let known = try await client.send(
                .get,
                "/v1/users/me",
                [.authorization: "Bearer \(token)", .ifNoneMatch: tag]
            )
            #expect(known.status == 304)
            #expect(known.text.isEmpty)
        }
    }

    @Test func ofManyWhoWantOneNameOneGetsIt() async throws {
        try await TestServer().test { client async throws in
            let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                for _ in 0..<20 { group.addTask { try await client.signUp("amelie") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.filter { $0.status == 201 }.count == 1)
            #expect(answers.filter { $0.status == 409 && $0.code == "username-taken" }.count == 19)
        }
    }

    @Test(arguments: ["admin", "Admin"])
    func nobodySignsUpByTheNameOfAnOperator(name: String) async throws {
        try await TestServer().test { client async throws in
            let answer = try await client.signUp(name)
            #expect(answer.status == 409 && answer.code == "username-taken")
            #expect(try await client.login("admin", "password of admin").status == 401)
        }
    }

    @Test func aSignUpWithAKeyHappensOnceAndIsAnsweredAlike() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let headers: HTTPFields = [.authorization: "", .idempotencyKey: "k-1"]
            let body = TestServer.Client.signUpBody("amelie")
            let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                for _ in 0..<5 { group.addTask { try await client.send(.post, "/v1/users", headers, body: body) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 201 })
            #expect(Set(answers.map(\.bytes)).count == 1)
            #expect(Set(answers.map { $0.headers[.eTag] }).count == 1)
            #expect(answers.filter { $0.headers[.idempotentReplayed] == nil }.count == 1)
            #expect(try await client.login("amelie", "password of amelie").status == 201)
            let other = try await client.send(.post, "/v1/users", headers, body: TestServer.Client.signUpBody("Amelie"))
            #expect(other.status == 422)
            #expect(other.code == "idempotency-key-reused")
            let late: HTTPFields = [.authorization: "", .idempotencyKey: "k-2"]
            for isReplay in [false, true] {
                let taken = try await client.send(.post, "/v1/users", late, body: body)
                #expect(taken.code == "username-taken")
                #expect((taken.headers[.idempotentReplayed] == "true") == isReplay)
            }
            // Neither the password nor a digest of it that is quick to make.
            let secret = Array("password of amelie".utf8)
            for entry in server.backend.contents {
                guard case .bytes(let bytes) = entry.entry.content else { continue }
                #expect(!bytes.contains(secret))
            }
        }
    }

    /// Who sends the sign-up again with another password is told nothing of the user that there is.
    @Test func aRepeatWithAnotherPasswordIsAnotherRequest() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let headers: HTTPFields = [.authorization: "", .idempotencyKey: "k-1"]
            let body = TestServer.Client.signUpBody("amelie")
            let other = Array(String(decoding: body, as: UTF8.self).replacing("password of", with: "no pass of").utf8)
            let first = try await client.send(.post, "/v1/users", headers, body: body)
            let before = server.backend.contents
            for _ in 0..<5 {
                let answer = try await client.send(.post, "/v1/users", headers, body: other)
                #expect(answer.status == 422 && answer.code == "idempotency-key-reused")
                #expect(!answer.text.contains(try #require(first.json["id"].string)))
            }
            // Guesses count as at the login, which has the same patience left: none.
            #expect(try await client.send(.post, "/v1/users", headers, body: other).status == 429)
            #expect(try await client.login("amelie", "password of amelie").status == 429)
            server.advance(seconds: 1)
            let again = try await client.send(.post, "/v1/users", headers, body: body)
            #expect(again.status == 201 && again.bytes == first.bytes)
            #expect(again.headers[.idempotentReplayed] == "true")
            #expect(server.backend.contents == before)
            #expect(try await client.login("amelie", "no pass of amelie").status == 401)
        }
    }

    @Test func noPasswordIsHashedForANameThatIsTaken() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            _ = try await client.signUp("amelie")
            // Nothing can be hashed or checked any more.
            try await server.checks.shutDown()
            let body = TestServer.Client.signUpBody("amelie")
            for (key, isReplay) in [(nil, false), ("k", false), ("k", true)] as [(String?, Bool)] {
                var headers: HTTPFields = [.authorization: ""]
                headers[.idempotencyKey] = key
                let answer = try await client.send(.post, "/v1/users", headers, body: body)
                #expect(answer.status == 409 && answer.code == "username-taken")
                #expect((answer.headers[.idempotentReplayed] == "true") == isReplay)
            }
            #expect(try await client.signUp("berta").status != 201)
        }
    }

    private static let good = #""username": "a", "password": "12345678", "name": "A", "email": "a@b.c""#
    private static let bad: [(body: String, status: Int, code: String, pointer: String?)] = [
        ("", 400, "malformed-json", nil), ("{", 400, "malformed-json", nil), ("[]", 422, "invalid", ""),
        ("{}", 422, "invalid", "/username"), (#"{"username": 1}"#, 422, "invalid", "/username"),
        (#"{\#(good.replacing("12345678", with: "1234567"))}"#, 422, "invalid", "/password"),
        (#"{\#(good.replacing("\"12345678\"", with: "12345678"))}"#, 422, "invalid", "/password"),
        (#"{\#(good.replacing("\"A\"", with: "null"))}"#, 422, "invalid", "/name"),
        (#"{\#(good.replacing("\"A\"", with: "\" A\""))}"#, 422, "invalid", "/name"),
        (#"{\#(good.replacing("a@b.c", with: "a@b@c"))}"#, 422, "invalid", "/email"),
        (#"{\#(good.replacing("\"a\"", with: "\"a b\""))}"#, 422, "invalid", "/username"),
        (#"{\#(good.replacing("\"a\"", with: "\"1001\""))}"#, 422, "invalid", "/username"),
        (#"{\#(good), "dateOfBirth": "1990-02-30"}"#, 422, "invalid", "/dateOfBirth"),
        (#"{\#(good), "dateOfBirth": "2990-02-20"}"#, 422, "invalid", "/dateOfBirth"),
        (#"{\#(good), "location": {}}"#, 422, "invalid", "/location"),
        (#"{\#(good), "roles": ["admin"]}"#, 422, "invalid", "/roles"),
        (#"{\#(good), "name": "B"}"#, 422, "invalid", "/name"),
        (#"{\#(good), "location": "\#(String(repeating: "x", count: 20_000))"}"#, 413, "body-too-large", nil),
    ]

    @Test(arguments: bad)
    func whatIsWrongWithASignUpIsTold(body: String, status: Int, code: String, pointer: String?) async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let answer = try await client.send(.post, "/v1/users", [.authorization: ""], body: body)
            #expect(answer.status == status)
            #expect(answer.code == code)
            #expect(answer.json["errors"].array?.first?["pointer"].string == pointer)
            #expect(server.backend.contents.isEmpty)
        }
    }

    @Test func bytesThatAreNoTextAreMalformed() async throws {
        try await TestServer().test { client async throws in
            let body = Array(#"{"username": ""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)
            #expect(try await client.send(.post, "/v1/users", body: body).code == "malformed-json")
        }
    }

    @Test func aChangeNamesTheVersionThatItIsAbout() async throws {
        try await TestServer().test { client async throws in
            let user = try await client.user("amelie")
            let tag = try await client.send(.get, "/v1/users/me", as: user).headers[.eTag]
            let me = "/v1/users/me"
            #expect(try await client.send(.patch, me, as: user, body: "{}").code == "precondition-required")
            #expect(try await client.send(.patch, me, as: user, ifMatch: "17", body: "{}").status == 422)
            #expect(try await client.send(.patch, me, as: user, ifMatch: "*", body: "{}").status == 422)
            #expect(try await client.send(.patch, me, as: user, ifMatch: "\"1\"", body: "{}").status == 412)
            let body = #"{"location": "Reno", "dateOfBirth": "1990-01-01"}"#
            let changed = try await client.send(.patch, me, as: user, ifMatch: tag, body: body)
            #expect(changed.status == 200)
            #expect(changed.json["location"] == .string("Reno"))
            #expect(changed.json["name"] == .string("Name of amelie"))
            let stale = try await client.send(.patch, me, as: user, ifMatch: tag, body: #"{"name": "B"}"#)
            #expect(stale.code == "precondition-failed")
            let next = changed.headers[.eTag]
            for wrong in [#"{"id": "5"}"#, #"{"roles": ["admin"]}"#, #"{"username": "b"}"#, #"{"name": null}"#] {
                #expect(try await client.send(.patch, me, as: user, ifMatch: next, body: wrong).status == 422)
            }
            let taken = try await client.send(.patch, me, as: user, ifMatch: next, body: #"{"location": null}"#)
            #expect(taken.json["location"] == .null)
            #expect(taken.json["dateOfBirth"] == .string("1990-01-01"))
        }
    }

    @Test func aStoreThatCannotBeReachedIsNotTheUsersFault() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let user = try await client.user("amelie")
            server.backend.failures = FailureOdds(noLeader: 1_000)
            let answer = try await client.send(.get, "/v1/users/me", as: user)
            #expect(answer.status == 503)
            #expect(answer.code == "no-leader")
            #expect(answer.headers[.retryAfter] != nil)
            // Operators log in all the same.
            #expect(try await client.login("admin", "secret").status == 201)
            server.backend.failures = FailureOdds(unknownWithoutEffect: 1_000)
            let unknown = try await client.signUp("berta")
            #expect(unknown.status == 504)
            #expect(unknown.code == "outcome-unknown")
            #expect(unknown.headers[.location] == "/v1/users/me")
            let keyed: HTTPFields = [.authorization: "", .idempotencyKey: "k"]
            let lost = try await client.send(.post, "/v1/users", keyed, body: TestServer.Client.signUpBody("berta"))
            #expect(lost.status == 504 && lost.headers[.location] == "/v1/users/me")
        }
    }
}

@Suite struct UserSessionTests {
    @Test func refreshTokensAreGoodForOneUse() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let user = try await client.user("amelie")
            let answer = try await client.refresh(user.refreshToken)
            #expect(answer.status == 201)
            #expect(answer.json["tokenType"] == .string("Bearer"))
            #expect(answer.json["expiresIn"] == .int(600))
            #expect(answer.headers[.cacheControl] == "no-store")
            let next = try #require(answer.json["refreshToken"].string)
            // The answer may have got lost.
            #expect(try await client.refresh(user.refreshToken).json["refreshToken"].string == next)
            server.advance(seconds: 11)
            try await server.readRevocations()
            #expect(try await client.refresh(user.refreshToken).code == "unauthenticated")
            #expect(try await client.refresh(next).status == 401)
            try await server.readRevocations()
            #expect(try await client.send(.get, "/v1/users/me", as: user).status == 401)
        }
    }

    @Test(arguments: ["", "a", "!!!", String(repeating: "A", count: 87), String(repeating: "a", count: 257)])
    func textsThatAreNoRefreshTokensAreRefused(_ text: String) async throws {
        try await TestServer().test { client async throws in
            let answer = try await client.refresh(text)
            #expect(answer.status == (1...256 ~= text.utf8.count ? 401 : 422))
        }
    }

    @Test func anAccessTokenIsNoRefreshTokenAndTheOtherWayRound() async throws {
        try await TestServer().test { client async throws in
            let user = try await client.user("amelie")
            #expect(try await client.refresh(user.accessToken).status != 201)
            let headers: HTTPFields = [.authorization: "Bearer \(user.refreshToken)"]
            #expect(try await client.send(.get, "/v1/users/me", headers).status == 401)
        }
    }

    @Test func aLogoutEndsThisSessionAtOnce() async throws {
        try await TestServer().test { client async throws in
            let one = try await client.user("amelie")
            let other = try await client.again("amelie", id: one.id)
            #expect(try await client.send(.delete, "/v1/sessions/current", as: one).status == 204)
            #expect(try await client.send(.get, "/v1/users/me", as: one).status == 401)
            #expect(try await client.refresh(one.refreshToken).status == 401)
            #expect(try await client.send(.get, "/v1/users/me", as: other).status == 200)
        }
    }

    @Test func aPasswordChangeEndsTheOtherSessions() async throws {
        try await TestServer().test { client async throws in
            let one = try await client.user("amelie")
            let other = try await client.again("amelie", id: one.id)
            let uri = "/v1/users/me/password"
            let wrong = #"{"currentPassword": "wrong", "newPassword": "another one"}"#
            let answer = try await client.send(.put, uri, as: one, body: wrong)
            #expect(answer.status == 403)
            #expect(answer.code == "wrong-password")
            let short = #"{"currentPassword": "\#(one.password)", "newPassword": "short"}"#
            #expect(try await client.send(.put, uri, as: one, body: short).status == 422)
            let right = #"{"currentPassword": "\#(one.password)", "newPassword": "another one"}"#
            #expect(try await client.send(.put, uri, as: one, body: right).status == 204)
            #expect(try await client.send(.get, "/v1/users/me", as: one).status == 200)
            #expect(try await client.send(.get, "/v1/users/me", as: other).status == 401)
            #expect(try await client.refresh(other.refreshToken).status == 401)
            #expect(try await client.login("amelie", one.password).status == 401)
            #expect(try await client.login("amelie", "another one").status == 201)
        }
    }

    @Test func unknownUsersAndWrongPasswordsAreAnsweredAlike() async throws {
        try await TestServer().test { client async throws in
            _ = try await client.user("amelie")
            let wrong = try await client.login("amelie", "wrong")
            let nobody = try await client.login("nobody", "wrong")
            #expect(wrong.status == 401 && nobody.status == 401)
            #expect(wrong.json["title"] == nobody.json["title"] && wrong.json["detail"] == nobody.json["detail"])
            #expect(wrong.headers[.wwwAuthenticate] == nobody.headers[.wwwAuthenticate])
        }
    }

    /// A node that ended nothing itself learns of it by reading along; when it cannot, it asks of each token.
    @Test func anotherNodeReadsOfWhatHasEnded() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let one = try await client.user("amelie")
            let other = try await client.user("berta")
            let session = try #require(await server.tokens.caller(one.accessToken)?.session)
            try await server.users.accounts.endSession(session, of: .init(try #require(UInt64(one.id))))
            #expect(try await client.send(.get, "/v1/users/me", as: one).status == 200)
            try await server.readRevocations()
            #expect(try await client.send(.get, "/v1/users/me", as: one).status == 401)
            #expect(try await client.send(.get, "/v1/users/me", as: other).status == 200)
            // It does not go by what it read two seconds ago.
            let third = try await client.user("carla")
            server.advance(seconds: 2)
            let ended = try #require(await server.tokens.caller(third.accessToken)?.session)
            try await server.users.accounts.endSession(ended, of: .init(try #require(UInt64(third.id))))
            #expect(try await client.send(.get, "/v1/users/me", as: third).status == 401)
            #expect(try await client.send(.get, "/v1/users/me", as: other).status == 200)
            server.backend.failures = .each(perMille: 1_000)
            let blind = try await client.send(.get, "/v1/users/me", as: other)
            #expect(blind.status == 503)
            #expect(blind.headers[.retryAfter] != nil)
            #expect(try await client.send(.get, "/v1/kv").status == 200)
            server.backend.failures = .none
            #expect(try await client.send(.get, "/v1/users/me", as: other).status == 200)
        }
    }

    /// What is known to be revoked stays so while the log cannot be read.
    @Test func aRoleThatWasTakenIsGoneOnANodeThatCannotReadAlong() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let user = try await client.user("amelie")
            server.advance(seconds: 2)
            let stored = try await server.users.accounts.user(.init(try #require(UInt64(user.id))))
            let admin = Actor(user: .init(1), roles: .admin, session: nil)
            _ = try await server.users.accounts.setRoles(.donor, of: stored.record.id, ifVersion: stored.version, admin)
            #expect(try await client.send(.get, "/v1/users/me", as: user).status == 401)
        }
    }

    @Test func whatIsAboutExpiredTokensIsRemovedFromTheLog() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let user = try await client.user("amelie")
            let session = try #require(await server.tokens.caller(user.accessToken)?.session)
            try await server.users.accounts.endSession(session, of: .init(try #require(UInt64(user.id))))
            let log = RevocationLog(Database(server.backend))
            try await server.readRevocations()
            try await server.users.revocations.sweep()
            #expect(try await log.entries(since: nil).revocations.count == 1)
            server.advance(seconds: 700)
            try await server.readRevocations()
            try await server.users.revocations.sweep()
            #expect(try await log.entries(since: nil).revocations.isEmpty)
        }
    }

    /// An operator's token has no session: it ends with the account, its role, or its epoch of tokens.
    @Test func anOperatorsTokensEndWithWhatTheFileSays() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            func status() async throws -> Int { try await client.send(.get, "/v1/kv").status }
            let file = try AccountFile([server.admin, server.user])
            #expect(try await status() == 200)
            server.operators.replace(try #require(file.endingTokens(of: "admin")))
            #expect(try await status() == 401)
            let token = try #require(try await client.login("admin", "secret").json["accessToken"].string)
            #expect(try await client.send(.get, "/v1/kv", [.authorization: "Bearer \(token)"]).status == 200)
            // What the file says outlives the process.
            let again = try AccountFile(text: try #require(file.endingTokens(of: "admin")).text)
            server.operators.replace(again)
            #expect(try await client.send(.get, "/v1/kv", [.authorization: "Bearer \(token)"]).status == 200)
            server.operators.replace(try AccountFile([server.user]))
            #expect(try await client.send(.get, "/v1/kv", [.authorization: "Bearer \(token)"]).status == 401)
            server.operators.replace(file)
            #expect(try await status() == 200)
            #expect(file.endingTokens(of: "nobody") == nil)
        }
    }

    @Test func operatorsHaveNeitherSessionNorProfile() async throws {
        try await TestServer().test { client async throws in
            #expect(try await client.login("admin", "secret").json["refreshToken"] == .null)
            #expect(try await client.send(.get, "/v1/users/me").code == "no-session")
            #expect(try await client.send(.delete, "/v1/sessions/current").code == "no-session")
        }
    }

    @Test func theWorldMayKnowThePublicKeys() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let answer = try await client.send(.get, "/.well-known/jwks.json", [.authorization: ""])
            #expect(answer.status == 200)
            let key = try #require(answer.json["keys"].array?.first)
            #expect(key["kid"].string == server.keys.keys[0].id)
            #expect(key["kty"] == .string("OKP") && key["crv"] == .string("Ed25519"))
            let x = try #require(key["x"].string.flatMap { Base64.decodeForAddresses($0) })
            #expect(x == [UInt8](server.keys.keys[0].key.publicKey.rawRepresentation))
            #expect(key["d"] == .null)
        }
    }
}
