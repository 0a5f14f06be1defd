/// How a node takes part in placing partitions. Times are in ticks of the loop.
public struct PlacementOptions: Hashable, Sendable {
    /// With how many partitions a new cluster begins; see ``PartitionLayout``. Of no meaning once it has begun.
    public var partitions = PartitionLayout.usualCount
    /// How often a node looks whether there is something to do.
    public var lookTicks = 10
    /// How many replicas it makes each time it looks: each takes a synchronisation of the log.
    public var replicasPerLook = 8
    /// How long it looks for newer records after it was told that there are some.
    public var staleTicks = 1_000

    /// Nodes ask each other this often how they are.
    public var stateTicks = 50
    /// What a node has said of itself is believed this long.
    public var freshTicks = 200
    /// Leaderships are handed over to spread them after nothing has changed for this long.
    public var calmTicks = 100

    /// The usual ones.
    public init() {}

    func validate() {
        precondition(PartitionLayout.counts.contains(partitions), "a cluster begins with as many partitions as it may")
        precondition(calmTicks >= lookTicks && stateTicks >= 1, "leaderships are not moved at every look")
        precondition(freshTicks > stateTicks, "a node is asked again before what it has said is too old")
        precondition(lookTicks >= 1 && replicasPerLook >= 1 && staleTicks >= 1, "the times of placement are positive")
    }
}
