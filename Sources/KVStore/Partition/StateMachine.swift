public import Raft

/// The replicated state machine of one partition: what its log's committed entries come to, in order, on this node.
///
///     committed entries ──▶ apply ──▶ one engine batch: data + remembered commands + intents + applied state
///
/// Replicas that have applied the same entries have the same data, whatever engines they use, in whatever batches
/// the entries came and however often their nodes crashed meanwhile; ``checksum()`` shows it.
///
/// **After a crash** the engine has kept the state after some earlier batch, as a whole. The applied state is part of
/// it and tells which: position and configuration are what `RestoredState` wants, and the log is applied again from
/// there. Entries that were applied before are skipped. The log may be cut up to ``flushedIndex()`` and no further.
///
/// **Errors** leave everything as it was, or, where entries had to be written one after the other, as it was before
/// some entry; see ``StateMachineError``.
///
/// There is one state machine a partition and engine, used by one thread at a time. What it has applied can be read by
/// any thread through ``reader``.
public final class StateMachine {
    /// Where its data lies.
    public let keys: PartitionKeys
    /// How far it has come.
    public private(set) var state: AppliedState
    /// What transactions hold here.
    private(set) var intents: IntentTable
    /// What the partition knows of itself.
    public private(set) var facts: PartitionFacts
    private let engine: any Engine
    /// Nil until it is needed: an idle partition takes no memory.
    private var recent: RecentCommands?
    /// True where what the engine has could not be read after an error: then it is, before anything is applied.
    private var isOutdated = false
    /// False where what is in memory is not what the engine has.
    var isWhole: Bool { !isOutdated }

    /// Opens the state machine of a partition, with whatever an engine has of it.
    ///
    /// - Parameter initial: the configuration that the replica was made with, which is in force until the log or a
    ///   snapshot says otherwise.
    public init(_ partition: PartitionID, in engine: any Engine, initial: Configuration) throws(StateMachineError) {
        keys = PartitionKeys(partition)
        self.engine = engine
        let reader = PartitionReader(keys, of: engine)
        state = try reader.state() ?? AppliedState(initial: initial)
        facts = try reader.facts()
        intents = try IntentTable(keys, from: engine)
    }

    /// Reads what has been applied, from any thread; every call sees all entries whose ``apply(_:)`` has returned.
    public var reader: PartitionReader { PartitionReader(keys, of: engine) }

    /// The last entry that no crash can take back any more. The log must be kept behind it.
    public func flushedIndex() throws(StateMachineError) -> LogIndex {
        let stored = try callEngine { () throws(EngineError) in try engine.persistedValue(of: keys.state) }
        guard let stored else { return .zero }
        do {
            return min(try AppliedState(encoded: stored[...]).position.index, state.position.index)
        } catch {
            throw .damaged(error)
        }
    }

    /// Applies committed entries, if possible in one engine batch, and tells what became of each.
    ///
    /// The entries are contiguous. Those that were applied before are skipped; the others follow what was applied. The
    /// caller keeps a batch well below ``EngineLimits/batchBytes``, which the engine refuses to pass.
    public func apply(_ entries: [Entry]) throws(StateMachineError) -> [AppliedEntry] {
        if isOutdated { try readAgain() }
        let fresh = try decodeBehindApplied(entries)
        let skipped = entries.prefix(entries.count - fresh.count)
        var applied: [AppliedEntry] = []
        applied.reserveCapacity(entries.count)
        for entry in skipped { applied.append(AppliedEntry(index: entry.index, outcome: .skipped)) }
        guard !fresh.isEmpty else { return applied }

        var application = Application(
            keys: keys,
            engine: engine,
            state: state,
            recent: try takeRecent(),
            intents: takeIntents(),
            facts: facts,
            hasConditions: fresh.contains { $0.hasConditions }
        )
        do throws(StateMachineError) {
            for entry in fresh {
                applied.append(AppliedEntry(index: entry.position.index, outcome: try application.apply(entry)))
            }
            try application.write()
        } catch {
            state = application.storedState
            isOutdated = true
            try? readAgain()
            throw error
        }
        state = application.state
        recent = application.recent
        intents = application.intents
        facts = application.facts
        return applied
    }

    /// A checksum of what replicas have in common; equal on all that have applied up to the same entry.
    ///
    /// It reads all data of the partition, past the cache.
    public func checksum() throws(StateMachineError) -> PartitionChecksum { try reader.checksum() }

    /// Begins to send the data as it is now. It must not be empty: something was applied.
    ///
    /// - Parameter chunkBytes: about how long a chunk is, before compression; at most ``SnapshotLimits/chunkBytes``.
    public func makeSnapshot(
        chunkBytes: Int = SnapshotLimits.usualChunkBytes
    ) throws(StateMachineError) -> SnapshotWriter {
        try SnapshotWriter(
            keys,
            of: try callEngine { () throws(EngineError) in try engine.snapshot() },
            chunkBytes: chunkBytes
        )
    }

    /// Begins to receive another replica's data for this partition, beside the data that is here.
    public func receiveSnapshot() -> SnapshotReceiver { SnapshotReceiver(keys, for: engine) }

    /// Replaces everything by a snapshot that was received completely. It is durable at return.
    ///
    /// The receiver is used up, also when the engine refuses.
    public func install(_ receiver: SnapshotReceiver) throws(StateMachineError) {
        guard let received = receiver.takeReceived(for: keys) else { throw .snapshotIncomplete }
        guard received.state.position.index >= state.position.index else {
            throw .snapshotBehind(applied: state.position, snapshot: received.state.position)
        }
        try callEngine { () throws(EngineError) in try engine.ingest(received.file) }
        state = received.state
        recent = nil
        isOutdated = true
        try readAgain()
    }

    /// Gives back memory that an idle partition does not need. What transactions hold stays.
    public func releaseMemory() { recent = nil }

    /// Removes everything that an engine has of a partition, applied state included. It is durable at return: a replica
    /// that is made later never finds the applied state of an earlier one. Repeating it does no harm.
    ///
    /// The partition has no state machine in use. That it is to be destroyed was recorded before, so that a crash meanwhile
    /// leads to here again.
    public static func destroy(_ partition: PartitionID, in engine: any Engine) throws(StateMachineError) {
        try callEngine { () throws(EngineError) in
            let file = try engine.makeSortedFile()
            try file.delete(PartitionKeys(partition).range)
            try file.finish()
            try engine.ingest(file)
        }
    }

    /// Takes what transactions hold away, so that it is changed in place. It comes back when the batch is written; if it
    /// is not, it is read anew.
    private func takeIntents() -> IntentTable {
        defer { intents = IntentTable() }
        return intents
    }

    /// Reads what an engine has of the partition besides its applied state.
    private func readAgain() throws(StateMachineError) {
        facts = try reader.facts()
        intents = try IntentTable(keys, from: engine)
        isOutdated = false
    }

    /// Takes the memory of recent commands away, so that it is changed in place. It comes back when the batch is
    /// written; if it is not, it is read anew.
    private func takeRecent() throws(StateMachineError) -> RecentCommands {
        if let recent = recent.take() { return recent }
        return try RecentCommands(state, keys: keys, from: engine)
    }

    /// Reads the entries that were not applied yet, and makes sure that they continue what was.
    private func decodeBehindApplied(_ entries: [Entry]) throws(StateMachineError) -> [DecodedEntry] {
        let start = entries.firstIndex { $0.index > state.position.index } ?? entries.count
        for entry in entries[..<start] {
            let isKnown = entry.index == state.position.index
            guard isKnown ? entry.term == state.position.term : entry.term <= state.position.term else {
                throw .otherHistory(applied: state.position, found: entry.position)
            }
        }
        var last = state.position
        var decoded: [DecodedEntry] = []
        decoded.reserveCapacity(entries.count - start)
        for entry in entries[start...] {
            guard entry.index == last.index.next else { throw .gap(expected: last.index.next, found: entry.index) }
            guard entry.term >= last.term else { throw .otherHistory(applied: last, found: entry.position) }
            decoded.append(try DecodedEntry(entry))
            last = entry.position
        }
        return decoded
    }
}
