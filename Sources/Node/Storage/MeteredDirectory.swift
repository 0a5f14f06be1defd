internal import KVStore

/// Passes everything on to a directory, and counts what is written and how long synchronising takes.
final class MeteredDirectory: DiskDirectory {
    private let base: any DiskDirectory
    private let counters: NodeCounters

    init(_ base: any DiskDirectory, _ counters: NodeCounters) {
        self.base = base
        self.counters = counters
    }

    func create(_ name: String) throws(DiskError) -> any DiskFile {
        MeteredFile(try base.create(name), counters)
    }

    func open(_ name: String) throws(DiskError) -> any DiskFile { MeteredFile(try base.open(name), counters) }

    func rename(_ name: String, to newName: String) throws(DiskError) { try base.rename(name, to: newName) }

    func remove(_ name: String) throws(DiskError) { try base.remove(name) }

    func list() throws(DiskError) -> [String] { try base.list() }

    func synchronize() throws(DiskError) { try base.synchronize() }

    func lock() throws(DiskError) -> any DiskLock { try base.lock() }

    func freeBytes() throws(DiskError) -> Int { try base.freeBytes() }
}

private final class MeteredFile: DiskFile {
    private let base: any DiskFile
    private let counters: NodeCounters

    init(_ base: any DiskFile, _ counters: NodeCounters) {
        self.base = base
        self.counters = counters
    }

    func size() throws(DiskError) -> Int { try base.size() }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(DiskError) -> Int {
        try base.read(into: buffer, at: offset)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DiskError) {
        try base.write(bytes, at: offset)
        counters.writtenBytes.add(bytes.count)
    }

    func preallocate(_ size: Int) throws(DiskError) { try base.preallocate(size) }

    func truncate(to size: Int) throws(DiskError) { try base.truncate(to: size) }

    func synchronize() throws(DiskError) {
        let start = monotonicNanoseconds()
        try base.synchronize()
        counters.syncs.add(nanoseconds: monotonicNanoseconds() - start)
    }
}
