public import Raft

/// A step of a transaction, as one entry of a partition's log. What it comes to is decided when it is applied, from
/// what has been applied before, and so on every replica alike.
///
/// Each may get into the log more than once and takes effect once: `commitOnce` by its command's id, the others because
/// what they leave behind tells that they have been here.
public enum TransactionCommand: Hashable, Sendable {
    /// A transaction whose keys all lie in this partition, in one round. Its id is the command's.
    case commitOnce(OneRoundCommit)
    /// Validates one partition's part of a transaction and holds it until the outcome is known.
    case prepare(TransactionPrepare)
    /// Decides that a transaction has committed: the commit point. Goes to the primary's partition, finds the pending
    /// record that the primary's `prepare` has left, and resolves what this partition holds as well.
    case commit(TransactionCommit)
    /// Tells a partition what became of a transaction: what it holds becomes versions, or goes. A rollback that finds
    /// nothing leaves a tombstone under `anchor`, so that a late `prepare` is refused.
    case resolve(TransactionID, anchor: [UInt8], TransactionFate)
    /// Asks the primary's partition what became of a transaction, and ends it if its time is over at `now`, or if
    /// nothing is known of it. `mustEnd` ends it however much time it has.
    case decide(TransactionID, primary: [UInt8], now: Timestamp, mustEnd: Bool)
    /// Notes that every participant of a committed transaction has resolved it: its record may go in time.
    case settle(TransactionID, primary: [UInt8])
    /// Moves the safe point up, and removes some of what nobody may ask for any more: versions below it that are
    /// covered by others, and records and tombstones from before `records`.
    case collect(safePoint: Timestamp, records: Timestamp, from: [UInt8], limit: Int)
    /// Lets the partition's leader hand out timestamps below this one. Only of use in the meta partition.
    case reserveTimestamps(below: Timestamp)
    /// Says which keys the partition owns.
    case describe(PartitionDescriptor)
}

/// Which keys a partition owns, and since when.
public struct PartitionDescriptor: Hashable, Sendable {
    /// The partition.
    public let id: PartitionID
    /// Its keys.
    public let range: KeyRange
    /// Grows by one with every change. Requests carry the one that they were routed by.
    public let epoch: UInt64

    /// Makes a descriptor.
    public init(id: PartitionID, range: KeyRange, epoch: UInt64) {
        self.id = id
        self.range = range
        self.epoch = epoch
    }
}

/// A whole transaction in one entry.
public struct OneRoundCommit: Hashable, Sendable {
    /// The epoch by which it was routed.
    public var epoch: UInt64
    /// The term of the leader that fetched the timestamp. In another term somebody may have read above it.
    public var term: Term
    /// When it takes place.
    public var timestamp: Timestamp
    /// It does not take place behind this.
    public var deadline: Timestamp
    /// What it asks for.
    public var draft: TransactionDraft

    /// Makes one.
    public init(epoch: UInt64, term: Term, timestamp: Timestamp, deadline: Timestamp, draft: TransactionDraft) {
        self.epoch = epoch
        self.term = term
        self.timestamp = timestamp
        self.deadline = deadline
        self.draft = draft
    }
}

/// One partition's part of a transaction.
public struct TransactionPrepare: Hashable, Sendable {
    /// The epoch by which it was routed.
    public var epoch: UInt64
    /// The attempt.
    public var id: TransactionID
    /// How old its transaction is.
    public var age: TransactionAge
    /// Tells several steps of one attempt in one partition apart; a step that is known changes nothing.
    public var step: UInt32
    /// The key under which the transaction's record lies. Where this partition owns it, the step makes the record.
    public var primary: [UInt8]
    /// The greatest timestamp that the leader had seen: the commit lies above.
    public var floor: Timestamp
    /// When others may ask the primary to end the transaction.
    public var expires: Timestamp
    /// It does not commit behind this.
    public var deadline: Timestamp
    /// This partition's part.
    public var draft: TransactionDraft

    /// Makes one.
    public init(
        epoch: UInt64,
        id: TransactionID,
        age: TransactionAge,
        step: UInt32,
        primary: [UInt8],
        floor: Timestamp,
        expires: Timestamp,
        deadline: Timestamp,
        draft: TransactionDraft
    ) {
        self.epoch = epoch
        self.id = id
        self.age = age
        self.step = step
        self.primary = primary
        self.floor = floor
        self.expires = expires
        self.deadline = deadline
        self.draft = draft
    }
}

/// The commit point of a transaction over several partitions.
public struct TransactionCommit: Hashable, Sendable {
    /// The epoch by which it was routed.
    public var epoch: UInt64
    /// The attempt.
    public var id: TransactionID
    /// The key under which its record lies.
    public var primary: [UInt8]
    /// When it takes place: fetched after every participant was prepared.
    public var timestamp: Timestamp
    /// One key of each other partition that takes part.
    public var participants: [[UInt8]]

    /// Makes one.
    public init(
        epoch: UInt64,
        id: TransactionID,
        primary: [UInt8],
        timestamp: Timestamp,
        participants: [[UInt8]]
    ) {
        self.epoch = epoch
        self.id = id
        self.primary = primary
        self.timestamp = timestamp
        self.participants = participants
    }
}

/// What became of a transaction, for good.
public enum TransactionFate: Hashable, Sendable {
    /// It took place then.
    case committed(Timestamp)
    /// It never will.
    case rolledBack
}

/// What a step of a transaction came to.
public enum TransactionOutcome: Hashable, Sendable {
    /// The transaction has committed, by this step or before.
    case committed(Timestamp)
    /// The part is held until the outcome is known.
    case prepared
    /// The transaction has been rolled back, by this step or before, or its record is not there: it never commits.
    case rolledBack
    /// Nobody has decided yet, and its time is not over.
    case pending(expires: Timestamp)
    /// What it asks for does not hold. Final.
    case refused(TransactionError.Refusal, key: [UInt8])
    /// Something that it has read has changed since. Another attempt may succeed.
    case outdated(key: [UInt8])
    /// Another transaction that is not decided stands in its way.
    case blocked(key: [UInt8], by: IntentHolder)
    /// Later versions of a counter would leave its bounds: with a newer timestamp it may succeed.
    case needsNewerTimestamp(key: [UInt8])
    /// The timestamp was fetched in another term.
    case wrongTerm
    /// Its deadline is over.
    case tooLate
    /// It started below the safe point.
    case tooOld
    /// The partition does not own a key, or has another epoch: this one.
    case wrongPartition(epoch: UInt64)
    /// It was done: settle, collect, reserve, describe, and a resolution.
    case done
}

/// Who holds something, and whom to ask about it.
public struct IntentHolder: Hashable, Sendable {
    /// The attempt.
    public let id: TransactionID
    /// How old its transaction is.
    public let age: TransactionAge
    /// The key under which its record lies.
    public let primary: [UInt8]
    /// When others may ask the primary to end it.
    public let expires: Timestamp

    /// Makes one.
    public init(id: TransactionID, age: TransactionAge, primary: [UInt8], expires: Timestamp) {
        self.id = id
        self.age = age
        self.primary = primary
        self.expires = expires
    }
}
