import FoundationEssentials
import GalaCertificates
import KVStore
import Raft
import Testing

@testable import GalaNode

@Suite("Whom nodes talk to", .serialized, .timeLimit(.minutes(2)))
struct TrustTests {
    /// Two nodes of which the second is not quite right; returns when either has refused the other in this way.
    private func refusal(
        _ what: String,
        of adjust: @escaping (inout NodeConfiguration) throws -> Void,
        as matches: @escaping (ConnectionFailure) -> Bool
    ) async throws {
        let cluster = try TestCluster(2)
        try await cluster.start(NodeID(1))
        cluster.adjust = { configuration in
            do { try adjust(&configuration) } catch { Issue.record(error) }
        }
        try await cluster.start(NodeID(2))
        try await eventually(what) { cluster.nodes.values.contains { $0.hasFailed(matches) } }
        for node in cluster.nodes.values {
            #expect(node.metrics.connects == 0)
            #expect(node.metrics.messagesReceived == 0)
        }
        await cluster.stopAll()
    }

    private func files(_ node: UInt64, at moment: Date = Date(), in directory: String) throws -> NodeCertificateFiles {
        let authority = try CertificateAuthority.create(in: directory, now: moment)
        return try authority.issue(node: node, in: directory, now: moment)
    }

    @Test("a node with a certificate of another authority is refused")
    func otherAuthority() async throws {
        let directory = TemporaryDirectory()
        try await refusal("another authority's certificate is refused") { configuration in
            configuration.security = .mutualTLS(try self.files(2, in: directory.path + "/other"))
        } as: {
            if case .notTrusted = $0 { true } else { false }
        }
    }

    @Test("a node with an expired certificate is refused")
    func expired() async throws {
        try await refusal("an expired certificate is refused") { configuration in
            guard case .mutualTLS(let good) = configuration.security else { return }
            let directory = String(good.authority.dropLast("/ca.pem".count))
            let authority = try CertificateAuthority.open(in: directory)
            let past = Date() - 1000 * 86_400
            let files = try authority.issue(node: 2, in: directory + "/expired", now: past)
            configuration.security = .mutualTLS(files)
        } as: {
            if case .notTrusted = $0 { true } else { false }
        }
    }

    @Test("a node with another node's certificate is refused")
    func otherNode() async throws {
        try await refusal("another node's certificate is refused") { configuration in
            guard case .mutualTLS(let good) = configuration.security else { return }
            let directory = String(good.authority.dropLast("/ca.pem".count))
            let authority = try CertificateAuthority.open(in: directory)
            configuration.security = .mutualTLS(try authority.issue(node: 3, in: directory))
        } as: {
            if case .otherCertificate(let names, NodeID(2)) = $0 { names.contains("node-3") } else { false }
        }
    }

    @Test("a node of another cluster is refused")
    func otherCluster() async throws {
        try await refusal("another cluster's node is refused") { configuration in
            configuration.cluster = ClusterID(0xC2)
        } as: {
            if case .handshake(.otherCluster(ClusterID(0xC2), own: ClusterID(0xC1))) = $0 { true } else { false }
        }
    }

    @Test("a node that is none of the peers is refused, though its certificate is good")
    func stranger() async throws {
        let cluster = try TestCluster(2)
        let first = try await cluster.start(NodeID(1))
        let files = try cluster.authority.issue(node: 9, in: "\(cluster.directory.path)/certificates")
        let stranger = NodeConfiguration(
            node: NodeID(9),
            cluster: cluster.cluster,
            directory: "\(cluster.directory.path)/node-9",
            listen: NodeAddress(host: "127.0.0.1", port: 0),
            peers: [NodeID(1): first.address],
            security: .mutualTLS(files)
        )
        let node = try await Node.start(stranger, logger: quiet)
        try await eventually("the stranger learns why") {
            node.hasFailed {
                if case .handshake(.refused(let error)) = $0 { error.text.contains("peers") } else { false }
            }
        }
        await node.stop()
        await cluster.stopAll()
    }

    @Test("files that are put right are read without a restart")
    func reload() async throws {
        let cluster = try TestCluster(2)
        let copies = "\(cluster.directory.path)/copies"
        let wrong = try files(2, in: copies)
        try await cluster.start(NodeID(1))
        cluster.adjust = { $0.security = .mutualTLS(wrong) }
        let second = try await cluster.start(NodeID(2))
        try await eventually("it is refused") { second.hasFailed { if case .notTrusted = $0 { true } else { false } } }
        #expect(second.metrics.connects == 0)
        let right = try cluster.authority.issue(node: 2, in: "\(cluster.directory.path)/certificates")
        for (from, to) in [
            (right.key, wrong.key), (right.certificate, wrong.certificate), (right.authority, wrong.authority),
        ] {
            try Data(contentsOf: URL(filePath: from)).write(to: URL(filePath: to), options: .atomic)
        }
        try await eventually("it is let in") { second.metrics.connects > 0 && second.metrics.connectionsAccepted > 0 }
        await cluster.stopAll()
    }

    @Test("a node without usable certificate files does not start, and says so")
    func missingFiles() async throws {
        let cluster = try TestCluster(2)
        cluster.adjust = {
            $0.security = .mutualTLS(
                NodeCertificateFiles(certificate: "/nowhere", key: "/nowhere", authority: "/nowhere")
            )
        }
        await #expect {
            try await cluster.start(NodeID(1))
        } throws: {
            if case NodeStartFailure.transport(.noCredentials) = $0 { true } else { false }
        }
    }

    @Test("two processes do not open one data directory")
    func locked() async throws {
        let cluster = try TestCluster(2)
        try await cluster.start(NodeID(1))
        await #expect {
            _ = try await Node.start(try cluster.configuration(of: NodeID(1)), logger: quiet)
        } throws: {
            if case NodeStartFailure.store = $0 { true } else { false }
        }
        await cluster.stopAll()
    }
}
