internal import Raft

/// What a partition's leader is asked by the nodes that run transactions. Every request may be lost, doubled, late or
/// asked of a node that leads no longer; asking again does no harm.
enum PartitionRequest: Hashable, Sendable {
    /// As many timestamps, of the meta partition's leader. With what the asking node's own clock shows, in milliseconds
    /// since 1970, and whether it has ever been given timestamps in this life.
    case timestamps(count: Int, clock: UInt64, hasTime: Bool)
    /// What keys have: at a timestamp, or the latest. `attempt` is who asks, if its own intents are not in its way.
    case read(keys: [[UInt8]], at: Timestamp?, attempt: TransactionID?)
    /// The entries of a range at a timestamp.
    case scan(KeyRange, at: Timestamp, limit: ScanLimit)
    /// A whole transaction; see ``OneRoundCommit``. The leader fetches its timestamp.
    case commitOnce(OneRoundRequest)
    /// One partition's part of a transaction. Its floor is the leader's to say.
    case prepare(TransactionPrepare)
    /// The commit point.
    case commit(TransactionCommit)
    /// What became of a transaction.
    case resolve(TransactionID, anchor: [UInt8], TransactionFate)
    /// Asks what became of a transaction.
    case decide(TransactionID, primary: [UInt8], mustEnd: Bool)
    /// Every participant has resolved it.
    case settle(TransactionID, primary: [UInt8])
}

/// A transaction whose keys all lie in one partition.
struct OneRoundRequest: Hashable, Sendable {
    /// Its name, and the command's.
    var id: TransactionID
    /// How old its transaction is.
    var age: TransactionAge
    /// See ``Command/mintedAt``.
    var mintedAt: LogIndex
    /// The epoch by which it was routed.
    var epoch: UInt64
    /// It does not take place behind this.
    var deadline: Timestamp
    /// What it asks for.
    var draft: TransactionDraft
}

/// What a partition's leader answers.
enum PartitionResponse: Hashable, Sendable {
    /// Timestamps from `first` on, as many as were asked for.
    case timestamps(first: Timestamp)
    /// What the keys have, in the order in which they were asked for: at least the first. Where there are fewer entries
    /// than keys, there was no room for more: whoever asks goes on with the others.
    case entries([StoredEntry?])
    /// A part of the range.
    case page(EntryPage)
    /// What the step came to.
    case outcome(TransactionOutcome)
    /// Nobody remembers whether it was applied before.
    case expired
    /// Another node leads, as far as is known here: the one named. `mayHappen` where a copy may be in the log.
    case moved(to: NodeID?, mayHappen: Bool)
    /// Somebody younger may not wait for this one any longer: it has to begin anew.
    case died(key: [UInt8])
    /// It has waited until its time was over, and had no effect.
    case timedOut(key: [UInt8])
    /// Too much is waiting; it had no effect.
    case overloaded
    /// The disk has no room; it had no effect.
    case diskFull
    /// Something is wrong with what is asked; it had no effect.
    case invalid(FieldError)
    /// The snapshot is older than what is kept.
    case tooOld
    /// What is stored cannot be read here.
    case unreadable(String)
}
