import HTTPTypes
import KVStore
import ModelStore
import NIOConcurrencyHelpers
import Testing

@testable import API

/// Every method of every resource, as the router itself lists them, against everybody who may not ask for it.
@Suite struct RouteAccessTests {
    /// One method of one resource.
    struct Route: Hashable, CustomStringConvertible {
        let method: HTTPRequest.Method
        let pattern: String

        var description: String { "\(method.rawValue) \(pattern)" }
        var access: RouteAccess? { RouteAccess.table[description] }
        var body: String { RouteAccess.bodies[description] ?? "{}" }
    }

    /// A server with all routes, and limits that nobody meets.
    private static func server() async throws -> TestServer {
        var options = HTTPOptions(host: "127.0.0.1", port: 0)
        options.userRequestsPerSecond = 1_000_000
        return try await TestServer(options)
    }

    /// Everything that the router has, but for methods that it answers with 405.
    private static func routes(_ server: TestServer) async throws -> [Route] {
        let all = server.service.routes.map { method, path in
            Route(method: method, pattern: path.replacing("{", with: ":").replacing("}", with: ""))
        }
        return try await Self.server().test { client async throws in
            var found: [Route] = []
            for route in all where route.method != .head {
                let answer = try await client.send(route.method, Things().uri(route), body: "{}")
                if answer.status != 405 { found.append(route) }
            }
            return found
        }
    }

    /// Something of somebody's of every kind, by the part of a path that stands before its id.
    struct Things {
        var ids: [String: String] = ["nodes": "1", "partitions": "1", "kv": "a", "kv-transactions": "t"]

        func uri(_ route: Route) -> String {
            var parts: [String] = []
            for part in route.pattern.split(separator: "/").map(String.init) {
                let isID = part.hasPrefix(":") || part == "**"
                parts.append(isID ? ids[parts.last ?? ""] ?? "5" : part)
            }
            return "/" + parts.joined(separator: "/")
        }
    }

    /// What a user has.
    private static func things(of user: TestUser, _ client: TestServer.Client) async throws -> Things {
        var things = Things()
        func post(_ uri: String, _ body: String) async throws -> ReadJSON {
            let headers: HTTPFields = [.authorization: user.authorization, .idempotencyKey: uri]
            let answer = try await client.send(.post, uri, headers, body: body)
            #expect(answer.status == 201, "\(uri): \(answer.text)")
            return answer.json
        }
        let event = try #require(try await post("/v1/events", #"{"name": "A", "currency": "USD"}"#)["id"].string)
        let topUp = #"{"amount": 10, "currency": "USD", "source": "tok_ok"}"#
        things.ids["top-ups"] = try await post("/v1/wallet/top-ups", topUp)["id"].string
        let gift = #"{"allocations": [{"eventId": "\#(event)", "amount": 1}], "currency": "USD", "#
        let given = try await post("/v1/donations", gift + #""source": {"type": "wallet"}}"#)
        things.ids["donations"] = given["id"].string
        // One that is another's to see, too, would not tell anything: a top-up's has one side only.
        things.ids["transactions"] = things.ids["top-ups"]
        things.ids["organizations"] = try await post("/v1/organizations", #"{"name": "Clean Water"}"#)["id"].string
        things.ids["events"] = event
        things.ids["users"] = user.id
        things.ids["members"] = user.id
        let route = Array("POST /v1/donations".utf8)
        things.ids["outcomes"] = Base64.encodeForAddresses([1] + route + [0] + Array("/v1/donations".utf8))
        return things
    }

    @Test func everyRouteSaysWhoMayAskForIt() async throws {
        let server = try await Self.server()
        let routes = try await Self.routes(server)
        let known = Set(RouteAccess.table.keys)
        let found = Set(routes.map(\.description))
        #expect(found.subtracting(known) == [], "routes without a row in RouteAccess.table")
        #expect(known.subtracting(found) == [], "rows without a route")
        #expect(found.count > 40)
    }

    @Test(arguments: ["", "Bearer", "Bearer a.b.c", "Basic YTpi"])
    func withoutATokenThatHoldsNothingThatIsGuardedIsAnswered(authorization: String) async throws {
        let server = try await Self.server()
        try await server.test { client async throws in
            let things = try await Self.things(of: client.user("amelie"), client)
            let before = server.backend.contents
            for route in try await Self.routes(server) {
                let expected: Int?
                switch route.access {
                case .everybody: continue
                case .knownOrNot: expected = authorization.isEmpty ? 200 : 401
                case .users, .admins, nil: expected = 401
                }
                let headers: HTTPFields = [
                    .authorization: authorization, .idempotencyKey: "k", .ifMatch: "\"1\"",
                ]
                let answer = try await client.send(route.method, things.uri(route), headers, body: route.body)
                #expect(answer.status == expected, "\(route)")
                guard expected == 401 else { continue }
                #expect(answer.code == "unauthenticated", "\(route)")
                #expect(answer.headers[.wwwAuthenticate] != nil, "\(route)")
            }
            #expect(server.backend.contents == before)
            Self.expectUntouched(server)
        }
    }

    /// Tokens that name the owner of everything that is asked for, and an administrator: all is right but one thing.
    @Test(arguments: Knock.forged)
    func aForgedTokenOpensNothing(knock: Knock) async throws {
        let server = try await Self.server()
        try await server.test { client async throws in
            let user = try await client.user("amelie")
            let things = try await Self.things(of: user, client)
            let owner = try #require(await server.tokens.caller(user.accessToken))
            let before = server.backend.contents
            for route in try await Self.routes(server) {
                let caller: Caller?
                switch route.access {
                case .everybody: continue
                case .admins: caller = nil
                case .knownOrNot, .users, nil: caller = owner
                }
                let headers: HTTPFields = [
                    .authorization: try await knock.header(server, of: caller), .idempotencyKey: "k",
                    .ifMatch: "\"1\"",
                ]
                let answer = try await client.send(route.method, things.uri(route), headers, body: route.body)
                #expect(answer.status == 401 && answer.code == "unauthenticated", "\(route)")
                #expect(answer.headers[.wwwAuthenticate] != nil, "\(route)")
            }
            #expect(server.backend.contents == before)
            Self.expectUntouched(server)
        }
    }

    @Test func whoeverHasEndedHisSessionIsNobodyEverywhere() async throws {
        let server = try await Self.server()
        try await server.test { client async throws in
            let user = try await client.user("amelie")
            let things = try await Self.things(of: user, client)
            #expect(try await client.send(.delete, "/v1/sessions/current", as: user).status == 204)
            let before = server.backend.contents
            for route in try await Self.routes(server) {
                if case .everybody = route.access { continue }
                let answer = try await client.send(route.method, things.uri(route), as: user, body: route.body)
                #expect(answer.status == 401, "\(route)")
            }
            #expect(server.backend.contents == before)
        }
    }

    @Test func whatIsForAdministratorsIsForNobodyElse() async throws {
        let server = try await Self.server()
        try await server.test { client async throws in
            let user = try await client.user("amelie")
            let things = try await Self.things(of: user, client)
            let before = server.backend.contents
            for route in try await Self.routes(server) {
                guard case .admins = route.access else { continue }
                // Not even for whoever it is about.
                let answer = try await client.send(
                    route.method,
                    things.uri(route),
                    as: user,
                    ifMatch: "\"1\"",
                    body: route.body
                )
                #expect(answer.status == 403 && answer.code == "forbidden", "\(route)")
            }
            #expect(server.backend.contents == before)
            Self.expectUntouched(server)
        }
    }

    @Test func whatIsAnothersIsNotToBeHad() async throws {
        let server = try await Self.server()
        try await server.test { client async throws in
            let owner = try await client.user("amelie")
            let stranger = try await client.user("berta")
            let things = try await Self.things(of: owner, client)
            let before = server.backend.contents
            for route in try await Self.routes(server) {
                guard case .users(let foreign) = route.access, route.pattern.contains(":") else { continue }
                let uri = things.uri(route)
                let answer = try await client.send(
                    route.method,
                    uri,
                    as: stranger,
                    ifMatch: "\"1\"",
                    body: route.body
                )
                #expect(answer.status == foreign, "\(route): \(answer.text)")
                #expect(!answer.text.contains("\"\(owner.id)\""), "\(route)")
                switch foreign {
                case 403: #expect(answer.code == "forbidden", "\(route)")
                case 404: #expect(answer.code == "not-found", "\(route)")
                default: break
                }
                // What the test asks for does exist.
                if route.method == .get {
                    #expect(try await client.send(.get, uri, as: owner).status == 200, "\(route)")
                }
            }
            #expect(server.backend.contents == before)
            let outcome = try await client.send(.get, "/v1/outcomes/\(things.ids["outcomes"] ?? "")", as: stranger)
            #expect(outcome.json["status"].string == "absent")
        }
    }

    @Test func aHeadIsAnsweredAsItsGet() async throws {
        let server = try await Self.server()
        try await server.test { client async throws in
            let things = try await Self.things(of: client.user("amelie"), client)
            for route in try await Self.routes(server) where route.method == .get {
                for authorization in ["", "Bearer \(client.token)"] {
                    let headers: HTTPFields = [.authorization: authorization]
                    let get = try await client.send(.get, things.uri(route), headers)
                    let head = try await client.send(.head, things.uri(route), headers)
                    #expect(head.status == get.status, "\(route)")
                    #expect(head.bytes.isEmpty, "\(route)")
                }
            }
        }
    }

    private static func expectUntouched(_ server: TestServer) {
        #expect(server.store.state.withLockedValue { $0.values.isEmpty })
        #expect(server.cluster.state.withLockedValue { $0.orders.isEmpty })
    }
}
