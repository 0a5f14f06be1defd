/// What the HTTP side asks a node about itself and its cluster. Answers come from memory, at once.
public protocol ClusterInspector: Sendable {
    /// The cluster as this node sees it.
    func report() async -> ClusterReport

    /// What else must hold before this node should be sent requests, besides knowing every partition's leader: that it
    /// has started, that it is not ending, that its disks have room.
    func readiness() async -> [ReadinessCheck]

    /// The node's measures, for `/metrics`.
    func metrics() async -> [MetricFamily]
}

/// One thing that must hold before a node should be sent requests.
public struct ReadinessCheck: Hashable, Sendable {
    /// Names it, without spaces: `partition-1-leader`.
    public let name: String
    /// Whether it holds.
    public let holds: Bool
    /// What one should know of it, in one line; may be empty.
    public let detail: String

    /// Makes one.
    public init(_ name: String, holds: Bool, detail: String = "") {
        self.name = name
        self.holds = holds
        self.detail = detail
    }
}

/// What operators may have a cluster do.
public protocol ClusterOperator: Sendable {
    /// Has the leader of a partition hand leadership to a node, or to whichever is best.
    func transferLeadership(of partition: UInt64, to node: UInt64?) async throws(ClusterOperationError)

    /// Has a node give away all leaderships and take no new ones, so that it can be stopped without a gap; or take them
    /// again.
    func setDraining(_ isDraining: Bool, node: UInt64) async throws(ClusterOperationError)
}

/// Why a cluster did not do as told.
public enum ClusterOperationError: Error, Hashable, Sendable {
    /// There is no such node or partition.
    case notFound(String)
    /// It cannot be done as things are; the text says why. Nothing was changed.
    case refused(String)
    /// Who would have to do it is not known at the moment; try again.
    case noLeader
    /// It was begun, but did not end within its time; look what became of it.
    case outcomeUnknown
}
