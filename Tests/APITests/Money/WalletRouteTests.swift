import HTTPTypes
import ModelStore
import NIOCore
import Testing

@testable import API

@Suite struct WalletRouteTests {
    @Test func aWalletFillsAndTellsHow() async throws {
        try await MoneyServer().test { client async throws in
            let empty = try await client.send(.get, "/v1/wallet")
            #expect(empty.status == 200 && empty.text == #"{"balances":[]}"#)
            let topUp = try await client.topUp(1_250, key: "a")
            #expect(topUp.status == 201)
            #expect(topUp.json["status"].string == "succeeded")
            #expect(topUp.json["amount"].int == 1_250 && topUp.json["currency"].string == "USD")
            let id = try #require(topUp.json["id"].string)
            #expect(topUp.headers[.location] == "/v1/wallet/top-ups/\(id)")
            let seen = try await client.send(.get, "/v1/wallet/top-ups/\(id)")
            #expect(seen.status == 200 && seen.json == topUp.json)
            let wallet = try await client.send(.get, "/v1/wallet")
            #expect(wallet.json["balances"].array?.first?["amount"].int == 1_250)
            let entries = try await client.send(.get, "/v1/wallet/entries")
            #expect(entries.json["items"].array?.map { $0["topUpId"].string } == [id])
            #expect(entries.json["nextCursor"] == .null)
        }
    }

    @Test func aReplayIsTheSameAnswerAndSaysSo() async throws {
        try await MoneyServer().test { client async throws in
            let first = try await client.topUp(5, key: "a")
            #expect(first.headers[.idempotentReplayed] == nil)
            let again = try await client.topUp(5, key: "a")
            #expect(again.status == 201 && again.bytes == first.bytes)
            #expect(again.headers[.idempotentReplayed] == "true")
            #expect(again.headers[.location] == first.headers[.location])
            // The same body, written otherwise.
            let otherwise = try await client.send(
                .post,
                "/v1/wallet/top-ups",
                key: "a",
                body: #"{ "source":"tok\u005fok","amount":5,"currency":"USD" }"#
            )
            #expect(otherwise.bytes == first.bytes)
            #expect(try await client.topUp(6, key: "a").code == "idempotency-key-reused")
            #expect(try await client.topUp(5, as: .stranger, key: "a").headers[.idempotentReplayed] == nil)
        }
    }

    @Test func whatIsDeclinedIsToldAgain() async throws {
        try await MoneyServer().test { client async throws in
            let first = try await client.topUp(5, "tok_declined", key: "a")
            #expect(first.status == 402 && first.code == "payment-declined")
            let again = try await client.topUp(5, "tok_declined", key: "a")
            #expect(again.status == 402 && again.headers[.idempotentReplayed] == "true")
            #expect(try await client.send(.get, "/v1/wallet").text == #"{"balances":[]}"#)
        }
    }

    @Test(arguments: ["tok_late", "tok_timeout", "tok_twice"])
    func whatIsNotKnownYetCanBeLookedUp(source: String) async throws {
        let server = try await MoneyServer()
        try await server.test { client async throws in
            let first = try await client.topUp(5, source, key: "a")
            #expect(first.status == 202 && first.json["status"].string == "processing")
            let location = try #require(first.headers[.location])
            server.model.advance(by: .seconds(5))
            #expect(try await client.send(.get, location).json["status"].string == "succeeded")
            #expect(try await client.send(.get, "/v1/wallet").json["balances"].array?.first?["amount"].int == 5)
            #expect(try await client.topUp(5, source, key: "a").bytes == first.bytes)
        }
    }

    @Test(arguments: [
        (#"{"amount": 5, "currency": "USD"}"#, "/source"), (#"{"amount": 5, "source": "tok_ok"}"#, "/currency"),
        (#"{"currency": "USD", "source": "tok_ok"}"#, "/amount"),
        (#"{"amount": 5.5, "currency": "USD", "source": "tok_ok"}"#, "/amount"),
        (#"{"amount": 5.0, "currency": "USD", "source": "tok_ok"}"#, "/amount"),
        (#"{"amount": 5e2, "currency": "USD", "source": "tok_ok"}"#, "/amount"),
        (#"{"amount": "5", "currency": "USD", "source": "tok_ok"}"#, "/amount"),
        (#"{"amount": null, "currency": "USD", "source": "tok_ok"}"#, "/amount"),
        (#"{"amount": 0, "currency": "USD", "source": "tok_ok"}"#, "/amount"),
        (#"{"amount": -5, "currency": "USD", "source": "tok_ok"}"#, "/amount"),
        (#"{"amount": 1000000000000001, "currency": "USD", "source": "tok_ok"}"#, "/amount"),
        (#"{"amount": 9223372036854775808, "currency": "USD", "source": "tok_ok"}"#, "/amount"),
        (#"{"amount": 5, "currency": "usd", "source": "tok_ok"}"#, "/currency"),
        (#"{"amount": 5, "currency": "XXX", "source": "tok_ok"}"#, "/currency"),
        (#"{"amount": 5, "currency": "SE\u212a", "source": "tok_ok"}"#, "/currency"),
        (#"{"amount": 5, "currency": "SE\#u{212A}", "source": "tok_ok"}"#, "/currency"),
        (#"{"amount": 5, "currency": 840, "source": "tok_ok"}"#, "/currency"),
        (#"{"amount": 5, "currency": "USD", "source": "tok_stolen"}"#, "/source"),
        (#"{"amount": 5, "currency": "USD", "source": {}}"#, "/source"),
        (#"{"amount": 5, "currency": "USD", "source": "tok_ok", "fee": 1}"#, "/fee"),
        (#"{"amount": 5, "amount": 6, "currency": "USD", "source": "tok_ok"}"#, "/amount"), ("[]", ""), ("5", ""),
    ])
    func aBodyThatBreaksARuleIsRefusedWithItsPlace(body: String, pointer: String) async throws {
        let server = try await MoneyServer()
        try await server.test { client async throws in
            let answer = try await client.send(.post, "/v1/wallet/top-ups", key: "a", body: body)
            #expect(answer.status == 422)
            #expect(answer.json["errors"].array?.first?["pointer"].string == pointer)
        }
        #expect(server.model.contents.isEmpty)
    }

    @Test(arguments: [
        "", "{", "{}x", "{'a': 1}", #"{"a": 01}"#, #"{"a": +1}"#, #"{"a": .5}"#, #"{"a": 1.}"#, #"{"a": "\x"}"#,
        #"{"a": "\ud800"}"#, #"{"a": "\udc00\ud800"}"#, "{\"a\": \"\u{1}\"}", #"{"a" 1}"#, #"{"a": 1,}"#, "[1,]",
        "nul", #"{"a": tru}"#, "\u{FEFF}{}", String(repeating: "[", count: 100),
    ])
    func whatIsNoJSONIsRefused(body: String) async throws {
        let server = try await MoneyServer()
        try await server.test { client async throws in
            let answer = try await client.send(.post, "/v1/wallet/top-ups", key: "a", body: body)
            #expect(answer.status == 400 && answer.code == "malformed-json")
        }
        #expect(server.model.contents.isEmpty)
    }

    @Test func bytesThatAreNoTextAreRefused() throws {
        for bytes in [[0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] as [[UInt8]] {
            #expect(throws: Problem.self) { try JSONParser.parse(.init(bytes: bytes)) }
        }
    }

    @Test func aPageIsNoLargerThanAskedForAndItsCursorLeadsOn() async throws {
        try await MoneyServer().test { client async throws in
            for number in 1...5 { _ = try await client.topUp(number, key: "\(number)") }
            let first = try await client.send(.get, "/v1/wallet/entries?limit=2").json
            #expect(first["items"].array?.map { $0["amount"].int } == [5, 4])
            let cursor = try #require(first["nextCursor"].string)
            _ = try await client.topUp(6, key: "6")
            let rest = try await client.send(.get, "/v1/wallet/entries?limit=9&cursor=\(cursor)").json
            #expect(rest["items"].array?.map { $0["amount"].int } == [3, 2, 1])
            for bad in ["limit=0", "limit=1001", "limit=a", "cursor=%21", "cursor=AA", "at=yesterday"] {
                #expect(try await client.send(.get, "/v1/wallet/entries?\(bad)").status == 422, "\(bad)")
            }
        }
    }
}
