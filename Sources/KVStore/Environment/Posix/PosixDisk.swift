import Glibc

/// A real directory, reached by its descriptor, so that a rename of its parents does not move it away.
public final class PosixDirectory: DiskDirectory {
    private let descriptor: Int32

    /// Opens the directory at `path`, which must exist.
    public init(path: String) throws(DiskError) {
        descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0 { throw posixError("open directory", name: path) }
    }

    deinit { close(descriptor) }

    /// Creates a file that only its owner may read.
    public func create(_ name: String) throws(DiskError) -> any DiskFile {
        let file = openat(descriptor, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if file < 0 { throw posixError("create", name: name) }
        return PosixFile(descriptor: file)
    }

    /// Opens a file.
    public func open(_ name: String) throws(DiskError) -> any DiskFile {
        let file = openat(descriptor, name, O_RDWR | O_CLOEXEC)
        if file < 0 { throw posixError("open", name: name) }
        return PosixFile(descriptor: file)
    }

    /// Renames a file (`renameat`).
    public func rename(_ name: String, to newName: String) throws(DiskError) {
        if renameat(descriptor, name, descriptor, newName) != 0 { throw posixError("rename", name: name) }
    }

    /// Unlinks a file.
    public func remove(_ name: String) throws(DiskError) {
        if unlinkat(descriptor, name, 0) != 0 { throw posixError("remove", name: name) }
    }

    /// Lists everything that is not a directory.
    public func list() throws(DiskError) -> [String] {
        // A directory stream owns its descriptor, and moves its offset: it gets one of its own.
        let own = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard own >= 0 else { throw posixError("list", name: ".") }
        guard let stream = fdopendir(own) else {
            close(own)
            throw posixError("list", name: ".")
        }
        defer { closedir(stream) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(stream) {
            let isDirectory = entry.pointee.d_type == UInt8(DT_DIR)
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !isDirectory { names.append(name) }
            errno = 0
        }
        if errno != 0 { throw posixError("list", name: ".") }
        return names.sorted()
    }

    /// Synchronises the directory itself (`fsync`).
    public func synchronize() throws(DiskError) {
        if fsync(descriptor) != 0 { throw .synchronization(code: errno) }
    }

    /// Locks the directory itself (`flock`), so that there is no file that could be copied or left behind.
    public func lock() throws(DiskError) -> any DiskLock {
        // The lock belongs to the open directory, not to the process: it gets a descriptor of its own.
        let own = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard own >= 0 else { throw posixError("lock", name: ".") }
        guard flock(own, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(own)
            if code == EWOULDBLOCK { throw .locked }
            throw posixError("lock", name: ".", code: code)
        }
        return PosixLock(descriptor: own)
    }

    /// What an unprivileged process may still take.
    public func freeBytes() throws(DiskError) -> Int {
        var figures = statvfs()
        if fstatvfs(descriptor, &figures) != 0 { throw posixError("measure", name: ".") }
        return Int(
            clamping: UInt64(figures.f_bavail).multipliedReportingOverflow(by: UInt64(figures.f_frsize)).partialValue
        )
    }
}

/// Holds the lock of a real directory by a descriptor.
private final class PosixLock: DiskLock {
    private let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}

/// A real file, written at offsets through the page cache.
private final class PosixFile: DiskFile {
    private let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    func size() throws(DiskError) -> Int {
        var status = stat()
        if fstat(descriptor, &status) != 0 { throw posixError("measure", name: "") }
        return Int(status.st_size)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(DiskError) -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw posixError("read", name: "")
            }
            done += count
        }
        return done
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DiskError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count <= 0 {
                if count < 0, errno == EINTR { continue }
                throw posixError("write", name: "", code: count < 0 ? errno : EIO)
            }
            done += count
        }
    }

    func preallocate(_ size: Int) throws(DiskError) {
        var code: Int32
        repeat { code = posix_fallocate(descriptor, 0, off_t(size)) } while code == EINTR
        if code != 0 { throw posixError("preallocate", name: "", code: code) }
    }

    func truncate(to size: Int) throws(DiskError) {
        if ftruncate(descriptor, off_t(size)) != 0 { throw posixError("truncate", name: "") }
    }

    func synchronize() throws(DiskError) {
        if fdatasync(descriptor) != 0 { throw .synchronization(code: errno) }
    }
}

private func posixError(_ operation: String, name: String, code: Int32 = errno) -> DiskError {
    switch code {
    case ENOSPC, EDQUOT: .noSpace(operation: operation)
    case ENOENT: .notFound(name: name)
    case EEXIST: .alreadyExists(name: name)
    default: .device(operation: name.isEmpty ? operation : "\(operation) \(name)", code: code)
    }
}
