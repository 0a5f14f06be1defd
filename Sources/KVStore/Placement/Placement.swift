internal import Raft

/// What a node knows of the cluster's records about partitions and of other nodes, and what it still has to find out.
struct Placement {
    /// What is written in the meta partition, as far as it was read, by partition.
    private(set) var records: [PlacementRecord] = []
    /// Why a record could not be read, such as that a later version wrote it.
    private(set) var trouble: String?
    /// The first records are on their way.
    var isWriting = false
    /// Partitions that are being told which keys they own.
    var described = SortedIDs()
    /// Why replicas were not made that should be here. Looked up only.
    private var refusals: [PartitionID: CreationRefusal] = [:]
    private var wanted: [Wanted] = []
    /// What other nodes have said of themselves, and when. Looked up only.
    private var states: [NodeID: (state: NodeState, tick: Int)] = [:]
    private var lastAsked: Int?
    private var balance: LeaderBalance
    private let freshTicks: Int

    init(_ options: PlacementOptions?) {
        let options = options ?? PlacementOptions()
        balance = LeaderBalance(calmTicks: options.calmTicks)
        freshTicks = options.freshTicks
    }

    private struct Wanted {
        let partition: PartitionID
        let epoch: UInt64
        let lastTick: Int
    }

    /// Takes in all that was read. What was known and is not there any more is forgotten.
    mutating func read(_ found: [PlacementRecord], trouble: String?) {
        records = found
        self.trouble = trouble
    }

    /// Somebody knows a newer epoch of a partition.
    mutating func want(_ partition: PartitionID, epoch: UInt64, until lastTick: Int) {
        wanted.removeAll { $0.partition == partition && $0.epoch <= epoch }
        if !wanted.contains(where: { $0.partition == partition }) {
            wanted.append(Wanted(partition: partition, epoch: epoch, lastTick: lastTick))
        }
    }

    /// Whether the records have to be read again.
    mutating func mustRead(_ routing: RoutingTable, at tick: Int) -> Bool {
        wanted.removeAll { wanted in
            wanted.lastTick <= tick || (routing.epoch(of: wanted.partition) ?? 0) >= wanted.epoch
        }
        return !wanted.isEmpty || records.isEmpty || trouble != nil || !routing.isComplete
    }

    // MARK: Other nodes

    /// Whether other nodes have to be asked again how they are; if so, it is taken to be done.
    mutating func mustAskStates(_ options: PlacementOptions, at tick: Int) -> Bool {
        if let lastAsked, tick - lastAsked < options.stateTicks { return false }
        lastAsked = tick
        return true
    }

    /// What a node has said of itself; nil where it says nothing any more.
    mutating func note(_ state: NodeState?, of node: NodeID, at tick: Int) {
        states[node] = state.map { ($0, tick) }
    }

    func state(of node: NodeID, at tick: Int) -> NodeState? {
        states[node].flatMap { tick - $0.tick <= freshTicks ? $0.state : nil }
    }

    /// Which leaderships to hand over so that they are spread.
    mutating func decideBalance(_ view: LeaderBalance.View, at tick: Int) -> [LeaderBalance.Transfer] {
        balance.decide(view, at: tick)
    }

    // MARK: Replicas

    /// The partitions of which this node is to have a replica and has none, at most so many.
    func missing(at node: NodeID, _ limit: Int, has: (PartitionID) -> Bool) -> [PlacementRecord] {
        let missing = records.filter { record in
            record.replicas.contains(node) && refusals[record.descriptor.id] == nil && !has(record.descriptor.id)
        }
        return Array(missing.prefix(limit))
    }

    /// A replica was not made. What does not pass is not tried again.
    mutating func refused(_ partition: PartitionID, _ refusal: CreationRefusal) {
        if refusal != .diskFull { refusals[partition] = refusal }
    }
}

extension RoutingTable {
    /// A partition that is led here.
    struct LedPartition {
        let id: PartitionID
        /// What its log says that it owns.
        let described: PartitionDescriptor?
    }

    /// Which partitions have to be told by their leaders what they own: those whose logs say nothing of it yet, or
    /// something older.
    func descriptionsDue(_ led: [LedPartition]) -> [PartitionDescriptor] {
        led.compactMap { partition in
            guard let known = descriptor(ofPartition: partition.id) else { return nil }
            return known.epoch > partition.described?.epoch ?? 0 ? known : nil
        }
    }
}

/// How a partition is told, and knows, which keys it owns.
struct PartitionDescribing {
    /// What the replica here has applied of it.
    let described: (PartitionID) -> PartitionDescriptor?
    /// Proposes to a partition that is led here what it owns; calls the closure once, whatever comes of it.
    let describe: (PartitionDescriptor, @escaping () -> Void) -> Void
}
