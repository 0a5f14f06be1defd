import Glibc

/// What the engine does to directories itself. Names in a directory are durable only once the directory is synced.
enum Directory {
    /// Creates a directory unless it is there, durably. One that is there may have been created by a process that died
    /// before it could sync, so its name is synced as well.
    static func create(_ path: String) throws(EngineError) {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw failure("create", path) }
        try sync(parent(of: path))
    }

    /// Makes the names in a directory durable.
    static func sync(_ path: String) throws(EngineError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("sync", path) }
    }

    /// Removes all files of a directory. Their absence need not be durable: they are removed again if they come back.
    static func removeFiles(in path: String) throws(EngineError) {
        guard let stream = opendir(path) else { throw failure("open", path) }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            guard name != ".", name != ".." else { continue }
            guard unlink("\(path)/\(name)") == 0 || errno == ENOENT else { throw failure("remove", "\(path)/\(name)") }
        }
    }

    /// True if something of that name is there.
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The directory that holds the path's last name.
    static func parent(of path: String) -> String {
        var bytes = Array(path.utf8)
        let slash = UInt8(ascii: "/")
        while bytes.count > 1, bytes.last == slash { bytes.removeLast() }
        guard let last = bytes.lastIndex(of: slash) else { return "." }
        return last == 0 ? "/" : String(decoding: bytes[..<last], as: UTF8.self)
    }

    private static func failure(_ verb: String, _ path: String) -> EngineError {
        let number = errno
        let text = "cannot \(verb) \(path): \(String(cString: strerror(number)))"
        return number == ENOSPC ? .noSpace(text) : .inputOutput(text)
    }
}
