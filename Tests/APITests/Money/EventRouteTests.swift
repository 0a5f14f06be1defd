import HTTPTypes
import ModelStore
import Testing

@testable import API

@Suite struct EventRouteTests {
    @Test func anEventIsMadeReadAndChanged() async throws {
        try await MoneyServer().test { client async throws in
            let body = """
                {"name": "Run for the well", "description": "Ten miles", "currency": "USD",
                 "goal": {"amount": 500000, "currency": "USD"}, "startsAt": "2027-05-01T09:00:00+02:00",
                 "endsAt": "2027-05-01T12:00:00Z", "timeZone": "Europe/Berlin", "location": "Berlin", "capacity": 300}
                """
            let made = try await client.send(.post, "/v1/events", as: .organizer, body: body)
            #expect(made.status == 201)
            let id = try #require(made.json["id"].string)
            #expect(made.headers[.location] == "/v1/events/\(id)")
            let tag = try #require(made.headers[.eTag])
            let read = try await client.send(.get, "/v1/events/\(id)", as: nil)
            #expect(read.headers[.eTag] == tag)
            #expect(read.json["startsAt"].string == "2027-05-01T07:00:00.000Z")
            #expect(read.json["goal"]["amount"].int == 500_000 && read.json["capacity"].int == 300)
            #expect(read.json["status"].string == "open" && read.json["createdAt"].string != nil)
            #expect(try await client.send(.get, "/v1/events/\(id)", as: nil, [.ifNoneMatch: tag]).status == 304)
            let changed = try await client.send(
                .patch,
                "/v1/events/\(id)",
                as: .organizer,
                [.ifMatch: tag],
                body: #"{"name": "Walk for the well", "capacity": null, "goal": 7}"#
            )
            #expect(changed.status == 200 && changed.json["name"].string == "Walk for the well")
            #expect(changed.json["capacity"] == .null && changed.json["goal"]["amount"].int == 7)
            #expect(changed.json["location"].string == "Berlin")
            let again = try await client.send(.get, "/v1/events/\(id)", as: nil)
            #expect(again.headers[.eTag] == changed.headers[.eTag] && again.json == changed.json)
        }
    }

    @Test func aChangeMustNameTheVersionThatItIsAbout() async throws {
        try await MoneyServer().test { client async throws in
            let id = try await client.event()
            let body = #"{"name": "Other"}"#
            let unnamed = try await client.send(.patch, "/v1/events/\(id)", as: .organizer, body: body)
            #expect(unnamed.status == 428 && unnamed.code == "precondition-required")
            for tag in ["\"1\"", "W/\"1\"", "\"x\""] {
                let stale = try await client.send(
                    .patch,
                    "/v1/events/\(id)",
                    as: .organizer,
                    [.ifMatch: tag],
                    body: body
                )
                #expect(stale.status == 412 && stale.code == "precondition-failed", "\(tag)")
            }
        }
    }

    @Test func onlyItsOwnerMayChangeAnEvent() async throws {
        try await MoneyServer().test { client async throws in
            let id = try await client.event()
            let tag = try #require(try await client.send(.get, "/v1/events/\(id)").headers[.eTag])
            let patch = try await client.send(.patch, "/v1/events/\(id)", as: .stranger, [.ifMatch: tag], body: "{}")
            #expect(patch.status == 403)
            #expect(try await client.send(.post, "/v1/events/\(id)/close", as: .stranger).status == 403)
            #expect(try await client.send(.post, "/v1/events/5/close", as: .organizer).status == 404)
            #expect(try await client.send(.get, "/v1/events/5").status == 404)
            #expect(try await client.send(.get, "/v1/events/5/totals").status == 404)
            #expect(try await client.send(.get, "/v1/events/5/donations").status == 404)
            let foreign = #"{"name": "A", "currency": "USD", "organizationId": "5"}"#
            #expect(try await client.send(.post, "/v1/events", as: .organizer, body: foreign).status == 403)
        }
    }

    @Test func anIllegalStepTellsTheLegalOnes() async throws {
        try await MoneyServer().test { client async throws in
            let id = try await client.event()
            let closed = try await client.send(.post, "/v1/events/\(id)/close", as: .organizer)
            #expect(closed.json["status"].string == "closed")
            #expect(closed.headers[.eTag] == (try await client.send(.get, "/v1/events/\(id)").headers[.eTag]))
            let again = try await client.send(.post, "/v1/events/\(id)/close", as: .organizer)
            #expect(again.status == 409 && again.code == "illegal-transition")
            #expect(again.json["possible"] == .array([.string("cancelled")]))
            #expect(try await client.send(.post, "/v1/events/\(id)/cancel", as: .organizer).status == 200)
            let end = try await client.send(.post, "/v1/events/\(id)/close", as: .organizer)
            #expect(end.status == 409 && end.json["possible"] == .array([]))
        }
    }

    @Test func aKeyIsHonouredWhereItIsGiven() async throws {
        try await MoneyServer().test { client async throws in
            let body = #"{"name": "A", "currency": "USD"}"#
            let first = try await client.send(.post, "/v1/events", as: .organizer, key: "e", body: body)
            let again = try await client.send(.post, "/v1/events", as: .organizer, key: "e", body: body)
            #expect(again.bytes == first.bytes && again.headers[.idempotentReplayed] == "true")
            #expect(again.headers[.eTag] == first.headers[.eTag])
            let id = try #require(first.json["id"].string)
            var tags: Set<String?> = []
            for isReplay in [nil, "true"] {
                let closed = try await client.send(.post, "/v1/events/\(id)/close", as: .organizer, key: "c")
                #expect(closed.status == 200 && closed.headers[.idempotentReplayed] == isReplay)
                tags.insert(closed.headers[.eTag])
            }
            #expect(tags == [try await client.send(.get, "/v1/events/\(id)").headers[.eTag]])
        }
    }

    @Test(arguments: [
        (#"{"currency": "USD"}"#, "/name"), (#"{"name": "A"}"#, "/currency"),
        (#"{"name": "", "currency": "USD"}"#, "/name"), (#"{"name": 5, "currency": "USD"}"#, "/name"),
        (#"{"name": "A", "currency": "EURO"}"#, "/currency"),
        (#"{"name": "A", "currency": "SE\u212a"}"#, "/currency"),
        (#"{"name": "A", "currency": "USD", "goal": -1}"#, "/goal"),
        (#"{"name": "A", "currency": "USD", "goal": 1.5}"#, "/goal"),
        (#"{"name": "A", "currency": "USD", "goal": {"amount": 5, "currency": "EUR"}}"#, "/goal/currency"),
        (#"{"name": "A", "currency": "USD", "timeZone": "Mars/Base"}"#, "/timeZone"),
        (#"{"name": "A", "currency": "USD", "timeZone": "Asia/\u212aolkata"}"#, "/timeZone"),
        (#"{"name": "A", "currency": "USD", "startsAt": "tomorrow"}"#, "/startsAt"),
        (#"{"name": "A", "currency": "USD", "startsAt": "2027-02-30T00:00:00Z"}"#, "/startsAt"),
        (
            #"{"name": "A", "currency": "USD", "startsAt": "2027-01-02T00:00:00Z", "endsAt": "2027-01-01T00:00:00Z"}"#,
            "/endsAt"
        ),
        (#"{"name": "A", "currency": "USD", "capacity": 0}"#, "/capacity"),
        (#"{"name": "A", "currency": "USD", "capacity": "5"}"#, "/capacity"),
        (#"{"name": "A", "currency": "USD", "organizationId": 5}"#, "/organizationId"),
        (#"{"name": "A", "currency": "USD", "status": "open"}"#, "/status"),
        (#"{"name": "A", "name": "B", "currency": "USD"}"#, "/name"),
    ])
    func anEventThatMakesNoSenseIsRefusedWithItsPlace(body: String, pointer: String) async throws {
        let server = try await MoneyServer()
        try await server.test { client async throws in
            for key in [nil, "e"] {
                let answer = try await client.send(.post, "/v1/events", as: .organizer, key: key, body: body)
                #expect(answer.status == 422 && answer.json["errors"].array?.first?["pointer"].string == pointer)
            }
        }
        #expect(server.model.contents.isEmpty)
    }

    @Test func allEventsAreListedNewestFirst() async throws {
        try await MoneyServer().test { client async throws in
            var made: [String] = []
            for _ in 0..<3 { made.append(try await client.event()) }
            let first = try await client.send(.get, "/v1/events?limit=2", as: nil).json
            #expect(first["items"].array?.map { $0["id"].string } == [made[2], made[1]])
            let cursor = try #require(first["nextCursor"].string)
            let rest = try await client.send(.get, "/v1/events?cursor=\(cursor)", as: nil).json
            #expect(rest["items"].array?.map { $0["id"].string } == [made[0]])
        }
    }

    @Test func aPageEndsWhereItIsLargeEnough() async throws {
        try await MoneyServer().test { client async throws in
            var made: [String] = []
            for _ in 0..<60 { made.append(try await client.largeEvent()) }
            var seen: [String] = []
            var path: String? = "/v1/events?limit=1000"
            var pages = 0
            while let uri = path {
                let page = try await client.send(.get, uri, as: nil)
                #expect(page.status == 200 && page.bytes.count < 1_100_000)
                seen += page.json["items"].array?.compactMap { $0["id"].string } ?? []
                path = page.json["nextCursor"].string.map { "/v1/events?limit=1000&cursor=\($0)" }
                pages += 1
            }
            #expect(pages == 2 && seen == made.reversed())
        }
    }

    /// Whoever makes something is told of it, however large the answer.
    @Test func readersWhoseAnswerHasNoRoomAreRefused() async throws {
        try await MoneyServer(heldBytesLimit: 50_000).test { client async throws in
            for _ in 0..<3 { _ = try await client.largeEvent() }
            let refused = try await client.send(.get, "/v1/events", as: nil)
            #expect(refused.status == 503 && refused.code == "overloaded" && refused.headers[.retryAfter] == "1")
            for limit in [1, 2, 1, 2] {
                let page = try await client.send(.get, "/v1/events?limit=\(limit)", as: nil)
                #expect(page.status == 200 && page.json["items"].array?.count == limit)
            }
        }
    }
}
