import HTTPTypes
import ModelStore
import Testing

@testable import API

/// What is refused before anybody looks at what it asks for: nothing of it happens, and its key stays free.
@Suite struct MoneyBodyTests {
    /// A request that moves money, or makes where it goes to, and a word in its body.
    private struct Sent {
        let uri: String
        let body: String
        let word: String
    }

    private static func sent(_ event: String) -> [Sent] {
        let gift = #"{"allocations": [{"eventId": "\#(event)", "amount": 1}], "currency": "USD", "message": "Hello", "#
        return [
            Sent(uri: "/v1/donations", body: gift + #""source": {"type": "wallet"}}"#, word: "Hello"),
            Sent(
                uri: "/v1/wallet/top-ups",
                body: #"{"amount": 5, "currency": "USD", "source": "tok_ok"}"#,
                word: "tok_ok"
            ),
            Sent(uri: "/v1/events", body: #"{"name": "Well", "currency": "USD"}"#, word: "Well"),
        ]
    }

    /// Sends what a test makes of each request, and looks that nothing has changed; then the request itself, with the
    /// same key.
    private func expectNoEffect(
        status: Int,
        code: String,
        _ change: @Sendable (MoneyServer.Client, _ uri: String, _ body: String, _ word: String) async throws -> Answer
    ) async throws {
        let server = try await MoneyServer()
        try await server.test { client async throws in
            let event = try await client.event()
            _ = try await client.topUp(10, key: "first")
            for sent in Self.sent(event) {
                let before = server.model.contents
                let answer = try await change(client, sent.uri, sent.body, sent.word)
                #expect(answer.status == status && answer.code == code, "\(sent.uri): \(answer.text)")
                #expect(server.model.contents == before, "\(sent.uri)")
                #expect(try await client.send(.post, sent.uri, key: "a", body: sent.body).status == 201, "\(sent.uri)")
            }
        }
    }

    @Test(
        arguments: [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80],
        ] as [[UInt8]]
    )
    func bytesThatAreNoText(_ bytes: [UInt8]) async throws {
        try await expectNoEffect(status: 400, code: "malformed-json") { client, uri, body, word in
            let parts = body.split(separator: word, maxSplits: 1, omittingEmptySubsequences: false)
            let broken = Array(parts[0].utf8) + bytes + Array(parts[1].utf8)
            return try await client.send(.post, uri, key: "a", bytes: broken)
        }
    }

    @Test(arguments: ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "multipart/form-data"])
    func whatDoesNotSayThatItIsJSON(type: String) async throws {
        try await expectNoEffect(status: 415, code: "unsupported-media-type") { client, uri, body, _ in
            try await client.send(.post, uri, key: "a", [.contentType: type], body: body)
        }
    }

    @Test(arguments: ["", String(repeating: "k", count: 256)])
    func aKeyThatIsNone(key: String) async throws {
        try await expectNoEffect(status: 400, code: "idempotency-key-missing") { client, uri, body, _ in
            try await client.send(.post, uri, key: key, body: body)
        }
    }

    @Test func withoutAKeyNoMoneyMoves() async throws {
        let server = try await MoneyServer()
        try await server.test { client async throws in
            let event = try await client.event()
            _ = try await client.topUp(10, key: "first")
            let before = server.model.contents
            for sent in Self.sent(event) where sent.uri != "/v1/events" {
                let answer = try await client.send(.post, sent.uri, body: sent.body)
                #expect(answer.status == 400 && answer.code == "idempotency-key-missing")
            }
            #expect(server.model.contents == before)
        }
    }

    // MARK: Moments

    @Test(arguments: ["2100-01-01T00:00:00Z", "2999-12-31T23:59:59.999Z", "18446744073709551615"])
    func nobodySeesTheFuture(at moment: String) async throws {
        try await MoneyServer().test { client async throws in
            let event = try await client.event()
            for uri in Self.seenAtMoments(event) {
                let answer = try await client.send(.get, "\(uri)?at=\(moment)")
                #expect(answer.status == 422 && answer.code == "invalid", "\(uri)")
                #expect(answer.json["errors"].array?.first?["parameter"].string == "at", "\(uri)")
            }
            #expect(try await client.send(.post, "/v1/verify?at=\(moment)", as: .admin).status == 422)
        }
    }

    @Test(arguments: ["1969-12-31T23:59:59Z", "yesterday", "-1", "18446744073709551616", "", "2027-02-30T00:00:00Z"])
    func whatIsNoMomentIsRefused(at moment: String) async throws {
        try await MoneyServer().test { client async throws in
            let event = try await client.event()
            for uri in Self.seenAtMoments(event) {
                #expect(try await client.send(.get, "\(uri)?at=\(moment)").status == 422, "\(uri)")
            }
        }
    }

    private static func seenAtMoments(_ event: String) -> [String] {
        [
            "/v1/wallet", "/v1/wallet/entries", "/v1/users/me/donations", "/v1/events/\(event)/totals",
            "/v1/events/\(event)/donations",
        ]
    }
}
