import HTTPTypes
import Testing

@testable import API

/// Every route of accounts against those who may not ask for it.
@Suite struct AccountAuthorizationTests {
    static let own: [(method: String, uri: String)] = [
        ("GET", "/v1/users/me"), ("PATCH", "/v1/users/me"), ("PUT", "/v1/users/me/password"),
        ("DELETE", "/v1/sessions/current"), ("GET", "/v1/organizations"), ("POST", "/v1/organizations"),
        ("GET", "/v1/organizations/5"), ("PATCH", "/v1/organizations/5"), ("GET", "/v1/organizations/5/members"),
        ("PUT", "/v1/organizations/5/members/6"), ("DELETE", "/v1/organizations/5/members/6"),
    ]
    static let admins: [(method: String, uri: String)] = [
        ("GET", "/v1/users"), ("GET", "/v1/users/5"), ("PUT", "/v1/users/5/roles"),
    ]

    @Test func nobodyComesInWithoutAToken() async throws {
        try await TestServer().test { client async throws in
            for (method, uri) in Self.own + Self.admins {
                let method = try #require(HTTPRequest.Method(method))
                for authorization in ["", "Bearer", "Bearer a.b.c", "Basic YTpi"] {
                    let answer = try await client.send(method, uri, [.authorization: authorization], body: "{}")
                    #expect(answer.status == 401, "\(method) \(uri)")
                    #expect(answer.code == "unauthenticated")
                    #expect(answer.headers[.wwwAuthenticate] != nil)
                }
            }
        }
    }

    @Test func tokensOfAnotherClusterDoNotHold() async throws {
        let server = try await TestServer()
        let other = try await TestServer()
        let foreign = try await other.test { client async throws in try await client.user("amelie") }
        try await server.test { client async throws in
            _ = try await client.user("amelie")
            for (method, uri) in Self.own + Self.admins {
                let method = try #require(HTTPRequest.Method(method))
                #expect(try await client.send(method, uri, as: foreign, body: "{}").status == 401)
            }
        }
    }

    @Test func whatIsForAdminsIsForNobodyElse() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let user = try await client.user("amelie")
            for (method, uri) in Self.admins {
                let method = try #require(HTTPRequest.Method(method))
                let answer = try await client.send(method, uri, as: user, ifMatch: "\"1\"", body: "{}")
                #expect(answer.status == 403)
                #expect(answer.code == "forbidden")
            }
        }
    }

    @Test func adminsListUsersAndGiveRoles() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let user = try await client.user("amelie")
            _ = try await client.user("berta")
            let list = try await client.send(.get, "/v1/users?limit=1")
            #expect(list.json["items"].array?.map { $0["username"].string } == ["berta"])
            let cursor = try #require(list.json["nextCursor"].string)
            let rest = try await client.send(.get, "/v1/users?limit=1&cursor=\(cursor)")
            #expect(rest.json["items"].array?.map { $0["username"].string } == ["amelie"])
            #expect(rest.json["nextCursor"] == .null)
            #expect(try await client.send(.get, "/v1/users?cursor=%21").status == 422)
            #expect(try await client.send(.get, "/v1/users?limit=0").status == 422)
            let found = try await client.send(.get, "/v1/users?username=AMELIE")
            #expect(found.json["items"].array?.first?["id"].string == user.id)

            let uri = "/v1/users/\(user.id)"
            let tag = try #require(try await client.send(.get, uri).headers[.eTag])
            let headers: HTTPFields = [.ifMatch: tag]
            for wrong in ["{}", #"{"roles": []}"#, #"{"roles": ["root"]}"#, #"{"roles": "admin"}"#, #"{"roles": [1]}"#]
            {
                #expect(try await client.send(.put, uri + "/roles", headers, body: wrong).status == 422)
            }
            let body = #"{"roles": ["donor", "admin"]}"#
            #expect(try await client.send(.put, uri + "/roles", body: body).status == 428)
            #expect(try await client.send(.put, "/v1/users/77/roles", headers, body: body).status == 404)
            #expect(try await client.send(.put, "/v1/users/me2/roles", headers, body: body).status == 404)
            let changed = try await client.send(.put, uri + "/roles", headers, body: body)
            #expect(changed.json["roles"] == .array([.string("donor"), .string("admin")]))
            #expect(try await client.send(.put, uri + "/roles", headers, body: body).status == 412)
            // The token of before says too little; it does not hold any more.
            #expect(try await client.send(.get, "/v1/users", as: user).status == 401)
            let token = try #require(try await client.refresh(user.refreshToken).json["accessToken"].string)
            #expect(try await client.send(.get, "/v1/users", [.authorization: "Bearer \(token)"]).status == 200)
        }
    }

    @Test func organizationsHaveOwnersAndMembers() async throws {
        try await TestServer().test { client async throws in
            let owner = try await client.user("olga")
            let guest = try await client.user("gus")
            let made = try await client.send(.post, "/v1/organizations", as: owner, body: #"{"name": "Clean Water"}"#)
            #expect(made.status == 201)
            #expect(made.headers[.eTag] != nil)
            let uri = "/v1/organizations/" + (try #require(made.json["id"].string))
            let keyed: HTTPFields = [.authorization: owner.authorization, .idempotencyKey: "k"]
            let once = try await client.send(.post, "/v1/organizations", keyed, body: #"{"name": "Once"}"#)
            let again = try await client.send(.post, "/v1/organizations", keyed, body: #"{"name": "Once"}"#)
            #expect(once.bytes == again.bytes)
            #expect(again.headers[.idempotentReplayed] == "true")
            #expect(made.headers[.location] == uri)
            #expect(try await client.send(.get, uri, as: guest).json == made.json)
            #expect(try await client.send(.get, uri + "/members", as: guest).status == 403)
            #expect(try await client.send(.get, "/v1/organizations/77/members", as: guest).status == 404)
            let member = uri + "/members/" + guest.id
            #expect(try await client.send(.put, member, as: guest, body: #"{"role": "owner"}"#).status == 403)
            #expect(try await client.send(.put, member, as: owner, body: #"{"role": "boss"}"#).status == 422)
            let set = try await client.send(.put, member, as: owner, body: #"{"role": "manager"}"#)
            #expect(set.json["role"] == .string("manager"))
            let members = try await client.send(.get, uri + "/members", as: guest).json["items"].array
            #expect(members?.map { $0["userId"].string } == [owner.id, guest.id])
            let mine = try await client.send(.get, "/v1/organizations", as: guest).json["items"].array
            #expect(mine?.first?["role"].string == "manager")
            let last = try await client.send(.delete, uri + "/members/" + owner.id, as: owner)
            #expect(last.status == 409)
            #expect(last.code == "last-owner")
            #expect(try await client.send(.delete, member, as: guest).status == 204)
            let tag = made.headers[.eTag]
            let name = #"{"name": "Cleaner Water"}"#
            #expect(try await client.send(.patch, uri, as: owner, body: name).status == 428)
            #expect(try await client.send(.patch, uri, as: guest, ifMatch: tag, body: name).status == 403)
            #expect(try await client.send(.patch, uri, as: owner, ifMatch: tag, body: name).status == 200)
            #expect(try await client.send(.patch, uri, as: owner, ifMatch: tag, body: name).status == 412)
        }
    }
}

@Suite struct RateLimitTests {
    @Test func aUserHasSoManyRequestsASecondAndIsTold() async throws {
        var options = HTTPOptions(host: "127.0.0.1", port: 0)
        options.userRequestsPerSecond = 3
        let server = try await TestServer(options)
        try await server.test { client async throws in
            let user = try await client.user("amelie")
            let other = try await client.user("berta")
            var statuses: [Int] = []
            for _ in 0..<5 {
                let answer = try await client.send(.get, "/v1/organizations", as: user)
                statuses.append(answer.status)
                #expect(answer.headers[.rateLimitPolicy] == #""user";q=3;w=1"#)
                #expect(answer.headers[.rateLimit]?.hasPrefix(#""user";r="#) == true)
                guard answer.status == 429 else { continue }
                #expect(answer.code == "rate-limited")
                #expect(answer.headers[.retryAfter] == "1")
            }
            #expect(statuses == [200, 200, 200, 429, 429])
            #expect(try await client.send(.get, "/v1/organizations", as: other).status == 200)
            server.advance(seconds: 1)
            #expect(try await client.send(.get, "/v1/organizations", as: user).status == 200)
        }
    }

    @Test func anAddressHasSoManySignUpsAMinute() async throws {
        var options = HTTPOptions(host: "127.0.0.1", port: 0)
        options.signUpsPerMinute = 2
        try await TestServer(options).test { client async throws in
            #expect(try await client.signUp("a").headers[.rateLimit] == #""sign-up";r=1;t=30"#)
            #expect(try await client.signUp("b").status == 201)
            let refused = try await client.signUp("c")
            #expect(refused.status == 429)
            #expect(refused.headers[.retryAfter] == "30")
        }
    }

    @Test func aBucketRefillsEvenlyAndNeverOverflows() {
        let clock = TestClock()
        let limiter = RateLimiter(.init(name: "a", quota: 4, windowSeconds: 2), now: { clock.nanoseconds })
        let take = { limiter.take("x").isGranted }
        #expect((0..<6).map { _ in take() } == [true, true, true, true, false, false])
        #expect(limiter.take("y").isGranted)
        clock.advance(500_000_000)
        #expect((0..<2).map { _ in take() } == [true, false])
        clock.advance(60_000_000_000)
        #expect((0..<6).map { _ in take() } == [true, true, true, true, false, false])
    }

    @Test func whatIsGivenBackCanBeTakenAgain() {
        let clock = TestClock()
        clock.advance(10_000_000_000)
        let limiter = RateLimiter(.init(name: "a", quota: 2, windowSeconds: 2), now: { clock.nanoseconds })
        let take = { limiter.take("x").isGranted }
        #expect((0..<3).map { _ in take() } == [true, true, false])
        limiter.giveBack("x")
        limiter.giveBack("nobody")
        #expect((0..<2).map { _ in take() } == [true, false])
        clock.advance(60_000_000_000)
        for _ in 0..<5 { limiter.giveBack("x") }
        #expect((0..<3).map { _ in take() } == [true, true, false])
    }

    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7"), ("", ""), ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "20:1:d:b8:0:1:0:2/64"), ("2001:db8:1:2::1", "20:1:d:b8:0:1:0:2/64"),
        ("no: address", "no: address"),
    ])
    func addressesOfOneNetworkCountTogether(address: String, name: String) {
        #expect(ClientNetwork.name(of: address) == name)
    }

    @Test func namesThatAreMadeUpTakeBoundedMemory() {
        let clock = TestClock()
        let limiter = RateLimiter(.init(name: "a", quota: 4, windowSeconds: 2), now: { clock.nanoseconds })
        for number in 0..<250_000 {
            clock.advance(1)
            _ = limiter.take("\(number)")
        }
        #expect(limiter.buckets <= 100_000)
    }
}
