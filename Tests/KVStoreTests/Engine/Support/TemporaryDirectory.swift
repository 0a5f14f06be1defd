import FoundationEssentials
import Glibc
import Synchronization

/// Directories for tests. They live until the process ends, so that no test can pull one away from under an engine.
enum TemporaryDirectory {
    private static let count = Atomic<Int>(0)
    private static let root: String = {
        let temporary = FileManager.default.temporaryDirectory.path
        atexit { try? FileManager.default.removeItem(atPath: TemporaryDirectory.root) }
        return "\(temporary)/kvstore-tests-\(getpid())"
    }()

    /// Makes a new directory and returns its path.
    static func make() throws -> String {
        let path = "\(root)/\(count.add(1, ordering: .relaxed).newValue)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}
