internal import Glibc
public import KVStore

/// A node's files in one directory, which nobody but the node's own user may look into:
///
///     ‹directory›/log/       the write-ahead log
///     ‹directory›/engine/    RocksDB
///
/// What is missing is created, and its name made durable before it is used: a log that a crash takes back would be
/// promises forgotten.
public final class DirectoryStorage: NodeStorage, Sendable {
    private let directory: String
    private let options: RocksOptions
    private let counters: NodeCounters

    /// - Parameters:
    ///   - directory: Its parent exists.
    ///   - engine: How the engine is set up; where it lies is decided here.
    public convenience init(directory: String, engine options: RocksOptions? = nil) {
        self.init(directory: directory, engine: options, counters: NodeCounters())
    }

    init(directory: String, engine options: RocksOptions?, counters: NodeCounters) {
        var engine = options ?? RocksOptions(directory: "")
        engine.directory = "\(directory)/engine"
        self.directory = directory
        self.options = engine
        self.counters = counters
    }

    /// Opens `log/`, having created it if it was missing.
    public func logDirectory() throws(DiskError) -> any DiskDirectory {
        try create(directory)
        try create("\(directory)/log")
        return MeteredDirectory(try PosixDirectory(path: "\(directory)/log"), counters)
    }

    /// Opens `engine/`, having created it if it was missing.
    public func openEngine() throws(EngineError) -> any Engine {
        do throws(DiskError) {
            try create(directory)
            try create(options.directory)
        } catch {
            if case .noSpace(let operation) = error { throw .noSpace(operation) }
            throw .inputOutput("\(error)")
        }
        return try RocksEngine(options)
    }

    /// Creates a directory unless it is there, durably. One that is there may have been created by a process that died
    /// before it could synchronise, so that its name is synchronised as well.
    private func create(_ path: String) throws(DiskError) {
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            let code = errno
            if code == ENOSPC || code == EDQUOT { throw .noSpace(operation: "create \(path)") }
            throw .device(operation: "create \(path)", code: code)
        }
        try PosixDirectory(path: "\(path)/..").synchronize()
    }
}
