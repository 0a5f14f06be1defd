internal import Raft

/// One replica: a Raft core, the state machine that its committed entries go to, and who waits for them.
///
/// It does nothing by itself. ``Store`` feeds it, does what its core says, and knows its place in the log.
final class Replica {
    let partition: PartitionID
    let machine: StateMachine
    var core: RaftCore
    /// The hard state that was appended to the log last.
    var writtenHardState: HardState
    /// What is left of the committed entries that the core has handed out.
    var applying: CommittedEntries?
    var commands = PendingCommands()
    /// A snapshot that arrives.
    var incoming: IncomingSnapshot?
    /// A whole one, which the core's next write installs.
    var accepted: SnapshotReceiver?
    /// Looked up by number; never walked in an order that could be seen.
    var reads: [UInt64: PendingRead] = [:]

    struct PendingRead {
        let token: RequestToken
        let query: ReadQuery
    }

    init(_ start: ReplicaStart, machine: StateMachine, node: NodeID, options: RaftOptions, seed: UInt64) {
        partition = machine.keys.partition
        self.machine = machine
        writtenHardState = start.state.hardState
        core = RaftCore(id: node, partition: partition, options: options, restoring: start.state, seed: seed)
    }

    /// Applies the next piece of what is committed, and returns its entries with what they came to.
    ///
    /// - Parameter maxBytes: How much to read at once of entries that are no longer in memory.
    func applyNext(from log: WriteAheadLog, maxBytes: Int) throws(StoreError) -> [(Entry, AppliedEntry)] {
        guard let batch = applying else { return [] }
        let entries: [Entry]
        if let cached = batch.entries { entries = cached } else { entries = try read(batch, log, maxBytes: maxBytes) }
        guard let last = entries.last else { preconditionFailure("what is committed here is in the log") }
        let outcomes = try callMachine(partition) { () throws(StateMachineError) in try machine.apply(entries) }
        applying =
            last.index < batch.last ? CommittedEntries(first: last.index.next, last: batch.last, entries: nil) : nil
        core.applied(through: last.index)
        return Array(zip(entries, outcomes))
    }

    private func read(
        _ batch: CommittedEntries,
        _ log: WriteAheadLog,
        maxBytes: Int
    ) throws(StoreError) -> [Entry] {
        let entries = try callLog { () throws(LogError) in
            try log.read(partition, from: batch.first, maxBytes: maxBytes)
        }
        return Array(entries.prefix { $0.index <= batch.last })
    }
}
