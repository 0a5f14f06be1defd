import HTTPTypes
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import API

@Suite struct RouteTests {
    @Test(arguments: ["/", "/v1", "/v1/nothing", "/v2/kv/a", "/v1//kv/a", "/livez/x", "*"])
    func unknownRoutesAreNotFound(uri: String) async throws {
        try await TestServer().test { client async throws in
            let answer = try await client.send(.get, uri)
            #expect(answer.status == 404)
            #expect(answer.code == "not-found")
        }
    }

    @Test(arguments: [
        ("PATCH", "/v1/kv/transactions", "GET, PUT, DELETE, POST, HEAD"),
        ("POST", "/v1/kv/a", "GET, PUT, DELETE, HEAD"), ("PATCH", "/v1/kv", "GET, PUT, DELETE, HEAD"),
        ("GET", "/v1/sessions", "POST"), ("DELETE", "/livez", "GET, HEAD"), ("POST", "/metrics", "GET, HEAD"),
        ("OPTIONS", "/v1/cluster", "GET, HEAD"), ("GET", "/v1/cluster/nodes/1/drain", "POST"),
    ])
    func methodsThatAResourceLacksAreNamed(method: String, uri: String, allowed: String) async throws {
        try await TestServer().test { client async throws in
            let answer = try await client.send(try #require(HTTPRequest.Method(method)), uri)
            #expect(answer.status == 405)
            #expect(answer.code == "method-not-allowed")
            #expect(answer.headers[.allow] == allowed)
        }
    }

    @Test func methodsThatNobodyKnowsAreNotImplemented() async throws {
        try await TestServer().test { client async throws in
            let answer = try await client.send(try #require(HTTPRequest.Method("BREW")), "/v1/kv/a")
            #expect(answer.status == 501)
            #expect(answer.code == "method-unknown")
        }
    }

    @Test func requestsHaveIdsThatTravel() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let own = try await client.send(.get, "/v1/kv/a", [.requestID: "my-request.1"])
            #expect(own.headers[.requestID] == "my-request.1")
            #expect(own.json["requestId"] == .string("my-request.1"))
            #expect(server.store.state.withLockedValue { $0.traces.last } == "my-request.1")
            let first = try await client.send(.get, "/livez").headers[.requestID]
            let second = try await client.send(.get, "/livez").headers[.requestID]
            #expect(first?.utf8.count == 16)
            #expect(first != second)
            for bad in ["with space", "a\"b", String(repeating: "a", count: 129), ""] {
                #expect(try await client.send(.get, "/livez", [.requestID: bad]).headers[.requestID] != bad)
            }
        }
    }

    @Test func logsNameTheRequestAsItsAnswerDoes() async throws {
        let lines = NIOLockedValueBox<[String]>([])
        let logger = Logger(label: "test") { label in
            JSONLogHandler(label: label, level: .debug) { line in
                lines.withLockedValue { $0.append(String(buffer: line)) }
            }
        }
        try await TestServer(logger: logger).test { client async throws in
            _ = try await client.send(.get, "/livez", [.requestID: "my-request.2"])
        }
        let told = lines.withLockedValue { $0 }.first { $0.contains("A request was answered.") }
        #expect(told?.contains(#""requestId":"my-request.2""#) == true)
    }

    @Test func tracesAreEchoedWhereTheyAreWellFormed() async throws {
        try await TestServer().test { client async throws in
            let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            #expect(try await client.send(.get, "/livez", [.traceParent: trace]).headers[.traceParent] == trace)
            #expect(try await client.send(.get, "/livez", [.traceParent: "00-x"]).headers[.traceParent] == nil)
        }
    }
}
