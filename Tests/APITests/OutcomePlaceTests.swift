import HTTPTypes
import ModelStore
import Testing

@testable import API

/// Whoever is told that nobody knows is told where to look.
@Suite struct OutcomePlaceTests {
    @Test func aLostAnswerLeadsToWhereItsOutcomeCanBeSeen() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let user = try await client.user("amelie")
            func post(_ uri: String, _ body: String) async throws -> String {
                let answer = try await client.send(.post, uri, as: user, body: body)
                return uri + "/" + (try #require(answer.json["id"].string))
            }
            let event = try await post("/v1/events", #"{"name": "A", "currency": "USD"}"#)
            let organization = try await post("/v1/organizations", #"{"name": "A"}"#)
            let id = event.split(separator: "/").last ?? ""
            let password = #"{"currentPassword": "\#(user.password)", "newPassword": "another one"}"#
            let gift = #"{"allocations": [{"eventId": "\#(id)", "amount": 1}], "currency": "USD", "#
            let lost: [(HTTPRequest.Method, uri: String, body: String)] = [
                (.patch, "/v1/users/me", #"{"location": "Reno"}"#), (.put, "/v1/users/me/password", password),
                (.post, "/v1/events", #"{"name": "B", "currency": "USD"}"#), (.patch, event, #"{"name": "C"}"#),
                (.post, event + "/close", ""), (.post, event + "/cancel", ""),
                (.post, "/v1/organizations", #"{"name": "B"}"#), (.patch, organization, #"{"name": "C"}"#),
                (.put, organization + "/members/\(user.id)", #"{"role": "owner"}"#),
                (.post, "/v1/wallet/top-ups", #"{"amount": 5, "currency": "USD", "source": "tok_ok"}"#),
                (.post, "/v1/donations", gift + #""source": {"type": "wallet"}}"#),
                (.post, "/v1/sessions/refresh", #"{"refreshToken": "\#(user.refreshToken)"}"#),
            ]
            for (method, uri, body) in lost {
                for key in [nil, "k"] {
                    if key == nil, uri == "/v1/wallet/top-ups" || uri == "/v1/donations" { continue }
                    let place = method == .put || uri.hasSuffix("refresh") ? "/v1/users/me" : uri
                    var headers: HTTPFields = [.authorization: user.authorization]
                    if method == .patch {
                        headers[.ifMatch] = try await client.send(.get, place, as: user).headers[.eTag]
                    }
                    headers[.idempotencyKey] = key
                    server.backend.failures = FailureOdds(unknownWithoutEffect: 1_000)
                    let answer = try await client.send(method, uri, headers, body: body)
                    server.backend.failures = .none
                    #expect(answer.status == 504 && answer.code == "outcome-unknown", "\(method) \(uri)")
                    let location = try #require(answer.headers[.location])
                    #expect(try await client.send(.get, location, as: user).status == 200, "\(uri): \(location)")
                    #expect(
                        location.hasPrefix("/v1/outcomes/")
                            == (key != nil && method == .post && !uri.hasSuffix("refresh"))
                    )
                }
            }
        }
    }

    @Test func whoLeavesAnOrganizationCanSeeWhetherHeHas() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let owner = try await client.user("olga")
            let guest = try await client.user("gus")
            let made = try await client.send(.post, "/v1/organizations", as: owner, body: #"{"name": "A"}"#)
            let members = "/v1/organizations/\(try #require(made.json["id"].string))/members"
            let role = #"{"role": "member"}"#
            #expect(try await client.send(.put, "\(members)/\(guest.id)", as: owner, body: role).status == 200)
            for (user, place) in [(owner, members), (guest, "/v1/organizations")] {
                server.backend.failures = FailureOdds(unknownWithEffect: 1_000)
                let answer = try await client.send(.delete, "\(members)/\(guest.id)", as: user)
                server.backend.failures = .none
                #expect(answer.status == 504 && answer.headers[.location] == place)
                #expect(try await client.send(.get, place, as: user).status == 200)
            }
        }
    }

    @Test func aKeyHasOneScopeHoweverItsPathIsWritten() async throws {
        try await MoneyServer().test { client async throws in
            let body = #"{"amount": 5, "currency": "USD", "source": "tok_ok"}"#
            let first = try await client.send(.post, "/v1/wallet/top-ups", key: "a", body: body)
            #expect(first.status == 201)
            for uri in ["/v1/wallet/top-ups/", "/v1//wallet/top-ups", "/v1/wallet/top-ups?x=1"] {
                let again = try await client.send(.post, uri, key: "a", body: body)
                guard again.status != 404 else { continue }
                #expect(again.bytes == first.bytes && again.headers[.idempotentReplayed] == "true", "\(uri)")
            }
        }
    }

    @Test(arguments: [513, 5_000])
    func anAddressThatNobodyWasGivenLeadsNowhere(routeBytes: Int) async throws {
        try await MoneyServer().test { client async throws in
            func look(_ routeBytes: Int) async throws -> Answer {
                let route = [UInt8](repeating: UInt8(ascii: "r"), count: routeBytes)
                let address = Base64.encodeForAddresses([1] + route + [0] + Array("k".utf8))
                return try await client.send(.get, "/v1/outcomes/" + address)
            }
            let answer = try await look(routeBytes)
            #expect(answer.status == 404 && answer.code == "not-found")
            // What may have been given is looked up.
            #expect(try await look(100).json["status"].string == "absent")
        }
    }

    @Test func aCursorLeadsOnInItsOwnListOnly() async throws {
        try await MoneyServer().test { client async throws in
            let event = try await client.event()
            for number in 1...3 { _ = try await client.topUp(number, key: "\(number)") }
            for number in 1...3 { _ = try await client.give([(event, 1)], key: "g\(number)") }
            _ = try await client.event()
            let lists = [
                "/v1/events", "/v1/events/\(event)/donations", "/v1/wallet/entries", "/v1/users/me/donations",
            ]
            for list in lists {
                let first = try await client.send(.get, "\(list)?limit=1").json
                let cursor = try #require(first["nextCursor"].string, "\(list)")
                for other in lists {
                    let answer = try await client.send(.get, "\(other)?cursor=\(cursor)")
                    #expect(answer.status == (other == list ? 200 : 422), "\(list) at \(other)")
                    guard other != list else { continue }
                    #expect(answer.json["errors"].array?.first?["parameter"].string == "cursor")
                }
            }
        }
    }
}
