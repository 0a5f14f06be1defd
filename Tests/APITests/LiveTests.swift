import HTTPTypes
import HummingbirdTesting
import Logging
import ServiceLifecycle
import Testing

@testable import API

/// What only a real connection shows: limits and times of those who do not keep to them.
@Suite(.timeLimit(.minutes(1))) struct LiveTests {
    private func withServer(
        transferSeconds: Int64 = 30,
        idleSeconds: Int64 = 60,
        connectionsLimit: Int = 10_000,
        _ script: @Sendable (Int, String) async throws -> Void
    ) async throws {
        var options = HTTPOptions(host: "127.0.0.1", port: 0)
        options.transferSeconds = transferSeconds
        options.idleSeconds = idleSeconds
        options.connectionsLimit = connectionsLimit
        try await TestServer(options).test(.live) { client async throws in
            try await script(try #require(client.port), client.token)
        }
    }

    @Test func bodiesThatTrickleEndInATimeOut() async throws {
        try await withServer(transferSeconds: 1) { port, token in
            let heard = try await RawConnection.with(port: port) { connection in
                try await connection.say(
                    "PUT /v1/kv/a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\nContent-Length: 10\r\n\r\nab"
                )
                return try await connection.hear()
            }
            #expect(heard.hasPrefix("HTTP/1.1 408 "))
            #expect(heard.hasSuffix(#""status":408,"code":"request-timeout"}"#))
        }
    }

    /// Nobody may hold up the end of a node by sending slowly.
    @Test func bodiesThatAreNotWholeAreTurnedAwayWhenTheServerEnds() async throws {
        var options = HTTPOptions(host: "127.0.0.1", port: 0)
        options.endingSeconds = 1
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let server = try await TestServer(options) { port.yield($0) }
        let token = try await server.adminToken()
        let group = ServiceGroup(
            services: [server.service],
            logger: Logger(label: "test") { JSONLogHandler(label: $0, level: .critical) }
        )
        let heard = try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var arrived = ports.makeAsyncIterator()
            let heard = try await RawConnection.with(port: try #require(await arrived.next())) { connection in
                try await connection.say(
                    "PUT /v1/kv/a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\nContent-Length: 10\r\n"
                        + "Expect: 100-continue\r\n\r\n"
                )
                _ = try await connection.hear(until: "\r\n\r\n")
                await group.triggerGracefulShutdown()
                return try await connection.hear()
            }
            try await tasks.waitForAll()
            return heard
        }
        #expect(heard.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 "))
        #expect(heard.hasSuffix(#""code":"stopping"}"#))
    }

    @Test func headsThatNeverEndAreCutOff() async throws {
        try await withServer(idleSeconds: 1) { port, _ in
            let heard = try await RawConnection.with(port: port) { connection in
                try await connection.say("GET /livez HTTP/1.1\r\nHost:")
                return try await connection.hear()
            }
            #expect(heard == "")
        }
    }

    @Test func connectionsBeyondTheLimitAreToldSo() async throws {
        try await withServer(connectionsLimit: 2) { port, _ in
            // The test's own connection may be one of the two.
            try await RawConnection.with(port: port) { first in
                let one = try await first.ask("/livez", until: "ok\n")
                try await RawConnection.with(port: port) { second in
                    let two = try await second.ask("/livez", until: nil)
                    try await RawConnection.with(port: port) { third in
                        let three = try await third.ask("/livez", until: nil)
                        #expect(three.hasPrefix("HTTP/1.1 503 "))
                        #expect(three.contains("retry-after: 1") || three.contains("Retry-After: 1"))
                        #expect(three.hasSuffix(#""code":"overloaded"}"#))
                    }
                    #expect(two.hasPrefix("HTTP/1.1 200 ") || two.hasPrefix("HTTP/1.1 503 "))
                }
                #expect(one.hasPrefix("HTTP/1.1 200 "))
            }
        }
    }

    @Test(arguments: [
        "\u{16}\u{3}\u{1}\u{2}\u{0}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nbad header\r\n\r\n",
        "GET / HTTP/1.1\r\nX: \(String(repeating: "a", count: 40_000))\r\n\r\n",
        "GET /\(String(repeating: "a", count: 40_000)) HTTP/1.1\r\n\r\n",
        "PUT /v1/kv/a HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "PUT /v1/kv/a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ])
    func whatIsNotHTTPIsAnsweredAndTheServerLives(garbage: String) async throws {
        try await withServer { port, _ in
            let heard = try await RawConnection.with(port: port) { connection in
                try await connection.say(garbage)
                return try await connection.hear()
            }
            let isTold = heard.hasPrefix("HTTP/1.1 400 ") && heard.hasSuffix(#""status":400,"code":"malformed"}"#)
            #expect(isTold || heard == "", "\(heard)")
            let alive = try await RawConnection.with(port: port) { try await $0.ask("/livez", until: "ok\n") }
            #expect(alive.hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func whatIsNotHTTPIsAProblemToo() async throws {
        try await withServer { port, _ in
            let heard = try await RawConnection.with(port: port) { connection in
                try await connection.say("GET /livez HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nbad header\r\n\r\n")
                return try await connection.hear()
            }
            #expect(heard.contains("ok\nHTTP/1.1 400 "))
            #expect(heard.lowercased().contains("content-type: application/problem+json\r\n"))
            #expect(heard.hasSuffix(#""status":400,"code":"malformed"}"#))
        }
    }

    @Test func bodiesThatStopBeingHTTPAreTheClientsFault() async throws {
        try await withServer { port, token in
            let heard = try await RawConnection.with(port: port) { connection in
                try await connection.say(
                    "PUT /v1/kv/a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"
                )
                return try await connection.hear()
            }
            #expect(heard.hasPrefix("HTTP/1.1 400 "))
            #expect(heard.contains(#""code":"malformed""#))
        }
    }

    @Test func clientsThatWaitForPermissionToSendGetIt() async throws {
        try await withServer { port, token in
            try await RawConnection.with(port: port) { connection in
                try await connection.say(
                    "PUT /v1/kv/a HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\nContent-Length: 2\r\n"
                        + "Expect: 100-continue\r\nConnection: close\r\n\r\n"
                )
                #expect(try await connection.hear(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
                try await connection.say("ab")
                #expect(try await connection.hear().contains("HTTP/1.1 204 No Content\r\n"))
            }
        }
    }

    @Test func requestsThatFollowEachOtherAreAnsweredInTurn() async throws {
        try await withServer { port, token in
            let heard = try await RawConnection.with(port: port) { connection in
                let head = " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n"
                try await connection.say(
                    "PUT /v1/kv/a\(head)Content-Length: 3\r\n\r\none" + "GET /v1/kv/a\(head)\r\n"
                        + "GET /livez\(head)Connection: close\r\n\r\n"
                )
                return try await connection.hear()
            }
            let statuses = heard.matches(of: /HTTP\/1.1 (\d+)/).map { String($0.1) }
            #expect(statuses == ["204", "200", "200"])
        }
    }
}

extension RawConnection.Conversation {
    fileprivate mutating func ask(_ path: String, until end: String?) async throws -> String {
        let close = end == nil ? "Connection: close\r\n" : ""
        try await say("GET \(path) HTTP/1.1\r\nHost: a\r\n\(close)\r\n")
        return try await hear(until: end)
    }
}
