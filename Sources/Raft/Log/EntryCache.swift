import DequeModule

/// The end of the log, in memory: contiguous entries up to the last one, as many as the limit allows.
///
/// Entries that are not durable yet exist nowhere else and are never evicted, whatever the limit says; what bounds
/// them is the cap on uncommitted bytes and the runtime's back-pressure.
struct EntryCache {
    private var entries: Deque<Entry> = []
    private(set) var bytes = 0

    /// The first index that is cached; nil when nothing is.
    var firstIndex: LogIndex? { entries.first?.index }

    mutating func append(_ entry: Entry) {
        precondition(entries.last.map { $0.index.next == entry.index } ?? true, "cached entries must be contiguous")
        entries.append(entry)
        bytes += entry.payload.sizeBytes
    }

    /// Drops the entry at `index` and everything behind it.
    mutating func truncate(from index: LogIndex) {
        while let last = entries.last?.index, last >= index { bytes -= entries.removeLast().payload.sizeBytes }
    }

    /// Drops everything up to and including `index`.
    mutating func removeAll(through index: LogIndex) {
        while let first = firstIndex, first <= index { removeFirst() }
    }

    mutating func removeAll() {
        entries.removeAll()
        bytes = 0
    }

    /// Drops the oldest entries while more than `limitBytes` are cached, though none behind `index`.
    mutating func evict(through index: LogIndex, downTo limitBytes: Int) {
        while bytes > limitBytes, let first = firstIndex, first <= index { removeFirst() }
    }

    private mutating func removeFirst() { bytes -= entries.removeFirst().payload.sizeBytes }

    /// Whether the entry at `index` is cached.
    func contains(_ index: LogIndex) -> Bool {
        guard let first = entries.first?.index else { return false }
        return index >= first && index < first + entries.count
    }

    /// Entries in `first...last`, at least one, then as many as fit both limits. The caller knows that `first` is cached.
    ///
    /// `taken` is any slice that was taken since the cache last changed: when it is the one asked for, no other is made.
    func slice(
        from first: LogIndex,
        through last: LogIndex,
        maxBytes: Int = .max,
        maxCount: Int = .max,
        sharing taken: [Entry] = []
    ) -> [Entry] {
        guard let cachedFirst = entries.first?.index else { return [] }
        let start = first.distance(from: cachedFirst)
        let available = min(entries.count, last.distance(from: cachedFirst) + 1)
        var end = start
        var size = 0
        while end < available, end - start < maxCount {
            size += entries[end].payload.sizeBytes
            if size > maxBytes, end > start { break }
            end += 1
        }
        if taken.count == end - start, taken.first?.index == first { return taken }
        return Array(entries[start..<end])
    }
}
