import CRocksDB

/// How a ``RocksEngine`` is set up. The defaults suit a node with a few gigabytes of memory.
public struct RocksOptions: Hashable, Sendable {
    /// Where the data lies. Created if it is missing; its parent exists.
    public var directory: String
    /// How many bytes of writes are collected in memory before the engine flushes them by itself.
    public var writeBufferBytes = 64 << 20
    /// How many such buffers there may be, the one that fills up included; writes wait when all are full.
    public var writeBufferCount = 3
    /// Memory for blocks read from the disk, indexes and filters included.
    public var blockCacheBytes = 128 << 20
    /// The size of the smallest piece that is read, cached and compressed.
    public var blockBytes = 8 << 10
    /// Filter bits spent on a key, to avoid looking for keys that are not there: 10 leave about 1 % of false hope.
    public var bloomBitsPerKey = 10
    /// The size at which a table file ends.
    public var tableFileBytes = 64 << 20
    /// How many descriptors the engine may keep open.
    public var openFiles = 1024
    /// How many threads flush and compact.
    public var backgroundJobs = 2

    /// Options with defaults for everything but the directory.
    public init(directory: String) { self.directory = directory }

    /// Names the first field that breaks a rule, with the rule.
    func validate() throws(EngineError) {
        try require(!directory.isEmpty, "directory", "must not be empty")
        try require(!directory.utf8.contains(0), "directory", "must not contain a zero byte")
        try require(writeBufferBytes, "writeBufferBytes", in: 64 << 10...4 << 30)
        try require(writeBufferCount, "writeBufferCount", in: 2...16)
        try require(blockCacheBytes, "blockCacheBytes", in: 1 << 20...1 << 40)
        try require(blockBytes, "blockBytes", in: 1 << 10...1 << 20)
        try require(bloomBitsPerKey, "bloomBitsPerKey", in: 1...32)
        try require(tableFileBytes, "tableFileBytes", in: 64 << 10...4 << 30)
        try require(openFiles, "openFiles", in: 64...1 << 20)
        try require(backgroundJobs, "backgroundJobs", in: 2...64)
    }

    private func require(_ value: Int, _ field: String, in range: ClosedRange<Int>) throws(EngineError) {
        try require(range.contains(value), field, "must lie in \(range.lowerBound)...\(range.upperBound), is \(value)")
    }

    private func require(_ holds: Bool, _ field: String, _ rule: String) throws(EngineError) {
        guard holds else { throw .invalidOption(field: field, rule: rule) }
    }
}
