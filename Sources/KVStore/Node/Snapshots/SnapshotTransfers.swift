internal import DequeModule
internal import Raft

/// A snapshot on its way to a follower.
struct OutgoingSnapshot {
    let partition: PartitionID
    let follower: NodeID
    let writer: SnapshotWriter
    /// The chunk that is to leave with the next turn.
    var wanted: UInt64?
    /// When the receiver was heard last.
    var heard: Int
    /// A chunk is wanted that this snapshot does not have.
    var isMistaken = false
}

/// A snapshot on its way from another node.
struct IncomingSnapshot {
    var sender: NodeID
    let position: LogPosition
    let receiver: SnapshotReceiver
    /// When it last came a chunk further.
    var progressed: Int
    /// When a chunk was last asked for.
    var asked: Int
}

/// Who is served with a snapshot and who waits for it. One chunk a transfer is on its way at a time, so the number of
/// transfers bounds the bytes.
struct OutgoingSnapshots {
    struct Waiting: Hashable {
        let partition: PartitionID
        let request: SnapshotRequest
    }

    var active: [OutgoingSnapshot] = []
    private(set) var waiting: Deque<Waiting> = []

    /// Whether a chunk is to be sent, or a transfer to begin where so many may be under way. Those that wait for one to end
    /// give a turn nothing to do.
    func hasWork(limit: Int) -> Bool {
        (!waiting.isEmpty && active.count < limit) || active.contains { $0.wanted != nil }
    }

    mutating func add(_ request: SnapshotRequest, of partition: PartitionID) {
        remove(partition, to: request.follower)
        waiting.append(Waiting(partition: partition, request: request))
    }

    mutating func takeWaiting() -> Waiting? { waiting.popFirst() }

    func place(_ partition: PartitionID, to follower: NodeID) -> Int? {
        active.firstIndex { $0.partition == partition && $0.follower == follower }
    }

    func isWaiting(_ partition: PartitionID, to follower: NodeID) -> Bool {
        waiting.contains { $0.partition == partition && $0.request.follower == follower }
    }

    mutating func remove(_ partition: PartitionID, to follower: NodeID) {
        active.removeAll { $0.partition == partition && $0.follower == follower }
        waiting.removeAll { $0.partition == partition && $0.request.follower == follower }
    }

    /// Gives up everything of a replica that leads no longer.
    mutating func removeAll(of partition: PartitionID) {
        active.removeAll { $0.partition == partition }
        waiting.removeAll { $0.partition == partition }
    }
}
