import CRocksDB
import Glibc

/// Owns one open RocksDB.
///
/// Invariant: `pointer` is open from the end of `init` to `deinit`, and snapshots, iterators and sorted files of it
/// hold this object, so that none outlives it; RocksDB allows nothing else. The handles are made once and never
/// changed, which is what lets threads share them. One column family: flushing several is not atomic without a log.
final class RocksDatabase: @unchecked Sendable {
    let pointer: OpaquePointer
    let options: RocksHandle
    let reads: RocksHandle
    let persistedReads: RocksHandle
    let writes: RocksHandle
    let directory: String

    /// Where sorted files are built: in the database's file system, so that ingesting links them.
    var sortedFiles: String { "\(directory)/sorted-files" }

    init(_ settings: RocksOptions) throws(EngineError) {
        try settings.validate()
        options = try settings.makeHandle()
        directory = settings.directory
        reads = RocksHandle(rocksdb_readoptions_create(), destroy: rocksdb_readoptions_destroy)
        persistedReads = RocksHandle(rocksdb_readoptions_create(), destroy: rocksdb_readoptions_destroy)
        // `kPersistedTier` of `rocksdb/options.h`; without RocksDB's log it means: only table files.
        rocksdb_readoptions_set_read_tier(persistedReads.pointer, 2)
        writes = RocksHandle(rocksdb_writeoptions_create(), destroy: rocksdb_writeoptions_destroy)
        rocksdb_writeoptions_disable_WAL(writes.pointer, 1)

        try Directory.create(settings.directory)
        let handle = options.pointer
        guard let opened = try rocks({ rocksdb_open(handle, settings.directory, $0) }) else {
            preconditionFailure("RocksDB has opened nothing and reported nothing")
        }
        pointer = opened
        // Only now is the directory ours alone: what lies here was built by a process that is gone.
        try Directory.create(sortedFiles)
        try Directory.removeFiles(in: sortedFiles)
    }

    deinit { rocksdb_close(pointer) }

    func withValue<R>(
        of key: [UInt8],
        reads: OpaquePointer,
        _ body: (Span<UInt8>) -> R
    ) throws(EngineError) -> R? {
        let found = try rocks { error in
            key.withCharacters { rocksdb_get_pinned(pointer, reads, $0, $1, error) }
        }
        guard let found else { return nil }
        defer { rocksdb_pinnableslice_destroy(found) }
        var count = 0
        let start = rocksdb_pinnableslice_value(found, &count)
        return withRocksBytes(start, count, body)
    }

    func write(_ batch: WriteBatch) throws(EngineError) {
        let encoded = RocksHandle(
            batch.bytes.withCharacters { rocksdb_writebatch_create_from($0, $1) },
            destroy: rocksdb_writebatch_destroy
        )
        try rocks { rocksdb_write(pointer, writes.pointer, encoded.pointer, $0) }
    }

    /// Returns when everything written before is in table files, synced, and named in the synced manifest.
    func flush() throws(EngineError) {
        let flushes = RocksHandle(rocksdb_flushoptions_create(), destroy: rocksdb_flushoptions_destroy)
        rocksdb_flushoptions_set_wait(flushes.pointer, 1)
        try rocks { rocksdb_flush(pointer, flushes.pointer, $0) }
    }

    /// Links a finished table file into the database; the file's own name goes.
    func ingest(path: String) throws(EngineError) {
        let ingestion = RocksHandle(
            rocksdb_ingestexternalfileoptions_create(),
            destroy: rocksdb_ingestexternalfileoptions_destroy
        )
        rocksdb_ingestexternalfileoptions_set_move_files(ingestion.pointer, 1)
        try rocks { error in
            path.withCString { path in
                var paths: [UnsafePointer<CChar>?] = [path]
                rocksdb_ingest_external_file(pointer, &paths, paths.count, ingestion.pointer, error)
            }
        }
    }

    func checkpoint(into directory: String) throws(EngineError) {
        guard !Directory.exists(directory) else { throw .exists(directory) }
        guard let created = try rocks({ rocksdb_checkpoint_object_create(pointer, $0) }) else {
            preconditionFailure("RocksDB has made no checkpoint object and reported nothing")
        }
        let checkpoint = RocksHandle(created, destroy: rocksdb_checkpoint_object_destroy)
        // The size of RocksDB's own log up to which it is copied instead of flushed: it is off, so never.
        let flushAlways: UInt64 = 0
        try rocks { rocksdb_checkpoint_create(checkpoint.pointer, directory, flushAlways, $0) }
        try Directory.sync(Directory.parent(of: directory))
    }
}
