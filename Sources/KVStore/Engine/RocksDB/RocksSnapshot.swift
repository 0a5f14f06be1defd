import CRocksDB

/// Owns one snapshot of a RocksDB.
///
/// Invariant: `pointer` is a snapshot of `database`, released once, here; `reads` points to it and is used by nobody
/// once it is released, because whoever reads holds this object.
final class RocksSnapshot: EngineSnapshot, @unchecked Sendable {
    let pointer: OpaquePointer
    private let database: RocksDatabase
    private let reads: RocksHandle

    init(_ database: RocksDatabase) {
        guard let created = rocksdb_create_snapshot(database.pointer) else {
            preconditionFailure("RocksDB has made no snapshot")
        }
        self.database = database
        pointer = created
        reads = RocksHandle(rocksdb_readoptions_create(), destroy: rocksdb_readoptions_destroy)
        rocksdb_readoptions_set_snapshot(reads.pointer, created)
    }

    deinit { rocksdb_release_snapshot(database.pointer, pointer) }

    func withValue<R>(of key: [UInt8], _ body: (Span<UInt8>) -> R) throws(EngineError) -> R? {
        try database.withValue(of: key, reads: reads.pointer, body)
    }

    func iterator(over range: KeyRange?, caching: CacheUse) throws(EngineError) -> any EngineIterator {
        RocksIterator(database, snapshot: self, range: range, caching: caching)
    }
}
