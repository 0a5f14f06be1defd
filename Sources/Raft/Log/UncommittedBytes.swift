import DequeModule

/// How many payload bytes lie in the log behind the commit index.
///
/// Counted on every replica, not only on leaders: a new leader inherits its predecessor's uncommitted tail, and a count
/// that began at zero with every term would let the tail grow by the cap at each change of leadership.
struct UncommittedBytes {
    /// One size an entry that was appended in this process's life and is not committed yet.
    private var sizes: Deque<Int> = []
    /// The sum of `sizes`.
    private var appended = 0
    /// What a restart found behind the commit index, charged as a whole until the last of it is decided.
    private var restored = 0
    /// The last index that `restored` stands for.
    private var restoredLast = LogIndex.zero

    var total: Int { appended + restored }

    init() {}

    init(restoredBytes: Int, through last: LogIndex) {
        restored = restoredBytes
        restoredLast = last
    }

    mutating func append(_ size: Int) {
        sizes.append(size)
        appended += size
    }

    /// Entries behind `index` are gone; `last` was the end of the log before.
    mutating func truncate(after index: LogIndex, last: LogIndex) {
        let dropped = min(sizes.count, last.distance(from: index))
        for _ in 0..<dropped { appended -= sizes.removeLast() }
        if restoredLast > index { restoredLast = index }
    }

    /// Entries up to `index` are committed; `last` is the end of the log.
    mutating func commit(through index: LogIndex, last: LogIndex) {
        if index >= restoredLast { restored = 0 }
        let behind = last.distance(from: index)
        while sizes.count > behind { appended -= sizes.removeFirst() }
    }

    mutating func removeAll() { self = UncommittedBytes() }
}
