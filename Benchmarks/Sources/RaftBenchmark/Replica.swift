import Raft

/// The smallest runtime a core can have: a write is durable as soon as it is asked for, an entry is applied as soon as
/// it is committed, and the log is cut now and then so that memory stays bounded.
///
/// Whatever the core says is done, nothing is left out. What a run of this size never needs, reads from disk and
/// snapshots, traps.
struct Replica {
    /// Entries that stay behind the applied ones when the log is cut.
    static let keptEntries = 4096
    /// Entries by which the log grows before it is cut.
    static let compactionInterval = 8192

    private(set) var core: RaftCore
    /// What the state machine contains.
    private(set) var state = AppliedCommands()
    /// Messages that were fed to the core.
    private(set) var steps = 0
    private var compacted = LogIndex.zero
    private var effects = Effects()

    init(id: NodeID, partition: PartitionID, options: RaftOptions, members: Configuration) {
        let initial = RestoredState(initial: members)
        core = RaftCore(id: id, partition: partition, options: options, restoring: initial, seed: id.rawValue)
    }

    mutating func campaign() { core.campaign() }

    mutating func tick() { core.tick() }

    mutating func step(_ envelope: Envelope) {
        steps += 1
        core.step(envelope)
    }

    mutating func propose(_ batch: [[UInt8]]) throws { _ = try core.propose(batch) }

    /// Does what there is to do, and what follows from it, until nothing is left.
    mutating func work(posting post: inout Post) {
        repeat {
            core.takeEffects(into: &effects)
            post.send(effects.messages)
            if let write = effects.persist { core.persisted(through: write.id) }
            if let committed = effects.committed { apply(committed) }
            precondition(effects.logReads.isEmpty && effects.snapshots.isEmpty, "no replica falls behind here")
        } while effects.persist != nil || effects.committed != nil
    }

    private mutating func apply(_ committed: CommittedEntries) {
        guard let entries = committed.entries else { preconditionFailure("what is committed is cached here") }
        for entry in entries { state.apply(entry) }
        core.applied(through: committed.last)
        let start = compacted + (Self.keptEntries + Self.compactionInterval)
        guard committed.last >= start else { return }
        compacted = compacted + (committed.last.distance(from: compacted) - Self.keptEntries)
        core.compact(through: compacted)
    }
}
