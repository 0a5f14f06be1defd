import FoundationEssentials
import Glibc

/// A directory of the benchmark's own, on the disk that is measured.
final class WorkingDirectory {
    let path: String
    private var count = 0

    init(_ parent: String?) throws {
        let parent = parent ?? FileManager.default.temporaryDirectory.path
        var template = Array("\(parent)/store-benchmark-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw BenchmarkFailure("cannot make a directory in \(parent)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Calls `body` with a new directory, which is removed afterwards.
    func withDirectory<R>(_ body: (String) throws -> R) throws -> R {
        count += 1
        let directory = "\(path)/\(count)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        return try body(directory)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
