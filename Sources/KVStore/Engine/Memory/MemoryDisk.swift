/// The part of a simulated node that survives a crash: what its engines have made durable, by directory.
///
/// Everything else, writes that were not flushed and sorted files that were not ingested, is in the engines and dies
/// with them.
public final class MemoryDisk: @unchecked Sendable {
    private let lock = ReadWriteLock()
    /// Looked up by name only: iterating a dictionary would make runs differ.
    private var durable: [String: SortedTree] = [:]
    private var leases: [String: UInt64] = [:]
    private var leaseCount: UInt64 = 0

    /// An empty disk.
    public init() {}

    /// Removes a directory and what is in it, if it exists. No engine has it open.
    public func remove(_ directory: String) {
        lock.withExclusive {
            precondition(leases[directory] == nil, "the directory of an open engine was removed")
            durable[directory] = nil
        }
    }

    /// Gives the directory, created if it is missing, to one engine.
    func open(_ directory: String) throws(EngineError) -> (lease: UInt64, state: SortedTree) {
        try lock.withExclusive { () throws(EngineError) in
            guard leases[directory] == nil else { throw .locked(directory) }
            leaseCount += 1
            leases[directory] = leaseCount
            let state = durable[directory] ?? SortedTree()
            durable[directory] = state
            return (leaseCount, state)
        }
    }

    /// Ends a lease. One that has ended already, by a crash, may meanwhile have been followed by another.
    func release(_ directory: String, lease: UInt64) {
        lock.withExclusive {
            if leases[directory] == lease { leases[directory] = nil }
        }
    }

    func state(of directory: String) -> SortedTree {
        lock.withShared { durable[directory] ?? SortedTree() }
    }

    func replaceState(of directory: String, by state: SortedTree) {
        lock.withExclusive { durable[directory] = state }
    }

    func create(_ directory: String, with state: SortedTree) throws(EngineError) {
        try lock.withExclusive { () throws(EngineError) in
            guard durable[directory] == nil else { throw .exists(directory) }
            durable[directory] = state
        }
    }
}

/// One engine's hold on its directory. The engine's snapshots, iterators and sorted files share it, so that the
/// directory stays taken until the last of them goes, as a real one does.
final class MemoryLease: Sendable {
    let disk: MemoryDisk
    let directory: String
    private let number: UInt64

    init(_ disk: MemoryDisk, _ directory: String, number: UInt64) {
        self.disk = disk
        self.directory = directory
        self.number = number
    }

    deinit { end() }

    /// Lets the directory go, whoever still holds the lease.
    func end() { disk.release(directory, lease: number) }
}
