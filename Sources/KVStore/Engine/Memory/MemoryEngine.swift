/// The engine of the simulation: everything in memory, and the same promises as a real one.
///
/// What a crash loses is decided by the caller alone. The engine never flushes by itself; where a real one would, the
/// simulation calls ``flush(through:)`` with a write number of its choice. There is no time and no chance in here.
///
///     history      1   2   3   4   5   6
///                      ▲               ▲
///     durable, on the disk             │
///             unflushed: the versions after 3, 4, 5 and 6; the last one is `current`
///
/// A version shares all but the paths to its changes with the version before, so keeping those which are not durable
/// costs some hundred bytes for each operation in them.
public final class MemoryEngine: Engine, @unchecked Sendable {
    private struct Version {
        let number: UInt64
        let state: SortedTree
    }

    private let lock = ReadWriteLock()
    /// Nil once the engine is closed or has crashed.
    private var lease: MemoryLease?
    private var current: SortedTree
    private var unflushed: [Version] = []
    private var lastNumber: UInt64 = 0

    /// Opens an engine on what is durable in a directory of the disk, or creates it.
    ///
    /// - Throws: ``EngineError/locked(_:)`` if the directory is open already.
    public init(_ disk: MemoryDisk, directory: String) throws(EngineError) {
        let (number, state) = try disk.open(directory)
        lease = MemoryLease(disk, directory, number: number)
        current = state
    }

    /// The number of the last write or ingestion. They are numbered from 1, anew whenever an engine is opened.
    public var writeNumber: UInt64 { lock.withShared { lastNumber } }

    /// The number of the last write or ingestion that no crash can lose any more.
    public var durableWriteNumber: UInt64 {
        lock.withShared { unflushed.first.map { $0.number - 1 } ?? lastNumber }
    }

    /// Makes the writes up to and including this number durable, and no later one: what a real engine does by itself
    /// whenever a buffer has filled up. The caller passes no number that was not given out yet.
    public func flush(through number: UInt64) throws(EngineError) {
        try withLease { lease in
            precondition(number <= lastNumber, "a write that has not happened was flushed")
            flush(through: number, lease)
        }
    }

    /// Ends the engine as a dying process ends one: what is not durable is lost. The directory can be opened again at
    /// once. Snapshots and iterators of this engine have died as well; the caller uses them no more.
    public func crash() {
        lock.withExclusive {
            lease?.end()
            forget()
        }
    }

    /// Beyond the promise: nothing that was written becomes durable until the caller says so.
    public func write(_ batch: WriteBatch) throws(EngineError) {
        try batch.checkLimits()
        try withLease { _ in
            guard !batch.isEmpty else { return }
            current.apply(batch)
            appendVersion()
        }
    }

    /// Reads the latest version.
    public func withValue<R>(of key: [UInt8], _ body: (Span<UInt8>) -> R) throws(EngineError) -> R? {
        try read { state, _ in state.value(of: key) }.map { body($0.span) }
    }

    /// Reads the version on the disk.
    public func persistedValue(of key: [UInt8]) throws(EngineError) -> [UInt8]? {
        try read { _, lease in lease.disk.state(of: lease.directory).value(of: key) }
    }

    /// Fixes the latest version; there is no cache, and nothing is copied.
    public func iterator(over range: KeyRange?, caching: CacheUse) throws(EngineError) -> any EngineIterator {
        try read { state, lease in MemoryIterator(state, range: range, lease) }
    }

    /// Fixes the latest version; nothing is copied.
    public func snapshot() throws(EngineError) -> any EngineSnapshot {
        try read { state, lease in MemorySnapshot(state, lease) }
    }

    /// Puts the latest version on the disk, at once.
    public func flush() throws(EngineError) {
        try withLease { lease in flush(through: lastNumber, lease) }
    }

    /// The file is in memory as a whole, and dies with the engine.
    public func makeSortedFile() throws(EngineError) -> any SortedFile {
        try read { _, lease in MemorySortedFile(lease) }
    }

    /// Applies the file and puts the version after it on the disk, with nothing in between.
    public func ingest(_ file: any SortedFile) throws(EngineError) {
        try withLease { lease in
            guard let file = file as? MemorySortedFile, file.lease === lease else {
                preconditionFailure("a sorted file of another engine was ingested")
            }
            let content = file.takeContent()
            for range in content.deletions { current.delete(range) }
            for (key, value) in content.entries { current.put(key, value) }
            appendVersion()
            flush(through: lastNumber, lease)
        }
    }

    /// The disk knows directories by their names alone: a parent need not exist.
    public func checkpoint(into directory: String) throws(EngineError) {
        try withLease { lease throws(EngineError) in
            try lease.disk.create(directory, with: current)
            flush(through: lastNumber, lease)
        }
    }

    /// What is not durable is gone, as after a crash.
    public func close() throws(EngineError) {
        try lock.withExclusive { () throws(EngineError) in
            guard lease != nil else { throw .closed }
            guard isKnownUniquelyReferenced(&lease) else { throw .inUse }
            forget()
        }
    }

    private func appendVersion() {
        lastNumber += 1
        unflushed.append(Version(number: lastNumber, state: current))
    }

    private func flush(through number: UInt64, _ lease: MemoryLease) {
        let flushed = unflushed.prefix { $0.number <= number }
        guard let last = flushed.last else { return }
        lease.disk.replaceState(of: lease.directory, by: last.state)
        unflushed.removeFirst(flushed.count)
    }

    private func forget() {
        lease = nil
        current = SortedTree()
        unflushed = []
    }

    private func read<R>(_ body: (SortedTree, MemoryLease) -> R) throws(EngineError) -> R {
        try lock.withShared { () throws(EngineError) -> R in
            guard let lease else { throw .closed }
            return body(current, lease)
        }
    }

    private func withLease<R>(_ body: (MemoryLease) throws(EngineError) -> R) throws(EngineError) -> R {
        try lock.withExclusive { () throws(EngineError) -> R in
            guard let lease else { throw .closed }
            return try body(lease)
        }
    }
}
