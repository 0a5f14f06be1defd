/// The engine of a real node: RocksDB, with its own log off, LZ4, Bloom filters and a bounded cache.
///
/// `lifetime` guards `database`: everybody shares it, except ``close()``. `order` makes writes and ingestions one
/// history. RocksDB could make an ingested file durable before earlier writes to other keys; so an ingestion flushes
/// them first, most of them while writers go on, and the rest while none does.
public final class RocksEngine: Engine, @unchecked Sendable {
    private let lifetime = ReadWriteLock()
    private let order = ReadWriteLock()
    private var database: RocksDatabase?
    private var sortedFileCount = 0

    /// Opens, or creates, an engine.
    ///
    /// - Throws: ``EngineError/invalidOption(field:rule:)``, ``EngineError/locked(_:)`` if the directory is open
    ///   already, or what the disk gives rise to.
    public init(_ options: RocksOptions) throws(EngineError) {
        database = try RocksDatabase(options)
    }

    /// Beyond the promise: waits for its turn behind another write or an ingestion, and while all write buffers are full.
    public func write(_ batch: WriteBatch) throws(EngineError) {
        try batch.checkLimits()
        try withDatabase { database throws(EngineError) in
            guard !batch.isEmpty else { return }
            try order.withExclusive { () throws(EngineError) in try database.write(batch) }
        }
    }

    /// Beyond the promise: the bytes are those of the block cache, pinned until `body` returns.
    public func withValue<R>(of key: [UInt8], _ body: (Span<UInt8>) -> R) throws(EngineError) -> R? {
        try withDatabase { database throws(EngineError) in
            try database.withValue(of: key, reads: database.reads.pointer, body)
        }
    }

    /// Reads table files only, which is all that a crash leaves.
    public func persistedValue(of key: [UInt8]) throws(EngineError) -> [UInt8]? {
        try withDatabase { database throws(EngineError) in
            try database.withValue(of: key, reads: database.persistedReads.pointer) { [UInt8](copying: $0) }
        }
    }

    /// Beyond the promise: it never waits for writers, and keeps the files that it reads from being removed.
    public func iterator(
        over range: KeyRange?,
        caching: CacheUse
    ) throws(EngineError) -> any EngineIterator {
        try withDatabase { database in
            RocksIterator(database, snapshot: nil, range: range, caching: caching)
        }
    }

    /// Beyond the promise: no file is held, but compaction keeps every version that the snapshot may see.
    public func snapshot() throws(EngineError) -> any EngineSnapshot {
        try withDatabase { RocksSnapshot($0) }
    }

    /// Beyond the promise: writers go on meanwhile, into the next write buffer.
    public func flush() throws(EngineError) {
        try withDatabase { database throws(EngineError) in try database.flush() }
    }

    /// The file is built in a directory inside the engine's own.
    public func makeSortedFile() throws(EngineError) -> any SortedFile {
        try withDatabase { database throws(EngineError) in
            let number = order.withExclusive {
                sortedFileCount += 1
                return sortedFileCount
            }
            return try RocksSortedFile(database, path: "\(database.sortedFiles)/\(number).sst")
        }
    }

    /// Beyond the promise: other writers wait only for the flush of what was written during the first flush.
    public func ingest(_ file: any SortedFile) throws(EngineError) {
        try withDatabase { database throws(EngineError) in
            guard let file = file as? RocksSortedFile, file.database === database else {
                preconditionFailure("a sorted file of another engine was ingested")
            }
            let path = file.takePath()
            try database.flush()
            try order.withExclusive { () throws(EngineError) in
                try database.flush()
                try database.ingest(path: path)
            }
        }
    }

    /// Table files are linked if the directory lies in the same file system, and copied if not.
    public func checkpoint(into directory: String) throws(EngineError) {
        try withDatabase { database throws(EngineError) in try database.checkpoint(into: directory) }
    }

    /// Beyond the promise: waits for calls, flushes and compactions that are under way.
    public func close() throws(EngineError) {
        try lifetime.withExclusive { () throws(EngineError) in
            guard database != nil else { throw .closed }
            // No call is under way, so whoever else holds the database is a snapshot, an iterator or a sorted file.
            guard isKnownUniquelyReferenced(&database) else { throw .inUse }
            database = nil
        }
    }

    private func withDatabase<R>(
        _ body: (RocksDatabase) throws(EngineError) -> R
    ) throws(EngineError) -> R {
        try lifetime.withShared { () throws(EngineError) -> R in
            guard let database else { throw .closed }
            return try body(database)
        }
    }
}
