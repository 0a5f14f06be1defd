internal import Raft

@testable internal import KVStore

/// A client, and how far it has come with its ``Plan``.
struct Client: Hashable {
    let plan: Plan
    var stage = Stage.waiting
    /// Counts its attempts, from 1.
    var trial = 0
    var attempt = TransactionAttempt(id: TransactionID(0), age: TransactionAge(milliseconds: 0, tieBreak: 0))
    /// What it has read in this attempt.
    var start: Timestamp?
    var seen: [Seen] = []
    var pages: [Page] = []
    /// What it has asked to be committed in its last attempt.
    var draft: TransactionDraft?

    /// A key and what it had.
    struct Seen: Hashable {
        let key: [UInt8]
        let content: StoredEntry.Content?
    }

    /// A range and what was in it.
    struct Page: Hashable {
        let range: KeyRange
        let entries: [Seen]
    }

    enum Stage: Hashable {
        /// For another client to end.
        case waiting
        /// The key with this place in the plan.
        case locking(Int)
        case readingLocked(Int)
        case fetchingStart
        /// So many answers are missing.
        case reading(Int)
        case committing
        case done(Outcome)
        /// It does nothing any more, and nobody is told anything.
        case crashed
    }

    /// What the client was told.
    enum Outcome: Hashable {
        /// What it has read was so.
        case read
        case committed(Timestamp)
        case failed(TransactionError)
    }

    init(_ plan: Plan) { self.plan = plan }

    var isOver: Bool {
        switch stage {
        case .done, .crashed: true
        default: false
        }
    }

    var outcome: Outcome? {
        if case .done(let outcome) = stage { outcome } else { nil }
    }

    /// What this attempt asks for, all that it has read being as it was seen.
    var wanted: TransactionDraft {
        var draft = TransactionDraft(
            start: plan.reads.isEmpty && plan.ranges.isEmpty ? nil : start,
            reads: plan.reads,
            ranges: plan.ranges,
            checks: plan.checks,
            changes: plan.changes
        )
        for key in plan.appends {
            let before: [UInt8] =
                if case .bytes(let bytes)? = seen.last(where: { $0.key == key })?.content { bytes } else { [] }
            draft.changes.append(TransactionDraft.Change(key: key, .put(before + plan.mark)))
        }
        return draft
    }
}

/// A request that its sender has not given up; see the store's own sending of requests.
struct Envelope: Hashable {
    /// Tells who wants what of whom; there is no other of that name.
    let name: String
    let sender: Sender
    let site: Int
    let request: PartitionRequest
    /// Counts the copies. Only the last one's answer is listened to.
    var trial = 1
    /// No copy was sent of which nobody has told what became of it.
    var isCertain = true

    enum Sender: Hashable {
        /// A client's attempt.
        case client(Int, trial: Int)
        /// A leader that asks about a transaction that is in the way at a key.
        case leader(site: Int, term: Term, about: TransactionID, key: [UInt8])
    }
}

/// A copy of a request in the network.
struct Copy: Hashable {
    let name: String
    let trial: Int
    let site: Int
    let request: PartitionRequest
}

/// Somebody who waits for a timestamp.
struct Want: Hashable {
    let name: String
    let who: Who
    /// The timestamp, if it is minted and on its way.
    var minted: Timestamp?

    enum Who: Hashable {
        case client(Int, trial: Int)
        case coordinator(Int, trial: Int)
        case leader(site: Int, term: Term, number: UInt64)
    }
}
