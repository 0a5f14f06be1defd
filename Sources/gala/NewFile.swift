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

    /// Writes files that belong together, of which none may be there. Where a call is interrupted while it puts them into
    /// their places, the next one finishes that.
    ///
    ///     a draft of each ──▶ each draft into its place, in order
    ///
    /// - Returns: False where those of an earlier call are there now, and not these.
    static func write(all files: [(path: String, text: Data)]) throws(StartFailure) -> Bool {
        let missing = files.filter { !exists($0.path) }
        let areThese = missing.count == files.count
        if areThese {
            for (path, text) in files {
                unlink(draft(path))
                try make(text, draft(path))
            }
        } else if missing.isEmpty || !missing.allSatisfy({ exists(draft($0.path)) }) {
            let there = files.first { exists($0.path) }?.path ?? ""
            throw StartFailure("\(there) is there already; nothing was written")
        }
        for (path, _) in missing {
            guard rename(draft(path), path) == 0 else { throw failure(path) }
        }
        return areThese
    }

    private static func draft(_ path: String) -> String { path + ".draft" }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

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
