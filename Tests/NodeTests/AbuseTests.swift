import Glibc
import Raft
import Testing

@testable import GalaNode
@testable import KVStore

@Suite("What strangers do to the port between nodes", .serialized, .timeLimit(.minutes(2)))
struct AbuseTests {
    /// One node of two, without TLS, so that a raw socket reaches the handshake.
    private func openNode(_ adjust: @escaping (inout TransportOptions) -> Void = { _ in }) async throws -> TestCluster {
        let cluster = try TestCluster(2)
        cluster.adjust = { configuration in
            configuration.security = .plaintextForTests
            configuration.transport.backoff = .milliseconds(10)...(.milliseconds(50))
            adjust(&configuration.transport)
        }
        try await cluster.start(NodeID(1))
        return cluster
    }

    private func hello(
        node: UInt64 = 2,
        cluster: UInt128 = 0xC1,
        versions: ClosedRange<UInt8> = 1...1,
        traffic: TrafficClass = .consensus
    ) -> Hello {
        Hello(versions: versions, cluster: ClusterID(cluster), node: NodeID(node), incarnation: 7, traffic: traffic)
    }

    /// The node still serves: a well-behaved peer is greeted.
    private func isAlive(_ node: Node) async throws -> Bool {
        let before = node.metrics.connectionsAccepted
        let connection = try RawConnection(to: node.address)
        connection.send(hello(traffic: .bulk))
        var bytes = [UInt8](repeating: 0, count: 64)
        guard recv(connection.descriptor, &bytes, bytes.count, 0) > 0 else { return false }
        try await eventually("the peer is let in") { node.metrics.connectionsAccepted > before }
        return true
    }

    /// The node gives a connection up in this way, so many times.
    private func expect(
        _ node: Node,
        fails count: Int = 1,
        _ what: String,
        _ matches: (ConnectionFailure) -> Bool
    ) async throws {
        try await eventually(what) { node.recentFailures.filter { matches($0.reason) }.count == count }
    }

    @Test("garbage ends its connection, with TLS and without")
    func garbage() async throws {
        for isSecure in [false, true] {
            let cluster = try TestCluster(2)
            if !isSecure { cluster.adjust = { $0.security = .plaintextForTests } }
            let node = try await cluster.start(NodeID(1))
            var random = SeededGenerator(seed: 1)
            for count in [1, 16, 100, 5_000, 100_000] {
                let connection = try RawConnection(to: node.address)
                connection.send((0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) })
                // A beginning may still become something; it must not wait for that for ever.
                if count >= 16 { #expect(connection.isEnded()) }
            }
            try await eventually("they are refused") { node.metrics.connectionsRefused >= 4 }
            #expect(node.metrics.connectionsAccepted == 0)
            try await cluster.start(NodeID(2))
            try await eventually("the node still takes connections") { node.metrics.connectionsAccepted > 0 }
            await cluster.stopAll()
        }
    }

    @Test("a frame that says it is huge is not waited for")
    func hugeFrame() async throws {
        let cluster = try await openNode()
        let node = try #require(cluster.nodes[NodeID(1)])
        let connection = try RawConnection(to: node.address)
        var header: [UInt8] = [0xFF, 0xFF, 0xFF, 0x7F, 1, 1, 0, 0]
        let checksum = header.withUnsafeBytes { Checksum.of($0) }
        header += withUnsafeBytes(of: checksum.littleEndian) { Array($0) } + [0, 0, 0, 0]
        connection.send(header)
        #expect(connection.isEnded())
        try await expect(node, "the size is refused") { if case .frame(.oversize) = $0 { true } else { false } }
        #expect(try await isAlive(node))
        await cluster.stopAll()
    }

    @Test("whoever says nothing, or says it too slowly, is sent away", arguments: [false, true])
    func slowLoris(isSecure: Bool) async throws {
        let cluster = try TestCluster(2)
        cluster.adjust = { configuration in
            if !isSecure { configuration.security = .plaintextForTests }
            configuration.transport.greetingTimeout = .milliseconds(300)
        }
        let node = try await cluster.start(NodeID(1))
        let silent = try RawConnection(to: node.address)
        let slow = try RawConnection(to: node.address)
        var encoder = FrameEncoder()
        encoder.append(hello())
        // What a TLS hello begins with, and of which much is still to come.
        let beginning: [UInt8] = [22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3] + [UInt8](repeating: 0, count: 40)
        for byte in isSecure ? beginning : encoder.takeBytes() {
            guard slow.send([byte]) else { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(silent.isEnded())
        #expect(slow.isEnded())
        try await expect(node, fails: 2, "the time is over") { $0 == .greetingTimedOut }
        if !isSecure { #expect(try await isAlive(node)) }
        await cluster.stopAll()
    }

    @Test("whoever introduces himself wrongly is told why")
    func wrongHello() async throws {
        let cluster = try await openNode()
        let node = try #require(cluster.nodes[NodeID(1)])
        let cases: [(Hello, String)] = [
            (hello(cluster: 0xBAD), "cluster"), (hello(versions: 9...9), "no version in common"),
            (hello(node: 1), "says it is this node"), (hello(node: 77), "peers"),
            (hello(traffic: .requests), "does not belong here"),
        ]
        for (hello, reason) in cases {
            let connection = try RawConnection(to: node.address)
            connection.send(hello)
            let frames = try #require(try connection.framesUntilEnd())
            guard case .error(let error)? = frames.last else {
                Issue.record("no reason was given, but \(frames)")
                continue
            }
            #expect(error.text.contains(reason), "\(error.text)")
        }
        #expect(try await isAlive(node))
        await cluster.stopAll()
    }

    @Test("who is let in must speak for itself only, and send nothing else than messages")
    func wrongMessages() async throws {
        let cluster = try await openNode()
        let node = try #require(cluster.nodes[NodeID(1)])
        let foreign = HeartbeatBundle(from: NodeID(5), to: NodeID(1))
        let cases: [(inout FrameEncoder) throws -> Void] = [
            { try $0.append(StoreMessage.heartbeats(foreign)) },
            { try $0.appendRequest(id: 1, payload: [1]) },
            { $0.append(hello()) },
        ]
        for make in cases {
            let connection = try RawConnection(to: node.address)
            connection.send(hello())
            var encoder = FrameEncoder()
            try make(&encoder)
            connection.send(encoder.takeBytes())
            #expect(connection.isEnded())
        }
        try await expect(node, "a message of another is refused") {
            $0 == .misaddressed(from: NodeID(5), to: NodeID(1))
        }
        try await expect(node, fails: 2, "other frames are refused") { $0 == .unexpectedFrame }
        #expect(node.metrics.messagesReceived == 0)
        #expect(try await isAlive(node))
        await cluster.stopAll()
    }

    @Test("many connections are no more than the limit, and keep no peer out")
    func manyConnections() async throws {
        let cluster = try await openNode { $0.maxConnections = 8 }
        let node = try #require(cluster.nodes[NodeID(1)])
        let crowd = try (0..<100).map { _ in try RawConnection(to: node.address) }
        try await eventually("most are turned away") { node.metrics.connectionsRefused >= 92 }
        #expect(try await isAlive(node))
        try await cluster.start(NodeID(2))
        try await eventually("the peer is let in") { cluster.nodes[NodeID(2)]?.metrics.connects ?? 0 > 0 }
        #expect(crowd.count == 100)
        await cluster.stopAll()
    }

    @Test("a peer that greets and falls silent is given up")
    func silentPeer() async throws {
        let cluster = try await openNode {
            $0.silenceTimeout = .milliseconds(200)
            $0.greetingTimeout = .milliseconds(500)
        }
        let node = try #require(cluster.nodes[NodeID(1)])
        let connection = try RawConnection(to: node.address)
        connection.send(hello())
        #expect(connection.isEnded())
        try await expect(node, "the silence is noticed") { $0 == .silent }
        await cluster.stopAll()
    }

    @Test("a peer that reads nothing costs no more memory than its queue, and is given up")
    func deafPeer() async throws {
        let deaf = try await DeafPeer(hello(traffic: .bulk))
        var options = TransportOptions()
        options.queueBytes = 1 << 20
        options.stallTimeout = .milliseconds(500)
        options.greetingTimeout = .milliseconds(500)
        let counters = NodeCounters()
        let failures = Monitor<[ConnectionFailure]>([])
        let transport = Transport(
            cluster: ClusterID(0xC1),
            node: NodeID(1),
            peers: [NodeID(2): deaf.address],
            security: .plaintextForTests,
            options: options,
            entropy: SystemEntropy(),
            counters: counters,
            logger: quiet
        )
        let events = TransportEvents { _, _ in
        } lost: { _ in
        } received: { _, _ in
        } failed: { _, failure in
            failures.withLock { $0.append(failure) }
        }
        _ = try await transport.start(NodeAddress(host: "127.0.0.1", port: 0), incarnation: 1, events: events)
        let chunk = StoreMessage.snapshot(
            SnapshotMessage(
                partition: PartitionID(1),
                from: NodeID(1),
                to: NodeID(2),
                position: .origin,
                content: .chunk([UInt8](repeating: 7, count: 64 << 10))
            )
        )
        try await eventually("it is given up") {
            transport.send([chunk, chunk, chunk])
            let waiting = transport.waitingBytes(NodeID(2), .bulk)
            #expect(waiting <= options.queueBytes)
            return failures.withLock { $0.contains(.stalled) }
        }
        #expect(counters.messagesDropped.value > 0)
        #expect(deaf.calls >= 1)
        await transport.stop()
        #expect(transport.waitingBytes(NodeID(2), .bulk) == 0)
        try await deaf.stop()
    }
}
