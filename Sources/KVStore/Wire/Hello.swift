public import Raft

/// Names a cluster, for ever: nodes of different clusters do not talk to each other.
public struct ClusterID: Hashable, Sendable, CustomStringConvertible {
    /// The number itself, as long as a UUID.
    public let rawValue: UInt128

    /// Wraps a number.
    public init(_ rawValue: UInt128) { self.rawValue = rawValue }

    /// The number, in hexadecimal.
    public var description: String { String(rawValue, radix: 16) }
}

/// What a connection is for. Each class has a connection of its own, so that a snapshot does not delay a heartbeat.
public enum TrafficClass: UInt8, Hashable, Sendable, CaseIterable {
    /// Raft's messages, without those that carry snapshots.
    case consensus = 1
    /// Snapshots.
    case bulk = 2
    /// Requests that one node passes to another, and the answers.
    case requests = 3
}

/// Who a node is, and what it can do: the first frame from either side.
///
///     lowest version: 1 │ highest version: 1 │ cluster: 16 │ node: number │ incarnation: 8 │ traffic class: 1 │
///     later fields
public struct Hello: Hashable, Sendable {
    /// The versions of the protocol that the node can use.
    public let versions: ClosedRange<UInt8>
    /// The cluster that it belongs to.
    public let cluster: ClusterID
    /// The node.
    public let node: NodeID
    /// Drawn anew whenever the node's process starts.
    public let incarnation: UInt64
    /// What the connection is for.
    public let traffic: TrafficClass

    /// The versions that this program can use.
    public static let knownVersions: ClosedRange<UInt8> = 1...1

    /// Introduces a node.
    public init(
        versions: ClosedRange<UInt8> = Self.knownVersions,
        cluster: ClusterID,
        node: NodeID,
        incarnation: UInt64,
        traffic: TrafficClass
    ) {
        precondition(versions.lowerBound > 0, "versions are counted from 1")
        self.versions = versions
        self.cluster = cluster
        self.node = node
        self.incarnation = incarnation
        self.traffic = traffic
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.append(versions.lowerBound)
        bytes.append(versions.upperBound)
        bytes.appendFixed(cluster.rawValue)
        bytes.appendNumber(node.rawValue)
        bytes.appendFixed(incarnation)
        bytes.append(traffic.rawValue)
    }

    init(from reader: inout FieldReader) throws(FieldError) {
        let lowest = try reader.byte("lowest version")
        guard lowest > 0 else { throw FieldError("lowest version", "must not be 0") }
        let highest = try reader.byte("highest version")
        guard highest >= lowest else { throw FieldError("highest version", "must not be below the lowest") }
        versions = lowest...highest
        cluster = ClusterID(try reader.fixed("cluster", as: UInt128.self))
        node = NodeID(try reader.number("node"))
        incarnation = try reader.fixed("incarnation", as: UInt64.self)
        guard let traffic = TrafficClass(rawValue: try reader.byte("traffic class")) else {
            throw FieldError("traffic class", "must be from 1 to \(TrafficClass.allCases.count)")
        }
        self.traffic = traffic
        try reader.skipLaterFields()
    }
}
