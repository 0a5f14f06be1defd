import CRocksDB

extension RocksOptions {
    /// The options as RocksDB wants them.
    func makeHandle() throws(EngineError) -> RocksHandle {
        // Without this RocksDB would flush when it is closed, in which case a failure could not be reported. It has no
        // function of its own in the C interface.
        let defaults = RocksHandle(rocksdb_options_create(), destroy: rocksdb_options_destroy)
        let options = RocksHandle(rocksdb_options_create(), destroy: rocksdb_options_destroy)
        try rocks {
            rocksdb_get_options_from_string(
                defaults.pointer,
                "avoid_flush_during_shutdown=true",
                options.pointer,
                $0
            )
        }
        setLimits(options.pointer)
        setTableFormat(options.pointer)
        setDiagnostics(options.pointer)
        return options
    }

    private func setLimits(_ options: OpaquePointer) {
        rocksdb_options_set_create_if_missing(options, 1)
        rocksdb_options_set_paranoid_checks(options, 1)
        rocksdb_options_set_write_buffer_size(options, writeBufferBytes)
        rocksdb_options_set_max_write_buffer_number(options, Int32(writeBufferCount))
        rocksdb_options_set_max_background_jobs(options, Int32(backgroundJobs))
        rocksdb_options_set_max_open_files(options, Int32(openFiles))
        rocksdb_options_set_target_file_size_base(options, UInt64(tableFileBytes))
        rocksdb_options_set_max_bytes_for_level_base(options, 4 * UInt64(tableFileBytes))
        rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1)
        // Hands dirty pages to the disk in small portions, so that the log's fdatasync never waits for a whole table.
        rocksdb_options_set_bytes_per_sync(options, 1 << 20)
    }

    private func setTableFormat(_ options: OpaquePointer) {
        rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
        let table = RocksHandle(rocksdb_block_based_options_create(), destroy: rocksdb_block_based_options_destroy)
        let cache = RocksHandle(rocksdb_cache_create_lru(blockCacheBytes), destroy: rocksdb_cache_destroy)
        rocksdb_block_based_options_set_block_cache(table.pointer, cache.pointer)
        rocksdb_block_based_options_set_block_size(table.pointer, blockBytes)
        rocksdb_block_based_options_set_format_version(table.pointer, 5)
        // The table options take over the filter policy, the only object here with that rule.
        rocksdb_block_based_options_set_filter_policy(
            table.pointer,
            rocksdb_filterpolicy_create_bloom_full(Double(bloomBitsPerKey))
        )
        // Indexes and filters count against the cache, or memory would grow with the data.
        rocksdb_block_based_options_set_cache_index_and_filter_blocks(table.pointer, 1)
        rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(table.pointer, 1)
        rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table.pointer, 1)
        rocksdb_options_set_block_based_table_factory(options, table.pointer)
    }

    private func setDiagnostics(_ options: OpaquePointer) {
        let warnings: Int32 = 2
        rocksdb_options_set_info_log_level(options, warnings)
        rocksdb_options_set_max_log_file_size(options, 4 << 20)
        rocksdb_options_set_keep_log_file_num(options, 4)
        rocksdb_options_set_max_manifest_file_size(options, 64 << 20)
        rocksdb_options_set_stats_dump_period_sec(options, 0)
        rocksdb_options_set_stats_persist_period_sec(options, 0)
    }
}
