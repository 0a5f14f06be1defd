import CRocksDB
import Glibc

/// Owns a table file under construction, and its name on the disk until it is ingested.
///
/// Invariant: `state` says whether the writer is open. The name is removed in `deinit`; ingesting has removed it by
/// then, and a process that dies first leaves the name to the next one that opens the engine.
final class RocksSortedFile: SortedFile {
    private enum State {
        case building
        case finished
        case taken
    }

    let database: RocksDatabase
    private let path: String
    private let environment: RocksHandle
    private let writer: RocksHandle
    private var state = State.building
    private var lastKey: [UInt8]?
    private var isEmpty = true

    init(_ database: RocksDatabase, path: String) throws(EngineError) {
        self.database = database
        self.path = path
        environment = RocksHandle(rocksdb_envoptions_create(), destroy: rocksdb_envoptions_destroy)
        writer = RocksHandle(
            rocksdb_sstfilewriter_create(environment.pointer, database.options.pointer),
            destroy: rocksdb_sstfilewriter_destroy
        )
        let handle = writer.pointer
        try rocks { rocksdb_sstfilewriter_open(handle, path, $0) }
    }

    deinit { unlink(path) }

    func delete(_ range: KeyRange) throws(EngineError) {
        precondition(state == .building, "a finished sorted file was added to")
        guard !range.isEmpty else { return }
        try EngineLimits.check(keyBytes: max(range.lower.count, range.upper.count))
        try rocks { error in
            range.lower.withCharacters { lower, lowerCount in
                range.upper.withCharacters { upper, upperCount in
                    rocksdb_sstfilewriter_delete_range(writer.pointer, lower, lowerCount, upper, upperCount, error)
                }
            }
        }
        isEmpty = false
    }

    func put(_ key: [UInt8], _ value: [UInt8]) throws(EngineError) {
        precondition(state == .building, "a finished sorted file was added to")
        try EngineLimits.check(keyBytes: key.count)
        try EngineLimits.check(valueBytes: value.count)
        if let lastKey, KeyOrder.compare(lastKey, key) >= 0 { throw .outOfOrder }
        try rocks { error in
            key.withCharacters { key, keyCount in
                value.withCharacters { value, valueCount in
                    rocksdb_sstfilewriter_put(writer.pointer, key, keyCount, value, valueCount, error)
                }
            }
        }
        lastKey = key
        isEmpty = false
    }

    func finish() throws(EngineError) {
        precondition(state == .building, "a sorted file was finished twice")
        guard !isEmpty else { throw .emptyFile }
        try rocks { rocksdb_sstfilewriter_finish(writer.pointer, $0) }
        state = .finished
    }

    /// The name of the finished file, for the one ingestion that uses it up.
    func takePath() -> String {
        precondition(state == .finished, "a sorted file was ingested before it was finished, or twice")
        state = .taken
        return path
    }
}
