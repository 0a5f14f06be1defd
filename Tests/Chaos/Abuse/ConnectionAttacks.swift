import Glibc

extension Attack {
    /// What clients can do to a node's HTTP port with connections alone.
    static let connections: [Attack] = [
        Attack("64 KiB of random bytes") { target in
            let heard = try await target.http((0..<65_536).map { _ in UInt8.random(in: 0...255) })
            return try refusal(heard, "random bytes")
        },
        Attack("a TLS greeting at the plain port") { target in
            let greeting: [UInt8] = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3] + Array(repeating: 7, count: 500)
            return try refusal(try await target.http(greeting), "a TLS greeting")
        },
        Attack("a head that never ends, 16 MiB") { try await endlessHead($0) },
        Attack("a body that never ends, in chunks") { try await endlessBody($0) },
        Attack("1,000 requests at once on one connection") { try await pipeline($0, count: 1_000) },
        Attack("50,000 requests whose answers nobody reads") { try await unread($0, count: 50_000) },
        Attack("2,000 connections that are reset at once") { target in
            let (host, port) = (target.host, target.httpPort)
            try await offload {
                for _ in 0..<2_000 {
                    let connection = try RawConnection(host, port)
                    connection.say("GET /livez HTTP/1.1\r\nHo")
                    connection.resetOnClose()
                }
            }
            return "all accepted"
        },
        Attack("300 clients that send a byte now and then") { try await trickle($0, count: 300) },
        Attack("12,000 connections at once") { try await crowd($0, count: 12_000) },
    ]

    /// What a node said to what is no request.
    private static func refusal(_ heard: Heard, _ what: String) throws -> String {
        guard heard.isClosed || heard.statuses.first == 400 else { throw Violation("\(what): not refused") }
        return heard.statuses.first.map { "\($0)" } ?? "closed"
    }

    private static func endlessHead(_ target: Target) async throws -> String {
        let (host, port) = (target.host, target.httpPort)
        return try await offload {
            let connection = try RawConnection(host, port)
            connection.say("GET /livez HTTP/1.1\r\nX: ")
            let part = [UInt8](repeating: 97, count: 64 << 10)
            var sent = 0
            while sent < 16 << 20, connection.say(part) { sent += part.count }
            let heard = connection.hear()
            guard heard.isClosed || heard.statuses.first != nil else { throw Violation("an endless head is taken") }
            return "\(heard.statuses.first.map { "\($0)" } ?? "closed") after \(sent >> 10) KiB"
        }
    }

    private static func endlessBody(_ target: Target) async throws -> String {
        let (host, port) = (target.host, target.httpPort)
        let head = target.head("PUT", "/v1/kv/endless", "Transfer-Encoding: chunked\r\n")
        return try await offload {
            let connection = try RawConnection(host, port)
            connection.say(head)
            let chunk = Array("10000\r\n".utf8) + [UInt8](repeating: 97, count: 0x10000) + Array("\r\n".utf8)
            var sent = 0
            while sent < 64 << 20, connection.say(chunk) { sent += chunk.count }
            let heard = connection.hear()
            guard heard.statuses.first == 413 || heard.isClosed else { throw Violation("an endless body is taken") }
            return "\(heard.statuses.first.map { "\($0)" } ?? "closed") after \(sent >> 10) KiB"
        }
    }

    private static func pipeline(_ target: Target, count: Int) async throws -> String {
        let (host, port) = (target.host, target.httpPort)
        return try await offload {
            let connection = try RawConnection(host, port)
            let last = "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            let all = String(repeating: "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", count: count - 1) + last
            connection.say(all)
            let statuses = connection.hear(atMost: 16 << 20).statuses
            guard statuses == Array(repeating: 200, count: count) else {
                throw Violation("\(count) requests at once got \(statuses.count) answers")
            }
            return "\(count) answers"
        }
    }

    private static func unread(_ target: Target, count: Int) async throws -> String {
        let (host, port) = (target.host, target.httpPort)
        let head = target.head("GET", "/v1/cluster")
        return try await offload {
            let connection = try RawConnection(host, port)
            let some = Array(String(repeating: head, count: 100).utf8)
            var sent = 0
            while sent < count, connection.say(some) { sent += 100 }
            return "the node took \(sent) of them"
        }
    }

    private static func trickle(_ target: Target, count: Int) async throws -> String {
        let (host, port) = (target.host, target.httpPort)
        let head = Array(target.head("PUT", "/v1/kv/slow", "Content-Length: 1000\r\n").utf8)
        async let slow: Int = offload {
            let connections = try (0..<count).map { _ in try RawConnection(host, port) }
            for place in 0..<60 {
                for connection in connections { connection.say([head[place]]) }
                usleep(100_000)
            }
            return connections.count
        }
        let began = ContinuousClock.now
        var slowest = Duration.zero
        while ContinuousClock.now - began < .seconds(5) {
            let asked = ContinuousClock.now
            try await target.serves()
            slowest = max(slowest, ContinuousClock.now - asked)
        }
        return "\(try await slow) served beside others; slowest write and read \(Int(slowest / .milliseconds(1))) ms"
    }

    /// More connections than a node serves: those beyond must be told so, and all others served.
    private static func crowd(_ target: Target, count: Int) async throws -> String {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        let (host, port) = (target.host, target.httpPort)
        let process = target.cluster.process(of: target.node)
        let before = await process.residentKiB ?? 0
        let seen = try await offload { () throws -> (open: Int, served: Int, refused: Int, silent: Int) in
            var connections: [RawConnection] = []
            for _ in 0..<count {
                guard let connection = try? RawConnection(host, port) else { break }
                connections.append(connection)
            }
            var (served, refused, silent) = (0, 0, 0)
            let places = stride(from: 0, to: connections.count, by: max(1, connections.count / 200))
            for place in places {
                switch answer(connections[place]) {
                case 200: served += 1
                case 503: refused += 1
                default: silent += 1
                }
            }
            return (connections.count, served, refused, silent)
        }
        let after = await process.residentKiB ?? 0
        guard seen.silent == 0 else { throw Violation("\(seen.silent) of 200 connections: not served, not refused") }
        return "\(seen.open) open; of 200 asked \(seen.served) served, \(seen.refused) refused; memory "
            + "\(before >> 10) MiB before, \(after >> 10) MiB with them"
    }

    /// The status of the answer to a request, 503 if the connection was closed instead; nil if there was none for long.
    private static func answer(_ connection: RawConnection) -> Int? {
        connection.say("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in 0..<3 {
            let heard = connection.hear { $0.contains(UInt8(ascii: "}")) || $0.suffix(3) == Array("ok\n".utf8) }
            if let status = heard.statuses.first { return status }
            if heard.isClosed { return 503 }
        }
        return nil
    }
}
