import FoundationEssentials
import GalaCertificates
import Glibc
import KVStore
import Logging
import Raft
import Testing

@testable import GalaNode

/// A directory that goes when the test is over.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/gala-node-XXXXXX\0".utf8).map { CChar(bitPattern: $0) }
        guard let made = mkdtemp(&template) else { preconditionFailure("no temporary directory") }
        path = String(cString: made)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Waits until something holds, looking again and again; fails the test when the time is over.
func eventually(
    _ what: String,
    within limit: Duration = .seconds(30),
    _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while try await !condition() {
        if clock.now >= end { throw TooLate(what: what) }
        try await Task.sleep(for: .milliseconds(2))
    }
}

struct TooLate: Error { let what: String }

/// Real nodes on the loopback interface, with certificates of one authority and directories of their own.
final class TestCluster {
    static let partition = PartitionID(1)

    let directory = TemporaryDirectory()
    let authority: CertificateAuthority
    let cluster = ClusterID(0xC1)
    let ids: [NodeID]
    private(set) var nodes: [NodeID: Node] = [:]
    var adjust: (inout NodeConfiguration) -> Void = { _ in }
    private var lastCommand: UInt64 = 0

    init(_ count: Int) throws {
        ids = (1...UInt64(count)).map { NodeID($0) }
        authority = try CertificateAuthority.create(in: "\(directory.path)/certificates")
    }

    func configuration(of id: NodeID) throws -> NodeConfiguration {
        let files = try authority.issue(node: id.rawValue, in: "\(directory.path)/certificates")
        var peers: [NodeID: NodeAddress] = [:]
        for other in ids where other != id {
            peers[other] = nodes[other]?.address ?? NodeAddress(host: "127.0.0.1", port: 1)
        }
        var configuration = NodeConfiguration(
            node: id,
            cluster: cluster,
            directory: "\(directory.path)/node-\(id)",
            listen: NodeAddress(host: "127.0.0.1", port: 0),
            peers: peers,
            security: .mutualTLS(files)
        )
        // The disks of test machines may be fuller than a node likes.
        configuration.loop.reservedDiskBytes = 16 << 20
        configuration.loop.criticalDiskBytes = 4 << 20
        configuration.loop.resumeDiskBytes = 17 << 20
        adjust(&configuration)
        return configuration
    }

    /// Starts a node, and tells the others where it is now.
    @discardableResult
    func start(_ id: NodeID) async throws -> Node {
        let node = try await Node.start(try configuration(of: id), logger: quiet) { code in
            Issue.record("a store has failed: \(code)")
        }
        nodes[id] = node
        for other in nodes.values where other.id != id { other.setAddress(node.address, of: id) }
        return node
    }

    /// Starts all, and makes a group of all of them.
    func startAll() async throws {
        for id in ids { try await start(id) }
        for id in ids {
            let configuration = Configuration(voters: ids)
            let refusal = try await nodes[id]?.asking { loop, reply in
                loop.create(Self.partition, initial: configuration, reply: reply)
            }
            #expect(refusal == .some(nil))
        }
    }

    func stop(_ id: NodeID) async { await nodes.removeValue(forKey: id)?.stop() }

    func abandon(_ id: NodeID) async { await nodes.removeValue(forKey: id)?.abandon() }

    func stopAll() async { for id in ids { await stop(id) } }

    // MARK: Requests

    func status(of id: NodeID) async throws -> RaftStatus? {
        try await nodes[id]?.withLoop { $0.store.status(of: Self.partition) } ?? nil
    }

    func leader() async throws -> NodeID? {
        for id in nodes.keys.sorted() where try await status(of: id)?.role == .leader { return id }
        return nil
    }

    func waitForLeader() async throws -> NodeID {
        var found: NodeID?
        try await eventually("somebody leads") {
            found = try await self.leader()
            return found != nil
        }
        return try #require(found)
    }

    /// Writes, at whoever leads, until it is decided.
    func put(_ key: String, _ value: String) async throws {
        lastCommand += 1
        let id = CommandID(UInt128(lastCommand))
        try await eventually("\(key) is written") {
            for node in self.nodes.values {
                guard let answer = try? await node.put(id, Array(key.utf8), Array(value.utf8)) else { continue }
                if case .decided = answer { return true }
            }
            return false
        }
    }

    /// Reads at one node until that is confirmed.
    func read(_ key: String, at id: NodeID) async throws -> String? {
        let node = try #require(nodes[id])
        var value: [UInt8]?
        try await eventually("\(key) is read at \(id)") {
            let answer = try? await node.read(Self.partition, key: Array(key.utf8))
            guard case .value(let found, _)? = answer else { return false }
            value = found
            return true
        }
        return value.map { String(decoding: $0, as: UTF8.self) }
    }
}

extension Node {
    func put(_ id: CommandID, _ key: [UInt8], _ value: [UInt8]) async throws -> CommandAnswer {
        let command = Command(
            id: id,
            mintedAt: .zero,
            operations: [.put(key: key[...], value: value[...])]
        )
        return try await submit(command, to: TestCluster.partition)
    }

    /// True once a connection has failed in a way that `matches`.
    func hasFailed(_ matches: (ConnectionFailure) -> Bool) -> Bool { recentFailures.contains { matches($0.reason) } }
}

/// Logs nothing, unless somebody looks for a reason.
let quiet: Logger = {
    var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    if getenv("GALA_TEST_LOG") != nil {
        logger = Logger(label: "test") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .debug
    }
    return logger
}()
