import API
import GalaCertificates
import GalaNode
import KVStore
import Logging
import Raft
import ServiceLifecycle

extension Server {
    /// Opens the node's store and connects it with the others.
    ///
    /// - Throws: ``StartFailure``, upon which nothing runs.
    func openNode(_ logger: Logger) async throws -> NodeParts {
        let node: Node
        do {
            node = try await Node.start(try configuration.node, logger: logger)
        } catch let error as NodeStartFailure {
            throw StartFailure("\(error)")
        }
        do {
            try await bootstrap(node, logger)
        } catch {
            await node.stop()
            throw error
        }
        let control = NodeControl(node, configuration)
        return NodeParts(
            store: node,
            inspector: control,
            operations: control,
            database: Database(node),
            service: EndingService { await node.stop() },
            retreat: RetreatService(control: control)
        )
    }

    /// Makes the meta partition's first replica of a new cluster, where that is wanted; or makes sure that this is none.
    /// All others follow from what the cluster then writes down in it.
    ///
    /// A node whose disk was lost must not begin anew by itself: what it had promised to others is forgotten.
    private func bootstrap(_ node: Node, _ logger: Logger) async throws {
        let known = try await node.withLoop { $0.store.partitions.count + $0.store.recovery.failures.count }
        if known > 0 { return }
        guard isBootstrapping else {
            throw StartFailure(
                """
                \(configuration.dataDirectory) holds no replica. If this is a new cluster, start all its nodes once with \
                --bootstrap. If it is not, the data was lost: put the directory back as the node has left it, never an \
                older copy. A node that has lost its data cannot be replaced yet; the others go on without it as long as \
                they are a majority.
                """
            )
        }
        let voters = configuration.voters
        let refusal: CreationRefusal? = try await node.asking { loop, reply in
            loop.create(StoreLoop.metaPartition, initial: Raft.Configuration(voters: voters), reply: reply)
        }
        if let refusal { throw StartFailure("the meta partition cannot be made: \(refusal)") }
        logger.notice("a new cluster begins", metadata: ["nodes": "\(voters.map(\.rawValue))"])
    }
}

extension Configuration {
    /// All nodes, ascending.
    fileprivate var voters: [NodeID] { ([nodeID] + peers.keys).sorted().map { NodeID($0) } }

    fileprivate var node: NodeConfiguration {
        get throws {
            let security: TransportSecurity
            if let identity {
                security = .mutualTLS(
                    NodeCertificateFiles(
                        certificate: identity.certificate.chain,
                        key: identity.certificate.key,
                        authority: identity.authority
                    )
                )
            } else {
                security = .plaintextForTests
            }
            var configuration = NodeConfiguration(
                node: NodeID(nodeID),
                cluster: ClusterID(clusterNumber),
                directory: dataDirectory,
                listen: NodeAddress(host: nodeListen.host, port: nodeListen.port),
                peers: Dictionary(
                    uniqueKeysWithValues: peers.map {
                        (NodeID($0), NodeAddress(host: $1.host, port: $1.port))
                    }
                ),
                security: security
            )
            configuration.loop.placement = PlacementOptions()
            configuration.loop.placement?.partitions = partitions
            return configuration
        }
    }
}

/// Waits for graceful shutdown; then the node says that it goes, and gives away what it leads, while it still serves.
private struct RetreatService: Service {
    let control: NodeControl

    func run() async throws {
        try await gracefulShutdown()
        await control.retreat()
    }
}

/// Waits for the end, then ends something in good order: after a graceful shutdown as well as when another service has
/// failed, or took too long to end.
struct EndingService: Service {
    let end: @Sendable () async -> Void

    func run() async throws {
        try? await gracefulShutdown()
        // A task of its own: that this one may be cancelled must not cut the end short.
        await Task { await end() }.value
    }
}
