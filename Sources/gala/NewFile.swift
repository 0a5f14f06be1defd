import FoundationEssentials
import Glibc

/// Files of secrets: only the owner can read them, from their first byte on.
enum NewFile {
    /// Writes a file.
    ///
    /// - Parameter isReplacing: Takes the place of the file that is there, as a whole; else there must be none.
    static func write(_ text: Data, to path: String, replacing isReplacing: Bool = false) throws(StartFailure) {
        guard isReplacing else { return try make(text, path) }
        let next = path + ".new"
        unlink(next)
        try make(text, next)
        guard rename(next, path) == 0 else { throw failure(path) }
    }

    private static func make(_ text: Data, _ path: String) throws(StartFailure) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure(path) }
        defer { close(file) }
        var rest = [UInt8](text + Data("\n".utf8))[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard written > 0 else { throw failure(path) }
            rest = rest.dropFirst(written)
        }
        guard fsync(file) == 0 else { throw failure(path) }
    }

    private static func failure(_ path: String) -> StartFailure {
        StartFailure("\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
}
