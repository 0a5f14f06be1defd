import Glibc
import KVStore
import Raft

/// A store on the real log and the real engine of a directory, with pieces so small that a trial sees many of them.
final class TrialNode {
    let store: Store
    let engine: RocksEngine
    /// What was found in the log; nil where it was made.
    let found: LogRecovery?

    private static let node = NodeID(1)
    private static let configuration = Configuration(voters: [node])

    /// Opens what is in a directory; makes it, where there is nothing and `creates` says so.
    ///
    /// - Throws: `LogError.missing` where there is no log and none is to be made.
    init(directory: String, seed: UInt64, creates: Bool) throws {
        let logDirectory = "\(directory)/log"
        if creates {
            try Self.makeDirectory(directory)
            try Self.makeDirectory(logDirectory)
        }
        guard access(logDirectory, F_OK) == 0 else { throw LogError.missing }
        let disk = try PosixDirectory(path: logDirectory)
        var found: LogRecovery?
        let log: WriteAheadLog
        do throws(LogError) {
            let opened = try WriteAheadLog.open(in: disk, options: Self.logOptions)
            log = opened.log
            found = opened.recovery
        } catch {
            guard error == .missing, creates else { throw error }
            log = try WriteAheadLog.create(in: disk, identity: seed | 1, options: Self.logOptions)
        }
        self.found = found
        engine = try RocksEngine(Self.engineOptions("\(directory)/engine"))
        store = try Store(
            node: Self.node,
            recovering: log,
            found,
            engine: engine,
            options: Self.storeOptions,
            seed: seed
        )
        try checkRecovery()
    }

    private static var logOptions: LogOptions {
        var options = LogOptions()
        options.segmentBytes = 1 << 20
        options.batchBytes = 256 << 10
        options.zeroAheadBytes = 64 << 10
        return options
    }

    private static func engineOptions(_ directory: String) -> RocksOptions {
        var options = RocksOptions(directory: directory)
        options.writeBufferBytes = 256 << 10
        options.blockCacheBytes = 8 << 20
        options.tableFileBytes = 1 << 20
        return options
    }

    private static var storeOptions: StoreOptions {
        var options = StoreOptions()
        options.keptEntries = 200
        return options
    }

    /// A crash is no damage, and keeps no replica from running.
    private func checkRecovery() throws {
        guard let found else { return }
        guard found.damage.isEmpty, !found.mayMissGroups else {
            let first = found.damage.prefix(3).map(\.description).joined(separator: "; ")
            throw Violation("the log reports damage in \(found.damage.count) places: \(first)")
        }
        if let failure = store.recovery.failures.first {
            throw Violation("the replica of partition \(failure.partition) does not run: \(failure.reason)")
        }
    }

    /// Makes the replicas that are not there yet, each the only one of its group.
    func createReplicas() throws {
        for partition in Workload.partitions where !store.partitions.contains(partition) {
            try store.create(partition, initial: Self.configuration)
        }
    }

    /// Lets time pass until every replica leads and has applied its whole log.
    func lead() throws {
        for _ in 0..<1000 {
            store.tick()
            _ = try settle()
            let isReady = store.partitions.allSatisfy { partition in
                guard let status = store.status(of: partition) else { return false }
                return status.role == .leader && status.applied == status.last.index
            }
            if isReady { return }
        }
        throw Violation("the replicas have not begun to lead")
    }

    /// Takes turns until there is nothing to do.
    func settle() throws -> [Answer] {
        var answers: [Answer] = []
        while store.hasWork { answers += try turn() }
        return answers
    }

    /// Takes one turn.
    func turn() throws -> [Answer] {
        let turn = try store.prepare()
        if turn.needsSync { try store.sync() }
        return try store.complete().answers
    }

    /// The index of the last entry that a replica has applied.
    func applied(_ partition: PartitionID) throws -> LogIndex {
        guard let position = store.appliedPosition(of: partition) else {
            throw Violation("the replica of partition \(partition) is gone")
        }
        return position.index
    }

    /// Makes a directory whose name outlives a power cut.
    private static func makeDirectory(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Trouble("cannot make \(path)") }
        let parent = open("\(path)/..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw Trouble("cannot open the directory of \(path)") }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw Trouble("cannot synchronise the directory of \(path)") }
    }
}
