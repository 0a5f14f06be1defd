import NIOHTTP1

/// Something that does not belong at a port, and what a node may say to it.
struct Attack: Sendable {
    let name: String
    /// Performs it, and says what was seen.
    ///
    /// - Throws: ``Violation`` where the node did not answer as it must.
    let perform: @Sendable (Target) async throws -> String

    init(_ name: String, _ perform: @escaping @Sendable (Target) async throws -> String) {
        self.name = name
        self.perform = perform
    }
}

/// A node that is attacked.
struct Target: Sendable {
    let cluster: Cluster
    let node: Int
    let directory: String

    var host: String { cluster.files.host(of: node) }
    var httpPort: Int { cluster.files.httpPort(of: node) }
    var peerPort: Int { cluster.files.peerPort(of: node) }
    var token: String { cluster.files.token }

    /// Says something to the node's HTTP port and returns what it says to that.
    func http(_ bytes: [UInt8]) async throws -> Heard {
        let (host, port) = (host, httpPort)
        return try await offload {
            let connection = try RawConnection(host, port)
            connection.say(bytes)
            return connection.hear { bytes in
                // Whoever refuses closes; whoever answers and keeps the connection has said all with its first answer.
                String(decoding: bytes.suffix(8_192), as: UTF8.self).contains("\"requestId\":")
            }
        }
    }

    func http(_ text: String) async throws -> Heard { try await http(Array(text.utf8)) }

    /// A request's head with a good token.
    func head(_ method: String, _ path: String, _ fields: String = "") -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\(fields)\r\n"
    }

    /// Fails unless the node serves: it is alive, takes a write and gives it back.
    func serves() async throws {
        guard await cluster.process(of: node).runs else { throw Violation("node \(node) has ended") }
        let (door, endpoint) = (cluster.door, cluster.endpoint(of: node))
        let end = ContinuousClock.now + .seconds(10)
        var last = ""
        while ContinuousClock.now < end {
            let put = await door.ask(endpoint, .PUT, "/v1/kv/alive", body: Array("yes".utf8), timeout: .seconds(5))
            let get = await door.ask(endpoint, .GET, "/v1/kv/alive", timeout: .seconds(5))
            if case .answer(let put) = put, put.status == 204, case .answer(let get) = get, get.text == "yes" { return }
            last = "\(put.name), \(get.name)"
            try? await Task.sleep(for: .milliseconds(100))
        }
        throw Violation("node \(node) does not serve: \(last)")
    }
}
