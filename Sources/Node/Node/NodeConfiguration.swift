public import KVStore
public import Raft

/// What a node is told at its start.
public struct NodeConfiguration: Sendable {
    /// Who it is. An id belongs to one data directory for ever.
    public var node: NodeID
    /// The cluster that it belongs to.
    public var cluster: ClusterID
    /// Where its data lies; its parent exists.
    public var directory: String
    /// Where it listens for other nodes.
    public var listen: NodeAddress
    /// The other nodes of the cluster, and where they listen.
    public var peers: [NodeID: NodeAddress]
    /// How nodes prove to each other who they are.
    public var security: TransportSecurity
    /// The times and limits of connections.
    public var transport = TransportOptions()
    /// The times and limits of the store's loop.
    public var loop = StoreLoopOptions()
    /// How the engine is set up, but for its directory; nil for the usual way.
    public var engine: RocksOptions?

    /// A configuration with the usual times and limits.
    public init(
        node: NodeID,
        cluster: ClusterID,
        directory: String,
        listen: NodeAddress,
        peers: [NodeID: NodeAddress],
        security: TransportSecurity
    ) {
        self.node = node
        self.cluster = cluster
        self.directory = directory
        self.listen = listen
        self.peers = peers
        self.security = security
    }

    func validate() throws(NodeStartFailure) {
        if peers[node] != nil { throw .configuration(field: "peers", rule: "must not contain the node itself") }
        if directory.isEmpty { throw .configuration(field: "directory", rule: "must not be empty") }
        if !(0...65_535).contains(listen.port) {
            throw .configuration(field: "listen", rule: "must have a port up to 65535")
        }
    }
}

/// Why a node did not start. Nothing runs.
public enum NodeStartFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// A field of the configuration breaks a rule.
    case configuration(field: String, rule: String)
    /// The store cannot be opened.
    case store(StoreLoopError)
    /// The certificate files cannot be used.
    case transport(ConnectionFailure)
    /// The node cannot listen at its address.
    case listen(NodeAddress, String)

    /// What happened, for an operator.
    public var description: String {
        switch self {
        case .configuration(let field, let rule): "\(field) \(rule)"
        case .store(let error): "\(error)"
        case .transport(let failure): "\(failure)"
        case .listen(let address, let reason): "cannot listen at \(address): \(reason)"
        }
    }
}

/// The node is stopping, has stopped or has failed: nobody will answer.
public struct NodeStopped: Error, Hashable, Sendable {
    /// There is nothing else to say.
    public init() {}
}
