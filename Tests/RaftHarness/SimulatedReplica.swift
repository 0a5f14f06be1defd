import Raft

/// A core with the runtime that the core's contract asks for, cut into the smallest steps that a crash can come between.
struct SimulatedReplica {
    let id: NodeID
    let options: RaftOptions
    var core: RaftCore
    var disk: SimulatedDisk
    /// The state machine in memory.
    var state: StateMachine
    var isUp = true
    /// Counts starts; work from before a crash does not reach the core after it.
    var incarnation = 0

    /// Writes that were handed out and are not durable.
    var writes: [PersistRequest] = []
    /// Committed entries on their way to the state machine.
    var applying: CommittedEntries?
    var logReads: [LogRead] = []
    /// Snapshots whose bytes have arrived.
    var staged: [SnapshotMetadata: StateMachine] = [:]
    /// Nodes whose silence the runtime has yet to report, and those whose return.
    var silences: [NodeID] = []
    var returns: [NodeID] = []
    var hasUntakenEffects = false

    /// Entries wanted from the log, and what was there already when they were wanted, if it was read at once.
    struct LogRead {
        let request: LogReadRequest
        let entries: [Entry]?
    }

    init(id: NodeID, configuration: Configuration, options: RaftOptions, seed: UInt64) {
        self.id = id
        self.options = options
        disk = SimulatedDisk(flushed: StateMachine(configuration: configuration))
        state = disk.flushed
        core = RaftCore(
            id: id,
            partition: ClusterHarness.partition,
            options: options,
            restoring: RestoredState(initial: configuration),
            seed: seed
        )
    }

    /// Loses everything that was not durable. Of the writes on their way a prefix may have made it.
    mutating func crash(keepingWrites count: Int) {
        for request in writes.prefix(count) { write(request) }
        isUp = false
        writes.removeAll()
        applying = nil
        logReads.removeAll()
        staged.removeAll()
        silences.removeAll()
        returns.removeAll()
        hasUntakenEffects = false
    }

    mutating func restart(seed: UInt64) {
        incarnation += 1
        isUp = true
        state = disk.flushed
        core = RaftCore(
            id: id,
            partition: ClusterHarness.partition,
            options: options,
            restoring: disk.restored,
            seed: seed
        )
    }

    private mutating func write(_ request: PersistRequest) {
        let snapshot = request.snapshot.flatMap { staged[$0] }
        precondition(request.snapshot == nil || snapshot != nil, "a snapshot is installed only when its bytes are here")
        disk.write(request, snapshot: snapshot)
    }

    /// The oldest `count` writes become durable and are reported.
    mutating func sync(_ count: Int) {
        guard count > 0, let last = writes.prefix(count).last else { return }
        for request in writes.prefix(count) {
            write(request)
            guard request.snapshot != nil else { continue }
            state = disk.flushed
            applying = nil
        }
        writes.removeFirst(count)
        core.persisted(through: last.id)
        hasUntakenEffects = true
    }

    /// Applies the next `count` entries of the batch on its way, or all.
    mutating func apply(_ count: Int, observe: (StateMachine) -> Void) {
        guard let batch = applying else { return }
        let entries = batch.entries ?? disk.entries(from: state.index.next, through: batch.last)
        let fresh = entries.filter { $0.index > state.index }.prefix(count)
        precondition(fresh.first?.index == state.index.next, "entries are applied in order and without a gap")
        for entry in fresh {
            state.apply(entry)
            observe(state)
        }
        if state.index == batch.last { applying = nil }
        core.applied(through: state.index)
        hasUntakenEffects = true
    }

    mutating func flushState() { disk.flushed = state }

    mutating func compact(through index: LogIndex) {
        guard index <= disk.flushed.index, index <= disk.lastIndex, index > disk.base.index,
            index <= core.durableIndex
        else { return }
        disk.compact(through: index)
        core.compact(through: index)
    }
}
