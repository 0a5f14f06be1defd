/// A cluster as one of its nodes sees it at the moment.
public struct ClusterReport: Hashable, Sendable {
    /// A node, as the asked one knows it.
    public struct Node: Hashable, Sendable {
        /// What the asked node thinks of it.
        public enum State: String, Hashable, Sendable {
            /// It is heard of.
            case up
            /// It has not been heard of for a while.
            case down
            /// It serves, but leads nothing, on its way out.
            case draining
        }

        /// Its number, one or more.
        public let id: UInt64
        /// Where it listens for other nodes: `HOST:PORT`.
        public let address: String
        /// What is thought of it.
        public let state: State

        /// Makes one.
        public init(id: UInt64, address: String, state: State) {
            self.id = id
            self.address = address
            self.state = state
        }
    }

    /// Which keys a partition owns, and since when.
    public struct Keys: Hashable, Sendable {
        /// The first key.
        public let lower: [UInt8]
        /// The first key behind the last.
        public let upper: [UInt8]
        /// Grows with every change.
        public let epoch: UInt64

        /// Makes one.
        public init(lower: [UInt8], upper: [UInt8], epoch: UInt64) {
            self.lower = lower
            self.upper = upper
            self.epoch = epoch
        }
    }

    /// A partition, as its replica on the asked node knows it.
    public struct Partition: Hashable, Sendable {
        /// Its number.
        public let id: UInt64
        /// What it owns of users' keys; nil where that is nothing, or not known.
        public let keys: Keys?
        /// The nodes that hold its replicas.
        public let replicas: [UInt64]
        /// The node that leads it, as far as is known.
        public let leader: UInt64?
        /// The leader's term.
        public let term: UInt64
        /// The last log entry that is known to be committed.
        public let committedIndex: UInt64
        /// The last log entry that the asked node has applied.
        public let appliedIndex: UInt64

        /// Makes one.
        public init(
            id: UInt64,
            keys: Keys?,
            replicas: [UInt64],
            leader: UInt64?,
            term: UInt64,
            committedIndex: UInt64,
            appliedIndex: UInt64
        ) {
            self.id = id
            self.keys = keys
            self.replicas = replicas
            self.leader = leader
            self.term = term
            self.committedIndex = committedIndex
            self.appliedIndex = appliedIndex
        }
    }

    /// The cluster's id.
    public let cluster: String
    /// The node that was asked.
    public let answeredBy: UInt64
    /// All nodes, by number.
    public let nodes: [Node]
    /// All partitions of which the asked node knows, by number.
    public let partitions: [Partition]

    /// Makes one.
    public init(cluster: String, answeredBy: UInt64, nodes: [Node], partitions: [Partition]) {
        self.cluster = cluster
        self.answeredBy = answeredBy
        self.nodes = nodes
        self.partitions = partitions
    }
}

extension ClusterReport {
    /// `{"cluster", "answeredBy", "nodes": […], "partitions": […]}`; 64-bit numbers are strings, keys are hexadecimal.
    var json: JSON {
        .object([
            ("cluster", .string(cluster)),
            ("answeredBy", .string(String(answeredBy))),
            ("nodes", .array(nodes.map(\.json))),
            ("partitions", .array(partitions.map(\.json))),
        ])
    }
}

extension ClusterReport.Keys {
    fileprivate var json: JSON {
        .object([
            ("lower", .string(Self.hexadecimal(lower))), ("upper", .string(Self.hexadecimal(upper))),
            ("epoch", .string(String(epoch))),
        ])
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension ClusterReport.Node {
    fileprivate var json: JSON {
        .object([
            ("id", .string(String(id))), ("address", .string(address)), ("state", .string(state.rawValue)),
        ])
    }
}

extension ClusterReport.Partition {
    fileprivate var json: JSON {
        .object([
            ("id", .string(String(id))),
            ("keys", keys?.json ?? .null),
            ("replicas", .array(replicas.map { .string(String($0)) })),
            ("leader", .optional(leader.map { String($0) })),
            ("term", .string(String(term))),
            ("committedIndex", .string(String(committedIndex))),
            ("appliedIndex", .string(String(appliedIndex))),
        ])
    }
}
