import Glibc

/// Files and directories, as far as the harness needs them.
enum Files {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Everything that a file holds; nil where it cannot be read.
    static func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        while let more = readSome(file), !more.isEmpty { bytes += more }
        return bytes
    }

    static func readText(_ path: String) -> String? { read(path).map { String(decoding: $0, as: UTF8.self) } }

    /// What can be read at once; empty at the end; nil after an error.
    static func readSome(_ descriptor: CInt) -> [UInt8]? {
        var part = [UInt8](repeating: 0, count: 64 << 10)
        var count = 0
        repeat { count = Glibc.read(descriptor, &part, part.count) } while count < 0 && errno == EINTR
        return count < 0 ? nil : Array(part[..<count])
    }

    /// Writes a file as a whole: whoever reads it meanwhile sees the old one or the new one.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let draft = path + ".new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Trouble("cannot write \(draft): \(reason())") }
        let isWhole = writeAll(bytes, to: file)
        close(file)
        guard isWhole, rename(draft, path) == 0 else { throw Trouble("cannot write \(path): \(reason())") }
    }

    static func write(_ text: String, to path: String) throws { try write(Array(text.utf8), to: path) }

    @discardableResult
    static func writeAll(_ bytes: [UInt8], to descriptor: CInt) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }

    @discardableResult
    static func writeAll(_ text: String, to descriptor: CInt) -> Bool { writeAll(Array(text.utf8), to: descriptor) }

    static func makeDirectory(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw Trouble("cannot make \(path): \(reason())") }
    }

    /// The names in a directory, in order; none where it cannot be read.
    static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a directory and everything in it.
    static func removeTree(_ directory: String) {
        _ = try? Program.run(["rm", "-rf", "--one-file-system", directory])
    }

    /// The program with this name among the directories of the search path, and those of administrators; nil if none.
    static func program(_ name: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let directories = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]
        return directories.map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
    }

    /// What the system said last.
    static func reason() -> String { String(cString: strerror(errno)) }
}
