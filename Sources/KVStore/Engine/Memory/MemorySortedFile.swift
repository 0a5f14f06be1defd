/// The content of a sorted file, until it is ingested into a ``MemoryEngine``.
final class MemorySortedFile: SortedFile {
    private enum State {
        case building
        case finished
        case taken
    }

    let lease: MemoryLease
    private var deletions: [KeyRange] = []
    private var entries: [(key: [UInt8], value: [UInt8])] = []
    private var state = State.building

    init(_ lease: MemoryLease) { self.lease = lease }

    func delete(_ range: KeyRange) throws(EngineError) {
        precondition(state == .building, "a finished sorted file was added to")
        guard !range.isEmpty else { return }
        try EngineLimits.check(keyBytes: max(range.lower.count, range.upper.count))
        deletions.append(range)
    }

    func put(_ key: [UInt8], _ value: [UInt8]) throws(EngineError) {
        precondition(state == .building, "a finished sorted file was added to")
        try EngineLimits.check(keyBytes: key.count)
        try EngineLimits.check(valueBytes: value.count)
        if let last = entries.last, KeyOrder.compare(last.key, key) >= 0 { throw .outOfOrder }
        entries.append((key, value))
    }

    func finish() throws(EngineError) {
        precondition(state == .building, "a sorted file was finished twice")
        guard !deletions.isEmpty || !entries.isEmpty else { throw .emptyFile }
        state = .finished
    }

    /// What the finished file holds, for the one ingestion that uses it up.
    func takeContent() -> (deletions: [KeyRange], entries: [(key: [UInt8], value: [UInt8])]) {
        precondition(state == .finished, "a sorted file was ingested before it was finished, or twice")
        state = .taken
        defer {
            deletions = []
            entries = []
        }
        return (deletions, entries)
    }
}
