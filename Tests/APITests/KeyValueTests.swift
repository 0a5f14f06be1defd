import HTTPTypes
import HummingbirdTesting
import KVStore
import NIOConcurrencyHelpers
import Testing

@testable import API

@Suite struct KeyValueTests {
    @Test func aValueIsReadAsItWasWritten() async throws {
        let server = try await TestServer()
        let bytes = [UInt8](0...255)
        try await server.test { client async throws in
            let put = try await client.send(.put, "/v1/kv/a", body: bytes)
            #expect(put.status == 204)
            #expect(put.headers[.eTag] == "\"1\"")
            let get = try await client.send(.get, "/v1/kv/a")
            #expect(get.status == 200)
            #expect(get.bytes == bytes)
            #expect(get.headers[.eTag] == "\"1\"")
            #expect(get.headers[.contentType] == "application/octet-stream")
            let head = try await client.send(.head, "/v1/kv/a")
            #expect(head.status == 200)
            #expect(head.bytes.isEmpty)
            #expect(head.headers[.contentLength] == "256")
            #expect(try await client.send(.delete, "/v1/kv/a").status == 204)
            let gone = try await client.send(.get, "/v1/kv/a")
            #expect(gone.status == 404)
            #expect(gone.code == "not-found")
        }
    }

    @Test func largeValuesComeWhole() async throws {
        let server = try await TestServer()
        let bytes = (0..<KeyValueLimits.valueBytes).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        try await server.test(.live) { client async throws in
            #expect(try await client.send(.put, "/v1/kv/large", body: bytes).status == 204)
            #expect(try await client.send(.get, "/v1/kv/large").bytes == bytes)
            #expect(try await client.send(.head, "/v1/kv/large").headers[.contentLength] == "\(bytes.count)")
        }
    }

    @Test(arguments: [
        ("/v1/kv/a/b", "a/b"), ("/v1/kv/a//b", "a//b"), ("/v1/kv/a/", "a/"), ("/v1/kv//a", "/a"), ("/v1/kv//", "/"),
        ("/v1/kv/a%2Fb", "a/b"), ("/v1/kv/a+b%20c", "a+b c"), ("/v1/kv/%2e%2E", ".."), ("/v1/kv/a/../b", "a/../b"),
        ("/v1/kv/%C3%A4", "ä"), ("/v1/kv/ä", "ä"), ("/v1/kv/%25", "%"), ("/v1/kv/%3Fa", "?a"),
        ("/v1/kv/a:b@c", "a:b@c"), ("/v1/kv/transactions", "transactions"), ("/v1/kv/transactions/", "transactions/"),
        ("/v1/kv//transactions", "/transactions"), ("/v1/kv/transactions/a", "transactions/a"),
    ])
    func keysAreAllThatFollowsInThePath(path: String, key: String) async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            #expect(try await client.send(.put, path, body: "value").status == 204)
            #expect(server.store.bytes(key) == Array("value".utf8))
            #expect(try await client.send(.get, path).text == "value")
            #expect(try await client.send(.delete, path).status == 204)
            #expect(server.store.bytes(key) == nil)
        }
    }

    @Test func theKeyTransactionsIsAsAnyOther() async throws {
        let server = try await TestServer()
        let uri = "/v1/kv/transactions"
        try await server.test { client async throws in
            let put = try await client.send(.put, uri, [.ifNoneMatch: "*"], body: "value")
            #expect(put.status == 201)
            let head = try await client.send(.head, uri)
            #expect(head.status == 200 && head.bytes.isEmpty && head.headers[.eTag] == put.headers[.eTag])
            #expect(head.headers[.contentLength] == "5")
            // Transactions run beside it.
            let committed = try await client.send(.post, uri, body: #"{"reads": ["a"]}"#)
            #expect(committed.status == 200 && committed.json["outcome"].string == "committed")
            #expect(server.store.bytes("transactions") == Array("value".utf8))
            #expect(try await client.send(.delete, uri).status == 204)
            #expect(try await client.send(.get, uri).code == "not-found")
        }
    }

    @Test func keysMayBeAnyBytes() async throws {
        let server = try await TestServer()
        let path = "/v1/kv/" + (0...255).map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        try await server.test { client async throws in
            #expect(try await client.send(.put, path, body: "x").status == 204)
            #expect(server.store.state.withLockedValue { $0.values.keys.first } == [UInt8](0...255))
        }
    }

    @Test func emptyValuesAreValues() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            #expect(try await client.send(.put, "/v1/kv/a", body: "").status == 204)
            let get = try await client.send(.get, "/v1/kv/a")
            #expect(get.status == 200)
            #expect(get.bytes.isEmpty)
        }
    }

    @Test func conditionsDecideWrites() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let created = try await client.send(.put, "/v1/kv/a", [.ifNoneMatch: "*"], body: "1")
            #expect(created.status == 201)
            let again = try await client.send(.put, "/v1/kv/a", [.ifNoneMatch: "*"], body: "2")
            #expect(again.status == 412)
            #expect(again.code == "precondition-failed")
            #expect(again.headers[.eTag] == "\"1\"")
            #expect(try await client.send(.put, "/v1/kv/a", [.ifMatch: "\"1\""], body: "2").headers[.eTag] == "\"2\"")
            let stale = try await client.send(.put, "/v1/kv/a", [.ifMatch: "\"1\""], body: "3")
            #expect(stale.status == 412)
            #expect(stale.headers[.eTag] == "\"2\"")
            #expect(try await client.send(.delete, "/v1/kv/a", [.ifMatch: "\"1\""]).status == 412)
            #expect(try await client.send(.delete, "/v1/kv/a", [.ifMatch: "\"2\""]).status == 204)
            let absent = try await client.send(.put, "/v1/kv/a", [.ifMatch: "\"2\""], body: "3")
            #expect(absent.status == 412)
            #expect(absent.headers[.eTag] == nil)
        }
    }

    @Test(arguments: [
        "\"abc\"", "W/\"1\"", "\"01\"", "\"+1\"", "\"-1\"", "\"999999999999999999999999999999999999999999\"",
    ])
    func tagsThatWereNeverGivenMatchNothing(tag: String) async throws {
        let server = try await TestServer()
        server.store.set([97], [1])
        try await server.test { client async throws in
            #expect(try await client.send(.put, "/v1/kv/a", [.ifMatch: tag], body: "2").code == "precondition-failed")
            #expect(server.store.bytes("a") == [1])
        }
    }

    @Test(arguments: [
        [HTTPField(name: .ifMatch, value: "1")], [HTTPField(name: .ifMatch, value: "*")],
        [HTTPField(name: .ifMatch, value: "\"1\", \"2\"")], [HTTPField(name: .ifMatch, value: "")],
        [HTTPField(name: .ifNoneMatch, value: "\"1\"")],
        [HTTPField(name: .ifMatch, value: "\"1\""), HTTPField(name: .ifNoneMatch, value: "*")],
    ])
    func conditionsThatCannotBeKeptAreRefused(fields: [HTTPField]) async throws {
        let server = try await TestServer()
        server.store.set([97], [1])
        try await server.test { client async throws in
            let answer = try await client.send(.put, "/v1/kv/a", HTTPFields(fields), body: "2")
            #expect(answer.status == 422)
            #expect(answer.json["errors"].array?.first?["parameter"].string?.hasPrefix("If-") == true)
            #expect(server.store.bytes("a") == [1])
        }
    }

    @Test func readersWhoHaveTheVersionGetNoBody() async throws {
        let server = try await TestServer()
        server.store.set([97], [1])
        try await server.test { client async throws in
            for tag in ["\"1\"", "W/\"1\"", "*", "\"7\", \"1\""] {
                let answer = try await client.send(.get, "/v1/kv/a", [.ifNoneMatch: tag])
                #expect(answer.status == 304)
                #expect(answer.bytes.isEmpty)
                #expect(answer.headers[.eTag] == "\"1\"")
            }
            #expect(try await client.send(.get, "/v1/kv/a", [.ifNoneMatch: "\"2\""]).status == 200)
        }
    }

    @Test func readsAreLinearizableUnlessStaleOnesAreAskedFor() async throws {
        let server = try await TestServer()
        server.store.set([97], [1])
        try await server.test { client async throws in
            for uri in ["/v1/kv/a", "/v1/kv/a?consistency=stale", "/v1/kv?consistency=stale", "/v1/kv"] {
                #expect(try await client.send(.get, uri).status == 200)
            }
            let asked = server.store.state.withLockedValue { $0.consistencies }
            #expect(asked == [.linearizable, .stale, .stale, .linearizable])
            for uri in [
                "/v1/kv/a?consistency=eventual", "/v1/kv?consistency=", "/v1/kv/a?consistency=stale&consistency=stale",
            ] {
                let answer = try await client.send(.get, uri)
                #expect(answer.status == 422)
                #expect(answer.json["errors"].array?.first?["parameter"] == .string("consistency"))
            }
        }
    }

    @Test func limitsAreKept() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let longest = String(repeating: "k", count: KeyValueLimits.keyBytes)
            #expect(try await client.send(.put, "/v1/kv/\(longest)", body: "1").status == 204)
            let longer = try await client.send(.put, "/v1/kv/\(longest)k", body: "1")
            #expect(longer.status == 422)
            #expect(longer.json["errors"].array?.first?["parameter"] == .string("key"))
            #expect(try await client.send(.get, "/v1/kv?prefix=\(longest)k").status == 422)
            for tooMuch in [KeyValueLimits.valueBytes + 1, (2 << 20) + 1] {
                let answer = try await client.send(.put, "/v1/kv/a", body: [UInt8](repeating: 0, count: tooMuch))
                #expect(answer.status == 413)
                #expect(answer.code == "body-too-large")
            }
            #expect(server.store.bytes("a") == nil)
            #expect(try await client.send(.put, "/v1/kv/", body: "1").status == 422)
            #expect(try await client.send(.put, "/v1/kv", body: "1").status == 422)
        }
    }

    @Test func bodiesThatHaveNoRoomAreRefused() async throws {
        var options = HTTPOptions(host: "127.0.0.1", port: 0)
        options.heldBytesLimit = 1_000
        let server = try await TestServer(options)
        server.store.set(Array("large".utf8), [UInt8](repeating: 1, count: 100_000))
        try await server.test { client async throws in
            #expect(try await client.send(.put, "/v1/kv/a", body: [UInt8](repeating: 0, count: 1_000)).status == 204)
            let refused = try await client.send(.put, "/v1/kv/b", body: [UInt8](repeating: 0, count: 1_001))
            #expect(refused.status == 503)
            #expect(refused.code == "overloaded")
            #expect(refused.headers[.retryAfter] == "1")
            #expect(try await client.send(.get, "/v1/kv/large").code == "overloaded")
            // Whatever was reserved has come back.
            #expect(try await client.send(.put, "/v1/kv/a", body: [UInt8](repeating: 0, count: 1_000)).status == 204)
        }
    }

    @Test(arguments: ["/v1/kv/%", "/v1/kv/%4", "/v1/kv/%zz", "/v1/kv?prefix=%4", "/v1/kv?%=1"])
    func brokenEscapesAreMalformed(uri: String) async throws {
        try await TestServer().test { client async throws in
            let answer = try await client.send(.get, uri)
            #expect(answer.status == 400)
            #expect(answer.code == "malformed")
        }
    }

    private static let refusals: [(error: KeyValueError, status: Int, code: String, retryAfter: String?)] = [
        (.noLeader, 503, "no-leader", "1"), (.overloaded, 503, "overloaded", "1"),
        (.diskFull, 503, "disk-full", "30"), (.stopping, 503, "stopping", "0"),
        (.outcomeUnknown, 504, "outcome-unknown", nil),
        (.invalid(field: "key", rule: "must be good"), 422, "invalid", nil),
    ]

    @Test(arguments: refusals)
    func refusalsOfTheStoreAreTold(error: KeyValueError, status: Int, code: String, retryAfter: String?) async throws {
        let server = try await TestServer()
        server.store.fail(with: error)
        try await server.test { client async throws in
            for answer in [
                try await client.send(.get, "/v1/kv/a%20b"), try await client.send(.put, "/v1/kv/a%20b", body: "1"),
                try await client.send(.delete, "/v1/kv/a%20b"), try await client.send(.get, "/v1/kv"),
            ] {
                #expect(answer.status == status)
                #expect(answer.code == code)
                #expect(answer.headers[.retryAfter] == retryAfter)
            }
            let put = try await client.send(.put, "/v1/kv/a%20b", body: "1")
            #expect(put.headers[.location] == (status == 504 ? "/v1/kv/a%20b" : nil))
            #expect(put.json["outcome"] == (status == 504 ? .string("unknown") : .null))
        }
    }
}
