import KVStore

/// A directory that counts the bytes which are written to its files, and the synchronisations that are waited for.
final class CountingDirectory: DiskDirectory {
    final class Counts {
        var bytes = 0
        var synchronizations = 0
    }

    let counts = Counts()
    private let directory: PosixDirectory

    init(path: String) throws(DiskError) { directory = try PosixDirectory(path: path) }

    func create(_ name: String) throws(DiskError) -> any DiskFile {
        CountingFile(file: try directory.create(name), counts: counts)
    }

    func open(_ name: String) throws(DiskError) -> any DiskFile {
        CountingFile(file: try directory.open(name), counts: counts)
    }

    func rename(_ name: String, to newName: String) throws(DiskError) { try directory.rename(name, to: newName) }

    func remove(_ name: String) throws(DiskError) { try directory.remove(name) }

    func list() throws(DiskError) -> [String] { try directory.list() }

    func synchronize() throws(DiskError) {
        counts.synchronizations += 1
        try directory.synchronize()
    }

    func lock() throws(DiskError) -> any DiskLock { try directory.lock() }

    func freeBytes() throws(DiskError) -> Int { try directory.freeBytes() }
}

private final class CountingFile: DiskFile {
    private let file: any DiskFile
    private let counts: CountingDirectory.Counts

    init(file: any DiskFile, counts: CountingDirectory.Counts) {
        self.file = file
        self.counts = counts
    }

    func size() throws(DiskError) -> Int { try file.size() }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(DiskError) -> Int {
        try file.read(into: buffer, at: offset)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DiskError) {
        counts.bytes += bytes.count
        try file.write(bytes, at: offset)
    }

    func preallocate(_ size: Int) throws(DiskError) { try file.preallocate(size) }

    func truncate(to size: Int) throws(DiskError) { try file.truncate(to: size) }

    func synchronize() throws(DiskError) {
        counts.synchronizations += 1
        try file.synchronize()
    }
}
