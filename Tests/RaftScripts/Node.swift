import Raft

/// A replica with the small runtime around it: everything that it was asked to do waits here until a command does it.
struct Node {
    let id: NodeID
    let options: RaftOptions
    /// Nil while it is down.
    var core: RaftCore?
    var disk: Disk
    /// How often it has started; decides its seed.
    var starts = 0
    /// Writes that were handed out and are not on disk.
    var unwritten: [PersistRequest] = []
    /// Writes that are on disk and not reported.
    var unreported: [PersistID] = []
    var committed: [CommittedEntries] = []
    var logReads: [LogReadRequest] = []
    var snapshots: [SnapshotRequest] = []
    /// Events were fed to it and their effects still wait for a `take`.
    var isFed = false
    /// Parts that `stabilize` leaves alone.
    var stalled: Set<Part> = []

    /// What a runtime does for a replica.
    enum Part: String, CaseIterable {
        case disk
        case machine
        case reads
        case snapshots
    }

    init(id: NodeID, options: RaftOptions, disk: Disk) {
        self.id = id
        self.options = options
        self.disk = disk
    }

    mutating func start(partition: PartitionID) {
        starts += 1
        core = RaftCore(
            id: id,
            partition: partition,
            options: options,
            restoring: disk.restored,
            seed: id.rawValue &* 1_000 &+ UInt64(starts)
        )
    }

    /// Writes that the replica still waits for.
    var incompleteWrites: [PersistID] { unreported + unwritten.map(\.id) }

    /// Ends the process: what is not on disk is gone.
    mutating func crash() {
        core = nil
        unwritten = []
        unreported = []
        committed = []
        logReads = []
        snapshots = []
        isFed = false
    }
}
