import DequeModule

/// Writes that were handed out and are not known to be durable yet.
///
/// When the log is truncated, what an earlier write stored there stops counting, so a completion can be late, doubled
/// or out of order and still never vouches for an entry that has been replaced.
struct PendingWrites {
    private struct Write {
        let id: PersistID
        /// The last index of the log that this write makes durable.
        var last: LogIndex
    }

    private var writes: Deque<Write> = []
    private(set) var newest = PersistID.none
    private(set) var completed = PersistID.none

    var isEmpty: Bool { writes.isEmpty }

    mutating func begin(last: LogIndex) -> PersistID {
        newest = newest.next
        writes.append(Write(id: newest, last: last))
        return newest
    }

    /// Everything up to `id` is durable. Returns the last index of the log that is thereby durable, if any write ended.
    mutating func complete(through id: PersistID) -> LogIndex? {
        precondition(id <= newest, "a write that was never handed out cannot have completed")
        var last: LogIndex?
        while let write = writes.first, write.id <= id {
            last = max(last ?? .zero, write.last)
            writes.removeFirst()
        }
        completed = max(completed, id)
        return last
    }

    /// The log ends before `index` now: no earlier write vouches for what comes there later.
    mutating func truncate(from index: LogIndex) {
        for position in writes.indices where writes[position].last >= index {
            writes[position].last = index.previous
        }
    }
}
