import CRocksDB

/// Owns one iterator of a RocksDB.
///
/// Invariant: `iterator` is destroyed before its options, whose bounds point into `bounds`, and before the database and
/// the snapshot that it reads. `deinit` keeps this order; the stored properties keep everything alive until then.
final class RocksIterator: EngineIterator {
    private let database: RocksDatabase
    private let snapshot: RocksSnapshot?
    private let bounds: UnsafeMutablePointer<CChar>
    private let options: RocksHandle
    private let iterator: OpaquePointer

    init(_ database: RocksDatabase, snapshot: RocksSnapshot?, range: KeyRange?, caching: CacheUse) {
        self.database = database
        self.snapshot = snapshot
        options = RocksHandle(rocksdb_readoptions_create(), destroy: rocksdb_readoptions_destroy)
        if let snapshot { rocksdb_readoptions_set_snapshot(options.pointer, snapshot.pointer) }
        if caching == .bypass { rocksdb_readoptions_set_fill_cache(options.pointer, 0) }
        bounds = Self.setBounds(options.pointer, range)
        guard let created = rocksdb_create_iterator(database.pointer, options.pointer) else {
            preconditionFailure("RocksDB has made no iterator")
        }
        iterator = created
    }

    deinit {
        rocksdb_iter_destroy(iterator)
        bounds.deallocate()
    }

    /// RocksDB keeps pointers to the bounds, not copies: both lie in one allocation, which is returned.
    private static func setBounds(_ options: OpaquePointer, _ range: KeyRange?) -> UnsafeMutablePointer<CChar> {
        let lower = range?.lower ?? []
        let upper = range?.upper ?? []
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: max(1, lower.count + upper.count))
        for (offset, byte) in (lower + upper).enumerated() {
            (memory + offset).initialize(to: CChar(bitPattern: byte))
        }
        if range != nil {
            rocksdb_readoptions_set_iterate_lower_bound(options, memory, lower.count)
            rocksdb_readoptions_set_iterate_upper_bound(options, memory + lower.count, upper.count)
        }
        return memory
    }

    func seekToFirst() throws(EngineError) -> Bool {
        rocksdb_iter_seek_to_first(iterator)
        return try stands()
    }

    func seekToLast() throws(EngineError) -> Bool {
        rocksdb_iter_seek_to_last(iterator)
        return try stands()
    }

    func seek(atOrAfter key: [UInt8]) throws(EngineError) -> Bool {
        key.withCharacters { rocksdb_iter_seek(iterator, $0, $1) }
        return try stands()
    }

    func seek(atOrBefore key: [UInt8]) throws(EngineError) -> Bool {
        key.withCharacters { rocksdb_iter_seek_for_prev(iterator, $0, $1) }
        return try stands()
    }

    func next() throws(EngineError) -> Bool {
        requireEntry()
        rocksdb_iter_next(iterator)
        return try stands()
    }

    func previous() throws(EngineError) -> Bool {
        requireEntry()
        rocksdb_iter_prev(iterator)
        return try stands()
    }

    func withKey<R>(_ body: (Span<UInt8>) -> R) -> R {
        requireEntry()
        var count = 0
        let start = rocksdb_iter_key(iterator, &count)
        return withRocksBytes(start, count, body)
    }

    func withValue<R>(_ body: (Span<UInt8>) -> R) -> R {
        requireEntry()
        var count = 0
        let start = rocksdb_iter_value(iterator, &count)
        return withRocksBytes(start, count, body)
    }

    /// An iterator that stands nowhere has come to an end or met an error: only asking tells which.
    private func stands() throws(EngineError) -> Bool {
        if rocksdb_iter_valid(iterator) != 0 { return true }
        try rocks { rocksdb_iter_get_error(iterator, $0) }
        return false
    }

    private func requireEntry() {
        precondition(rocksdb_iter_valid(iterator) != 0, "the iterator stands nowhere")
    }
}
