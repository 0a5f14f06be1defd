import HTTPTypes
import ModelStore
import Testing

@testable import API

@Suite struct DonationRouteTests {
    @Test func aGiftIsSeenEverywhereItShouldBe() async throws {
        try await MoneyServer().test { client async throws in
            let (a, b) = (try await client.event(), try await client.event())
            _ = try await client.topUp(1_000, key: "a")
            let given = try await client.give([(a, 300), (b, 200)], key: "g", more: #", "message": "Good luck""#)
            #expect(given.status == 201 && given.json["status"].string == "succeeded")
            let id = try #require(given.json["id"].string)
            #expect(given.headers[.location] == "/v1/donations/\(id)")
            let transactions = try #require(given.json["transactions"].array)
            #expect(transactions.map { $0["eventId"].string } == [a, b])
            #expect(transactions.map { $0["amount"].int } == [300, 200])
            let seen = try await client.send(.get, "/v1/donations/\(id)").json
            #expect(seen["transactions"] == given.json["transactions"])
            let transaction = try #require(transactions[0]["id"].string)
            let one = try await client.send(.get, "/v1/transactions/\(transaction)").json
            #expect(one["amount"].int == 300 && one["eventId"].string == a && one["donationId"].string == id)
            let own = try await client.send(.get, "/v1/users/me/donations").json
            #expect(own["items"].array?.map { $0["id"].string } == [id])
            let totals = try await client.send(.get, "/v1/events/\(a)/totals", as: nil).json
            #expect(totals["raised"]["amount"].int == 300 && totals["raised"]["currency"].string == "USD")
            #expect(totals["count"].int == 1)
            let wallet = try await client.send(.get, "/v1/wallet").json
            #expect(wallet["balances"].array?.first?["amount"].int == 500)
            let report = try await client.send(.post, "/v1/verify", as: .admin).json
            #expect(report["holds"] == .bool(true) && report["counts"]["transfers"].int == 3)
        }
    }

    @Test func aReplayIsTheSameAnswer() async throws {
        try await MoneyServer().test { client async throws in
            let event = try await client.event()
            _ = try await client.topUp(10, key: "a")
            let first = try await client.give([(event, 4)], key: "g")
            let again = try await client.give([(event, 4)], key: "g")
            #expect(again.bytes == first.bytes && again.status == 201)
            #expect(again.headers[.idempotentReplayed] == "true")
            #expect(try await client.give([(event, 5)], key: "g").status == 422)
            #expect(try await client.send(.get, "/v1/events/\(event)/totals").json["count"].int == 1)
        }
    }

    @Test func whatIsInTheWayIsToldAgain() async throws {
        try await MoneyServer().test { client async throws in
            let (open, closed) = (try await client.event(), try await client.event())
            #expect(try await client.send(.post, "/v1/events/\(closed)/close", as: .organizer).status == 200)
            for (event, code) in [(open, "insufficient-funds"), (closed, "event-closed")] {
                let first = try await client.give([(event, 4)], key: code)
                #expect(first.status == 409 && first.code == code)
                #expect(first.headers[.idempotentReplayed] == nil)
                let again = try await client.give([(event, 4)], key: code)
                #expect(again.status == 409 && again.code == code && again.headers[.idempotentReplayed] == "true")
            }
        }
    }

    @Test func aGiftThatBreaksARuleIsRefusedWithItsPlace() async throws {
        let server = try await MoneyServer()
        try await server.test { client async throws in
            let (usd, jpy) = (try await client.event(), try await client.event("JPY"))
            _ = try await client.topUp(10, key: "a")
            let wallet = #""source": {"type": "wallet"}"#
            let bad: [(String, String)] = [
                (#"{"allocations": [], "currency": "USD", \#(wallet)}"#, "/allocations"),
                (#"{"allocations": {}, "currency": "USD", \#(wallet)}"#, "/allocations"),
                (#"{"allocations": [5], "currency": "USD", \#(wallet)}"#, "/allocations/0"),
                (
                    #"{"allocations": [{"eventId": \#(usd), "amount": 1}], "currency": "USD", \#(wallet)}"#,
                    "/allocations/0/eventId"
                ),
                (
                    #"{"allocations": [{"eventId": "0\#(usd)", "amount": 1}], "currency": "USD", \#(wallet)}"#,
                    "/allocations/0/eventId"
                ),
                (
                    #"{"allocations": [{"eventId": "123456", "amount": 1}], "currency": "USD", \#(wallet)}"#,
                    "/allocations/0/eventId"
                ),
                (
                    #"{"allocations": [{"eventId": "\#(usd)", "amount": 0}], "currency": "USD", \#(wallet)}"#,
                    "/allocations/0/amount"
                ),
                (
                    #"{"allocations": [{"eventId": "\#(usd)", "amount": 1.5}], "currency": "USD", \#(wallet)}"#,
                    "/allocations/0/amount"
                ),
                (
                    #"{"allocations": [{"eventId": "\#(usd)", "amount": -1}], "currency": "USD", \#(wallet)}"#,
                    "/allocations/0/amount"
                ),
                (
                    #"{"allocations": [{"eventId": "\#(usd)", "amount": 1000000000000001}], "currency": "USD", \#(wallet)}"#,
                    "/allocations/0/amount"
                ),
                (
                    #"{"allocations": [{"eventId": "\#(usd)", "amount": 1, "amount": 2}], "currency": "USD", \#(wallet)}"#,
                    "/allocations/0/amount"
                ),
                (
                    #"{"allocations": [{"eventId": "\#(usd)", "amount": 1}], "currency": "USD", \#(wallet), "message": "\#(String(repeating: "x", count: 501))"}"#,
                    "/message"
                ),
                (
                    #"{"allocations": [{"eventId": "\#(usd)", "amount": 1}], "currency": "ABC", \#(wallet)}"#,
                    "/currency"
                ),
                (
                    #"{"allocations": [{"eventId": "\#(usd)", "amount": 1, "tip": 1}], "currency": "USD", \#(wallet)}"#,
                    "/allocations/0/tip"
                ),
                (
                    #"{"allocations": [{"eventId": "\#(jpy)", "amount": 1}], "currency": "USD", \#(wallet)}"#,
                    "/currency"
                ),
                (
                    #"{"allocations": [{"eventId": "\#(usd)", "amount": 1}], "currency": "USD"}"#, "/source"
                ),
                (
                    #"{"allocations": [{"eventId": "\#(usd)", "amount": 1}], "currency": "USD", "source": {"type": "gold"}}"#,
                    "/source/type"
                ),
                (
                    #"{"allocations": [{"eventId": "\#(usd)", "amount": 1}], "currency": "USD", \#(wallet), "anonymous": 1}"#,
                    "/anonymous"
                ),
                (
                    #"{"allocations": [{"eventId": "\#(usd)", "amount": 1}], "currency": "USD", \#(wallet), "anonimous": true}"#,
                    "/anonimous"
                ),
                (
                    #"{"allocations": [{"eventId": "\#(usd)", "amount": 1}], "currency": "USD", \#(wallet), "message": ""}"#,
                    "/message"
                ),
            ]
            let before = server.model.contents
            for (body, pointer) in bad {
                let answer = try await client.send(.post, "/v1/donations", key: "g", body: body)
                #expect(answer.status == 422 && answer.code == "invalid", "\(body)")
                #expect(answer.json["errors"].array?.first?["pointer"].string == pointer, "\(body)")
            }
            #expect(server.model.contents == before)
            #expect(try await client.give([(usd, 1)], key: "g").status == 201)
        }
    }

    @Test func aLostAnswerLeadsToItsOutcome() async throws {
        let server = try await MoneyServer()
        try await server.test { client async throws in
            let event = try await client.event()
            _ = try await client.topUp(10, key: "a")
            server.model.failures = FailureOdds(unknownWithoutEffect: 1_000)
            let lost = try await client.give([(event, 4)], key: "g")
            #expect(lost.status == 504 && lost.code == "outcome-unknown")
            let location = try #require(lost.headers[.location])
            server.model.failures = .none
            #expect(try await client.send(.get, location).json["status"].string == "absent")
            let given = try await client.give([(event, 4)], key: "g")
            let outcome = try await client.send(.get, location).json
            #expect(outcome["status"].string == "completed" && outcome["response"]["status"].int == 201)
            #expect(outcome["response"]["body"] == given.json)
            #expect(outcome["response"]["location"].string == given.headers[.location])
            #expect(try await client.send(.get, location, as: .stranger).json["status"].string == "absent")
            #expect(try await client.send(.get, "/v1/outcomes/AA").status == 404)
            let poor = try await client.give([(event, 400)], key: "p")
            #expect(poor.status == 409)
        }
    }

    @Test func whatDidNotHappenIsToldSo() async throws {
        let server = try await MoneyServer()
        try await server.test { client async throws in
            let event = try await client.event()
            server.model.failures = FailureOdds(noLeader: 1_000)
            let answer = try await client.give([(event, 4)], key: "g")
            #expect(answer.status == 503 && answer.code == "no-leader" && answer.headers[.retryAfter] != nil)
        }
    }

    // MARK: Who may see what

    @Test func anAnonymousGiftRevealsItsGiverToNobody() async throws {
        try await MoneyServer().test { client async throws in
            let event = try await client.event()
            _ = try await client.topUp(10, key: "a")
            let given = try await client.give([(event, 1)], key: "g", more: #", "anonymous": true, "message": "Hello""#)
            let transaction = try #require(given.json["transactions"].array?.first?["id"].string)
            for person in [.stranger, .donor, .organizer] as [MoneyServer.Person] {
                let list = try await client.send(.get, "/v1/events/\(event)/donations", as: person)
                #expect(list.status == 200 && list.json["items"].array?.count == 1)
                #expect(!list.text.contains("userId") && !list.text.contains("donationId"))
                #expect(list.text.contains("Hello") == (person == .organizer))
            }
            for person in [.organizer, .admin] as [MoneyServer.Person] {
                let seen = try await client.send(.get, "/v1/transactions/\(transaction)", as: person)
                #expect(seen.status == 200 && !seen.text.contains("userId") && !seen.text.contains("donationId"))
            }
        }
    }

    @Test func aNamedGiftIsNamedToTheOrganizerOnly() async throws {
        try await MoneyServer().test { client async throws in
            let event = try await client.event()
            _ = try await client.topUp(10, key: "a")
            _ = try await client.give([(event, 1)], key: "g")
            for person in [.stranger, .donor] as [MoneyServer.Person] {
                let list = try await client.send(.get, "/v1/events/\(event)/donations", as: person)
                #expect(list.json["items"].array?.count == 1 && !list.text.contains("userId"))
            }
            let list = try await client.send(.get, "/v1/events/\(event)/donations", as: .organizer).json
            #expect(list["items"].array?.first?["userId"].string == "7")
        }
    }

    @Test func othersMoneyIsNotThere() async throws {
        try await MoneyServer().test { client async throws in
            let event = try await client.event()
            let topUp = try #require(try await client.topUp(10, key: "a").json["id"].string)
            let given = try await client.give([(event, 1)], key: "g").json
            let donation = try #require(given["id"].string)
            let transaction = try #require(given["transactions"].array?.first?["id"].string)
            for uri in [
                "/v1/donations/\(donation)", "/v1/transactions/\(transaction)", "/v1/wallet/top-ups/\(topUp)",
                "/v1/transactions/\(topUp)", "/v1/donations/1", "/v1/donations/x", "/v1/transactions/1",
            ] {
                #expect(try await client.send(.get, uri, as: .stranger).code == "not-found", "\(uri)")
            }
            #expect(try await client.send(.get, "/v1/donations/\(donation)", as: .organizer).status == 404)
            #expect(try await client.send(.get, "/v1/donations/\(donation)", as: .admin).status == 200)
            #expect(try await client.send(.get, "/v1/transactions/\(transaction)", as: .admin).status == 200)
            #expect(try await client.send(.get, "/v1/users/me/donations", as: .stranger).json["items"] == .array([]))
            #expect(try await client.send(.get, "/v1/wallet/entries", as: .stranger).json["items"] == .array([]))
        }
    }

    @Test func whoDoesNotSayWhoHeIsSeesWhatIsPublicOnly() async throws {
        try await MoneyServer().test { client async throws in
            let event = try await client.event()
            let guarded: [(HTTPRequest.Method, String)] = [
                (.get, "/v1/wallet"), (.get, "/v1/wallet/entries"), (.post, "/v1/wallet/top-ups"),
                (.get, "/v1/wallet/top-ups/5"), (.post, "/v1/donations"), (.get, "/v1/donations/5"),
                (.get, "/v1/transactions/5"), (.get, "/v1/users/me/donations"), (.post, "/v1/events"),
                (.patch, "/v1/events/\(event)"), (.post, "/v1/events/\(event)/close"),
                (.post, "/v1/events/\(event)/cancel"), (.get, "/v1/outcomes/5"), (.post, "/v1/verify"),
                (.get, "/v1/events/\(event)/donations"),
            ]
            for (method, uri) in guarded {
                let answer = try await client.send(method, uri, as: nil, key: "k", body: "{}")
                #expect(answer.status == 401 && answer.code == "unauthenticated", "\(method) \(uri)")
                let forged = try await client.send(
                    method,
                    uri,
                    as: nil,
                    key: "k",
                    [.authorization: "Bearer a.b.c"],
                    body: "{}"
                )
                #expect(forged.status == 401, "\(method) \(uri)")
            }
            for uri in ["/v1/events", "/v1/events/\(event)", "/v1/events/\(event)/totals"] {
                #expect(try await client.send(.get, uri, as: nil).status == 200, "\(uri)")
                let forged = try await client.send(.get, uri, as: nil, [.authorization: "Bearer a.b.c"])
                #expect(forged.status == 401, "\(uri)")
            }
            #expect(try await client.send(.post, "/v1/verify", as: .donor).code == "forbidden")
        }
    }

    @Test func totalsAreSeenAsTheyWere() async throws {
        try await MoneyServer().test { client async throws in
            let event = try await client.event()
            _ = try await client.topUp(10, key: "a")
            _ = try await client.give([(event, 1)], key: "1")
            let then = try #require(try await client.send(.get, "/v1/events/\(event)/totals").json["at"].string)
            _ = try await client.give([(event, 2)], key: "2")
            let past = try await client.send(.get, "/v1/events/\(event)/totals?at=\(then)").json
            #expect(past["raised"]["amount"].int == 1 && past["at"].string == then)
            #expect(try await client.send(.get, "/v1/events/\(event)/totals").json["raised"]["amount"].int == 3)
            let history = try await client.send(.get, "/v1/users/me/donations?at=\(then)").json
            #expect(history["items"].array?.count == 1)
        }
    }
}
