import Logging

/// How a node is to run: every setting, checked.
struct Configuration: Equatable {
    /// A name or an address, and a port.
    struct Address: Equatable, CustomStringConvertible {
        let host: String
        let port: Int

        var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// A certificate and its key, both PEM files.
    struct Certificate: Equatable {
        let chain: String
        let key: String
    }

    /// What the node shows to other nodes, and whom it believes.
    struct Identity: Equatable {
        let certificate: Certificate
        /// The file with the certificate of the cluster's authority.
        let authority: String
    }

    /// The same on every node: nodes and tokens of other clusters are not believed.
    var clusterID: String
    /// The id as nodes tell it each other: its letters, one after the other, as one number.
    var clusterNumber: UInt128 { clusterID.utf8.reduce(0) { $0 << 8 | UInt128($1) } }
    /// The other nodes, and where they listen for nodes.
    var peers: [UInt64: Address]
    /// Which node this is, from 1 on. A data directory belongs to one for ever.
    var nodeID: UInt64
    /// Where the node listens for other nodes.
    var nodeListen: Address
    /// How nodes prove who they are; nil only where all of them are on the loopback interface.
    var identity: Identity?
    /// Where it listens for HTTP.
    var httpListen: Address
    /// nil to speak HTTP without TLS.
    var httpCertificate: Certificate?
    /// The most HTTP connections that are served at once.
    var httpConnections: Int
    /// How many requests a user may make in a second, on each node.
    var userRequestsPerSecond: Int
    /// How many may sign up from an address in a minute, on each node.
    var signUpsPerMinute: Int
    /// Where everything is kept.
    var dataDirectory: String
    /// With how many partitions a new cluster begins; of no meaning afterwards.
    var partitions: Int
    /// The file of operators' accounts.
    var accountsFile: String
    /// The file of the keys that sign tokens.
    var tokenKeysFile: String
    /// How long a token holds that a login gives.
    var tokenSeconds: Int
    /// The least level that is logged.
    var logLevel: Logger.Level
}
