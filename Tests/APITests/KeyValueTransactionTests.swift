import HTTPTypes
import KVStore
import ModelStore
import Testing

@testable import API

/// `POST /v1/kv/transactions`: what takes place, what does not, and what is told of it.
@Suite struct KeyValueTransactionTests {
    private static let uri = "/v1/kv/transactions"

    private static func base64(_ text: String) -> String {
        String(decoding: Base64.encode(Array(text.utf8)), as: UTF8.self)
    }

    @Test func everyKindOfOperationTakesPlaceAtOnce() async throws {
        try await TestServer().test { client async throws in
            let first = try await client.send(
                .post,
                Self.uri,
                body: """
                    {"reads": ["a", "n"], "writes": [{"key": "a", "value": "\(Self.base64("one"))"},
                     {"key": "b", "value": "", "insert": true}], "adds": [{"key": "n", "delta": 5, "floor": 0}]}
                    """
            )
            #expect(first.status == 200)
            #expect(first.json["outcome"].string == "committed" && first.json["id"] == .null)
            #expect(first.json["timestamp"].string.flatMap { UInt64($0) } != nil)
            // Reads precede the own writes.
            #expect(first.json["reads"].array?.map { $0["value"] } == [.null, .null])
            let second = try await client.send(
                .post,
                Self.uri,
                body: """
                    {"reads": ["a", "b", "n"], "checks": [{"key": "b", "exists": true}, {"key": "c", "exists": false}],
                     "writes": [{"key": "b", "delete": true}],
                     "adds": [{"key": "n", "delta": "-3", "floor": "0", "ceiling": 100}]}
                    """
            )
            #expect(second.status == 200)
            let reads = try #require(second.json["reads"].array)
            #expect(reads.map { $0["value"].string } == [Self.base64("one"), "", Self.base64("5")])
            #expect(reads.map { $0["key"].string } == ["a", "b", "n"])
            let version = try #require(reads[0]["version"].string)
            let third = try await client.send(
                .post,
                Self.uri,
                body: #"{"reads": ["b", "n"], "checks": [{"key": "a", "version": "\#(version)"}]}"#
            )
            #expect(third.json["reads"].array?.map { $0["value"].string } == [nil, Self.base64("2")])
        }
    }

    private static let refusals: [(body: String, code: String, key: String)] = [
        (#"{"checks": [{"key": "a", "exists": false}], "writes": [{"key": "z", "value": ""}]}"#, "check-failed", "a"),
        (#"{"checks": [{"key": "b", "exists": true}], "writes": [{"key": "z", "value": ""}]}"#, "check-failed", "b"),
        (#"{"checks": [{"key": "a", "version": "1"}], "writes": [{"key": "z", "value": ""}]}"#, "check-failed", "a"),
        (#"{"writes": [{"key": "z", "value": ""}, {"key": "a", "value": "", "insert": true}]}"#, "check-failed", "a"),
        (
            #"{"writes": [{"key": "z", "value": ""}], "adds": [{"key": "n", "delta": -6, "floor": 0}]}"#,
            "bound-reached", "n"
        ),
        (
            #"{"writes": [{"key": "z", "value": ""}], "adds": [{"key": "n", "delta": 6, "ceiling": 10}]}"#,
            "bound-reached", "n"
        ),
        (
            #"{"writes": [{"key": "z", "value": ""}], "adds": [{"key": "n", "delta": 9223372036854775807}]}"#,
            "bound-reached", "n"
        ),
        (#"{"writes": [{"key": "z", "value": ""}], "adds": [{"key": "a", "delta": 1}]}"#, "wrong-type", "a"),
        (#"{"writes": [{"key": "z", "value": ""}, {"key": "n", "value": ""}]}"#, "wrong-type", "n"),
    ]

    @Test(arguments: refusals)
    func aRefusalNamesItsKeyAndChangesNothing(body: String, code: String, key: String) async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let seed = #"{"writes": [{"key": "a", "value": ""}], "adds": [{"key": "n", "delta": 5}]}"#
            #expect(try await client.send(.post, Self.uri, body: seed).status == 200)
            let before = server.backend.contents
            let answer = try await client.send(.post, Self.uri, body: body)
            #expect(answer.status == 409 && answer.code == code)
            #expect(answer.json["outcome"].string == "refused" && answer.json["key"].string == key)
            #expect(server.backend.contents == before)
        }
    }

    private static let long = String(repeating: "k", count: KeyValueLimits.keyBytes + 1)
    private static let many = (0..<1_001).map { #""\#($0)""# }.joined(separator: ",")
    private static let bad: [(body: String, pointer: String)] = [
        ("{}", ""), ("[]", ""), ("null", ""), (#"{"reads": []}"#, ""), (#"{"reads": "a"}"#, "/reads"),
        (#"{"reads": [5]}"#, "/reads/0"), (#"{"reads": [""]}"#, "/reads/0"),
        (#"{"reads": ["a", "\#(long)"]}"#, "/reads/1"),
        (#"{"reads": [\#(many)]}"#, "/reads"), (#"{"read": ["a"]}"#, "/read"),
        (#"{"deletes": [{"key": "a"}], "reads": ["a"]}"#, "/deletes"),
        (#"{"checks": [{"key": "a"}]}"#, "/checks/0/version"), (#"{"checks": [{"exists": true}]}"#, "/checks/0/key"),
        (#"{"checks": [{"key": "a", "exists": 1}]}"#, "/checks/0/exists"),
        (#"{"checks": [{"key": "a", "exists": null}]}"#, "/checks/0/version"),
        (#"{"checks": [{"key": "a", "exists": null, "version": null}]}"#, "/checks/0/version"),
        (#"{"checks": [{"key": null, "exists": true}]}"#, "/checks/0/key"),
        (#"{"reads": null}"#, ""), (#"{"reads": null, "checks": null, "writes": null, "adds": null}"#, ""),
        (#"{"checks": [{"key": "a", "exists": true, "version": "1"}]}"#, "/checks/0/version"),
        (#"{"checks": [{"key": "a", "version": 1}]}"#, "/checks/0/version"),
        (#"{"checks": [{"key": "a", "version": "01"}]}"#, "/checks/0/version"),
        (#"{"checks": [{"key": "a", "missing": true, "exists": true}]}"#, "/checks/0/missing"),
        (#"{"writes": {"key": "a"}}"#, "/writes"), (#"{"writes": ["a"]}"#, "/writes/0"),
        (#"{"writes": [{"value": ""}]}"#, "/writes/0/key"), (#"{"writes": [{"key": "a"}]}"#, "/writes/0/value"),
        (#"{"writes": [{"key": "\#(long)", "value": ""}]}"#, "/writes/0/key"),
        (#"{"writes": [{"key": "a", "value": "YQ"}]}"#, "/writes/0/value"),
        (#"{"writes": [{"key": "a", "value": "YR=="}]}"#, "/writes/0/value"),
        (#"{"writes": [{"key": "a", "value": 5}]}"#, "/writes/0/value"),
        (#"{"writes": [{"key": "a", "delete": false}]}"#, "/writes/0/delete"),
        (#"{"writes": [{"key": "a", "delete": true, "value": ""}]}"#, "/writes/0/value"),
        (#"{"writes": [{"key": "a", "delete": true, "insert": false}]}"#, "/writes/0/insert"),
        (#"{"writes": [{"key": "a", "delete": null}]}"#, "/writes/0/value"),
        (#"{"writes": [{"key": "a", "value": null}]}"#, "/writes/0/value"),
        (#"{"adds": [{"key": "a", "delta": null}]}"#, "/adds/0/delta"),
        (#"{"writes": [{"key": "a", "value": "", "insert": "yes"}]}"#, "/writes/0/insert"),
        (#"{"writes": [{"key": "a", "value": "", "append": true}]}"#, "/writes/0/append"),
        (#"{"writes": [{"key": "a", "value": ""}, {"key": "a", "delete": true}]}"#, "/writes/1/key"),
        (#"{"writes": [{"key": "a", "value": ""}], "adds": [{"key": "a", "delta": 1}]}"#, "/adds/0/key"),
        (#"{"adds": [{"key": "a"}]}"#, "/adds/0/delta"), (#"{"adds": [{"key": "a", "delta": 1.5}]}"#, "/adds/0/delta"),
        (#"{"adds": [{"key": "a", "delta": "x"}]}"#, "/adds/0/delta"),
        (#"{"adds": [{"key": "a", "delta": 9223372036854775808}]}"#, "/adds/0/delta"),
        (#"{"adds": [{"key": "a", "delta": 1, "floor": true}]}"#, "/adds/0/floor"),
        (#"{"adds": [{"key": "a", "delta": 1, "ceiling": []}]}"#, "/adds/0/ceiling"),
        (#"{"adds": [{"key": "a", "delta": 1, "floor": 2, "ceiling": 1}]}"#, "/adds/0/floor"),
        (#"{"adds": [{"key": "a", "delta": 1, "min": 2}]}"#, "/adds/0/min"),
        (#"{"adds": [{"key": "a", "delta": 1, "delta": 2}]}"#, "/adds/0/delta"),
        (#"{"reads": ["a"], "deadlineMs": 0}"#, "/deadlineMs"),
        (#"{"reads": ["a"], "deadlineMs": 60001}"#, "/deadlineMs"),
        (#"{"reads": ["a"], "deadlineMs": "1"}"#, "/deadlineMs"),
        (#"{"id": "", "reads": ["a"]}"#, "/id"), (#"{"id": 5, "reads": ["a"]}"#, "/id"),
        (#"{"id": "a b", "reads": ["a"]}"#, "/id"), (#"{"id": "ä", "reads": ["a"]}"#, "/id"),
        (#"{"id": "\#(String(repeating: "i", count: 65))", "reads": ["a"]}"#, "/id"),
    ]

    @Test(arguments: bad)
    func aBodyThatBreaksARuleIsRefusedWithItsPlace(body: String, pointer: String) async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let answer = try await client.send(.post, Self.uri, body: body)
            #expect(answer.status == 422 && answer.code == "invalid")
            #expect(answer.json["errors"].array?.first?["pointer"].string == pointer)
            #expect(server.backend.contents.isEmpty)
        }
    }

    @Test func nullIsAsIfItWereNotThere() async throws {
        try await TestServer().test { client async throws in
            let put = try await client.send(
                .post,
                Self.uri,
                body: #"""
                    {"id": null, "reads": null, "checks": null, "deadlineMs": null,
                     "writes": [{"key": "a", "value": "", "delete": null, "insert": null}],
                     "adds": [{"key": "n", "delta": 5, "floor": null, "ceiling": null}]}
                    """#
            )
            #expect(put.status == 200)
            let look = try await client.send(
                .post,
                Self.uri,
                body: #"{"reads": ["a"], "checks": [{"key": "a", "exists": true, "version": null}]}"#
            )
            let version = try #require(look.json["reads"].array?.first?["version"].string)
            let deletion = try await client.send(
                .post,
                Self.uri,
                body: #"""
                    {"checks": [{"key": "a", "exists": null, "version": "\#(version)"}], "adds": null,
                     "writes": [{"key": "a", "delete": true, "value": null, "insert": null}]}
                    """#
            )
            #expect(deletion.status == 200)
            let after = try await client.send(.post, Self.uri, body: #"{"reads": ["a", "n"]}"#)
            #expect(after.json["reads"].array?.map { $0["value"].string } == [nil, Self.base64("5")])
        }
    }

    @Test func limitsAreToldWithTheirPlace() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let tooMuch = [UInt8](repeating: 0, count: KeyValueLimits.valueBytes + 1)
            let value = String(decoding: Base64.encode(tooMuch), as: UTF8.self)
            let large = try await client.send(
                .post,
                Self.uri,
                body: #"{"writes": [{"key": "a", "value": "\#(value)"}]}"#
            )
            #expect(large.status == 422)
            #expect(large.json["errors"].array?.first?["pointer"].string == "/writes/0/value")
            let adds = (0..<600).map { #"{"key": "n\#($0)", "delta": 1}"# }.joined(separator: ",")
            let checks = (0..<401).map { #"{"key": "c\#($0)", "exists": false}"# }.joined(separator: ",")
            let many = try await client.send(.post, Self.uri, body: #"{"checks": [\#(checks)], "adds": [\#(adds)]}"#)
            #expect(many.status == 422)
            #expect(many.json["errors"].array?.first?["pointer"].string == "/adds")
            let body = [UInt8](repeating: UInt8(ascii: " "), count: (2 << 20) + 1)
            let whole = try await client.send(.post, Self.uri, body: body)
            #expect(whole.status == 413 && whole.code == "body-too-large")
            #expect(server.backend.contents.isEmpty)
            let most = (0..<1_000).map { #"{"key": "n\#($0)", "delta": 1}"# }.joined(separator: ",")
            #expect(try await client.send(.post, Self.uri, body: #"{"adds": [\#(most)]}"#).status == 200)
            // The record of an id comes on top.
            for _ in 0..<2 {
                let withID = try await client.send(.post, Self.uri, body: #"{"id": "t", "adds": [\#(most)]}"#)
                #expect(withID.status == 200)
            }
            #expect(server.backend.contents.allSatisfy { $0.entry.content != .counter(3) })
        }
    }

    @Test(arguments: ["", "{", #"{"reads": ["a"]} x"#, #"{"reads": ["\ud800"]}"#])
    func whatIsNoJSONIsMalformed(body: String) async throws {
        try await TestServer().test { client async throws in
            #expect(try await client.send(.post, Self.uri, body: body).code == "malformed-json")
            let latin = Array(#"{"reads": [""#.utf8) + [0xE4] + Array(#""]}"#.utf8)
            #expect(try await client.send(.post, Self.uri, body: latin).code == "malformed-json")
            let text = try await client.send(.post, Self.uri, [.contentType: "text/plain"], body: #"{"reads": ["a"]}"#)
            #expect(text.status == 415)
        }
    }

    // MARK: Ids

    @Test func anIDHappensOnceAndItsReplayHasNoReads() async throws {
        try await TestServer().test { client async throws in
            let body = #"{"id": "t-1", "reads": ["n"], "adds": [{"key": "n", "delta": 5}]}"#
            let first = try await client.send(.post, Self.uri, body: body)
            #expect(first.status == 200 && first.json["id"].string == "t-1" && first.json["reads"].array?.count == 1)
            let again = try await client.send(.post, Self.uri, body: body)
            #expect(again.status == 200 && again.json["outcome"].string == "committed")
            #expect(again.json["timestamp"] == first.json["timestamp"] && again.json["reads"] == .null)
            let seen = try await client.send(.get, "/v1/kv-transactions/t-1")
            #expect(seen.json["timestamp"] == first.json["timestamp"])
            let look = try await client.send(.post, Self.uri, body: #"{"reads": ["n"]}"#)
            #expect(look.json["reads"].array?.first?["value"].string == Self.base64("5"))
            #expect(try await client.send(.get, "/v1/kv-transactions/t-2").status == 404)
        }
    }

    @Test func anIDWithAnotherBodyIsRefused() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let body = #"{"id": "t", "adds": [{"key": "n", "delta": 5}]}"#
            #expect(try await client.send(.post, Self.uri, body: body).status == 200)
            let before = server.backend.contents
            let other = try await client.send(.post, Self.uri, body: body.replacing("5", with: "6"))
            #expect(other.status == 422 && other.code == "id-reused")
            #expect(other.json["errors"].array?.first?["pointer"].string == "/id")
            #expect(server.backend.contents == before)
            // The same, written otherwise, is the same.
            let same = #"{ "adds": [{"delta": 5, "key": "\u006e"}], "id": "t" }"#
            #expect(try await client.send(.post, Self.uri, body: same).status == 200)
            #expect(server.backend.contents == before)
        }
    }

    @Test func aRefusalOfAnIDIsFinal() async throws {
        try await TestServer().test { client async throws in
            let body = #"{"id": "t", "checks": [{"key": "a", "exists": true}], "adds": [{"key": "n", "delta": 5}]}"#
            #expect(try await client.send(.post, Self.uri, body: body).code == "check-failed")
            let put = #"{"writes": [{"key": "a", "value": ""}]}"#
            #expect(try await client.send(.post, Self.uri, body: put).status == 200)
            let again = try await client.send(.post, Self.uri, body: body)
            #expect(again.status == 409 && again.code == "check-failed" && again.json["key"].string == "a")
            #expect(try await client.send(.get, "/v1/kv-transactions/t").code == "check-failed")
        }
    }

    @Test func anUnknownOutcomeIsLearntByTheID() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let body = #"{"id": "t", "adds": [{"key": "n", "delta": 5}]}"#
            server.backend.failures = FailureOdds(unknownWithEffect: 1_000)
            let lost = try await client.send(.post, Self.uri, body: body)
            #expect(lost.status == 504 && lost.code == "outcome-unknown")
            #expect(lost.json["outcome"].string == "unknown")
            let location = try #require(lost.headers[.location])
            server.backend.failures = .none
            #expect(try await client.send(.get, location).json["outcome"].string == "committed")
            #expect(try await client.send(.post, Self.uri, body: body).json["outcome"].string == "committed")
            let look = try await client.send(.post, Self.uri, body: #"{"reads": ["n"]}"#)
            #expect(look.json["reads"].array?.first?["value"].string == Self.base64("5"))
        }
    }

    // MARK: What is read

    private static func reading(_ count: Int, of key: String, _ more: String = "") -> String {
        let keys = [String](repeating: #""\#(key)""#, count: count).joined(separator: ",")
        return #"{\#(more)"reads": [\#(keys)], "writes": [{"key": "z", "value": ""}]}"#
    }

    private static let big = OperatorKeys.stored(Array("big".utf8))
    private static let bigValue = [UInt8](repeating: 7, count: KeyValueLimits.valueBytes)

    /// However often one key is read: the answer counts.
    @Test(arguments: [4, 999])
    func whoReadsTooMuchChangesNothing(count: Int) async throws {
        let server = try await TestServer()
        server.backend.damage(Self.big, .bytes(Self.bigValue))
        try await server.test { client async throws in
            let before = server.backend.contents
            let answer = try await client.send(.post, Self.uri, body: Self.reading(count, of: "big"))
            #expect(answer.status == 422 && answer.code == "invalid")
            #expect(answer.json["errors"].array?.first?["pointer"].string == "/reads")
            #expect(answer.json["outcome"].string == "refused")
            #expect(server.backend.contents == before)
            let most = try await client.send(.post, Self.uri, body: Self.reading(3, of: "big"))
            let value = String(decoding: Base64.encode(Self.bigValue), as: UTF8.self)
            #expect(most.status == 200)
            #expect(most.json["reads"].array?.map { $0["value"].string } == [value, value, value])
        }
    }

    @Test func whoReadsTooMuchUnderAnIDIsRefusedForGood() async throws {
        let server = try await TestServer()
        let body = Self.reading(5, of: "big", #""id": "t", "#)
        let earlier = Self.reading(5, of: "big", #""id": "earlier", "#)
        try await server.test { client async throws in
            #expect(try await client.send(.post, Self.uri, body: earlier).status == 200)
            server.backend.damage(Self.big, .bytes(Self.bigValue))
            #expect(try await client.send(.post, Self.uri, body: body).status == 422)
            // What has happened stays so, whatever it would read by now.
            let again = try await client.send(.post, Self.uri, body: earlier)
            #expect(again.status == 200 && again.json["outcome"].string == "committed")
            server.backend.damage(Self.big, nil)
            let before = server.backend.contents
            for _ in 0..<2 {
                let refused = try await client.send(.post, Self.uri, body: body)
                #expect(refused.status == 422 && refused.json["outcome"].string == "refused")
            }
            #expect(try await client.send(.get, "/v1/kv-transactions/t").status == 422)
            #expect(server.backend.contents == before)
        }
    }

    @Test(arguments: ["", #""id": "t", "#])
    func whoseAnswerHasNoRoomChangesNothing(id: String) async throws {
        var options = HTTPOptions(host: "127.0.0.1", port: 0)
        options.heldBytesLimit = 100_000
        let server = try await TestServer(options)
        server.backend.damage(Self.big, .bytes([UInt8](repeating: 7, count: 90_000)))
        try await server.test { client async throws in
            let before = server.backend.contents
            let body = Self.reading(1, of: "big", id)
            let refused = try await client.send(.post, Self.uri, body: body)
            #expect(refused.status == 503 && refused.code == "overloaded")
            #expect(server.backend.contents == before)
            server.backend.damage(Self.big, .bytes([UInt8](repeating: 7, count: 60_000)))
            #expect(try await client.send(.post, Self.uri, body: body).status == 200)
            // Whatever was reserved has come back.
            #expect(try await client.send(.post, Self.uri, body: Self.reading(1, of: "big")).status == 200)
        }
    }
}
