import CRocksDB
import KVStore

/// RocksDB by its C interface alone, with the options that the engine gives it and without a log of its own.
final class BareRocks: MeasuredMap {
    private let database: OpaquePointer
    private let reads = rocksdb_readoptions_create()
    private let writes = rocksdb_writeoptions_create()
    private let flushes = rocksdb_flushoptions_create()

    init(_ settings: RocksOptions) throws {
        let options = rocksdb_options_create()
        rocksdb_options_set_create_if_missing(options, 1)
        rocksdb_options_set_paranoid_checks(options, 1)
        rocksdb_options_set_write_buffer_size(options, settings.writeBufferBytes)
        rocksdb_options_set_max_write_buffer_number(options, Int32(settings.writeBufferCount))
        rocksdb_options_set_max_background_jobs(options, Int32(settings.backgroundJobs))
        rocksdb_options_set_max_open_files(options, Int32(settings.openFiles))
        rocksdb_options_set_target_file_size_base(options, UInt64(settings.tableFileBytes))
        rocksdb_options_set_max_bytes_for_level_base(options, 4 * UInt64(settings.tableFileBytes))
        rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1)
        rocksdb_options_set_bytes_per_sync(options, 1 << 20)
        rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
        let table = rocksdb_block_based_options_create()
        rocksdb_block_based_options_set_block_cache(table, rocksdb_cache_create_lru(settings.blockCacheBytes))
        rocksdb_block_based_options_set_block_size(table, settings.blockBytes)
        rocksdb_block_based_options_set_format_version(table, 5)
        rocksdb_block_based_options_set_filter_policy(
            table,
            rocksdb_filterpolicy_create_bloom_full(Double(settings.bloomBitsPerKey))
        )
        rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1)
        rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(table, 1)
        rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, 1)
        rocksdb_options_set_block_based_table_factory(options, table)
        rocksdb_writeoptions_disable_WAL(writes, 1)
        rocksdb_flushoptions_set_wait(flushes, 1)
        guard let database = try Self.call({ rocksdb_open(options, settings.directory, $0) }) else {
            throw BenchmarkFailure("RocksDB has opened nothing")
        }
        self.database = database
        rocksdb_options_destroy(options)
        rocksdb_block_based_options_destroy(table)
    }

    deinit {
        rocksdb_close(database)
        rocksdb_readoptions_destroy(reads)
        rocksdb_writeoptions_destroy(writes)
        rocksdb_flushoptions_destroy(flushes)
    }

    func put(_ entries: [(key: [UInt8], value: [UInt8])]) throws {
        let batch = rocksdb_writebatch_create()
        defer { rocksdb_writebatch_destroy(batch) }
        for (key, value) in entries {
            characters(key) { key, keyCount in
                characters(value) { rocksdb_writebatch_put(batch, key, keyCount, $0, $1) }
            }
        }
        try Self.call { rocksdb_write(database, writes, batch, $0) }
    }

    func get(_ key: [UInt8]) throws -> [UInt8]? {
        let found = try Self.call { error in
            characters(key) { rocksdb_get_pinned(database, reads, $0, $1, error) }
        }
        guard let found else { return nil }
        defer { rocksdb_pinnableslice_destroy(found) }
        var count = 0
        let start = rocksdb_pinnableslice_value(found, &count)
        return Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    func flush() throws { try Self.call { rocksdb_flush(database, flushes, $0) } }

    private func characters<R>(_ bytes: [UInt8], _ body: (UnsafePointer<CChar>?, Int) -> R) -> R {
        bytes.withUnsafeBytes { body($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) }
    }

    private static func call<R>(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R) throws -> R {
        var message: UnsafeMutablePointer<CChar>?
        let result = body(&message)
        guard let message else { return result }
        defer { rocksdb_free(message) }
        throw BenchmarkFailure(String(cString: message))
    }
}
