import FoundationEssentials
import KVStore
import Testing

/// The kinds of engine that must behave alike.
enum EngineKind: String, CaseIterable, Codable, Sendable, CustomTestStringConvertible {
    case memory
    case rocks

    var testDescription: String { rawValue }
}

/// An engine on a disk of its own, and the accidents that can befall it.
final class EngineFixture {
    let kind: EngineKind
    /// A private directory of the real file system; in-memory engines use its name only.
    let root: String
    private let disk = MemoryDisk()
    private let writeBufferBytes: Int
    private var directory: String
    private var crashes = 0
    /// The engine as it is now: another one after each crash.
    private(set) var engine: any Engine

    /// Makes a fixture in a directory of its own; a process that will be killed gets it from one that can remove it.
    init(_ kind: EngineKind, root: String? = nil, writeBufferBytes: Int = 8 << 20) throws {
        self.kind = kind
        self.writeBufferBytes = writeBufferBytes
        let root = try root ?? TemporaryDirectory.make()
        self.root = root
        directory = "\(root)/data"
        engine = try Self.open(kind, disk, directory, writeBufferBytes)
    }

    /// The in-memory engine, where only that one can do what a test wants.
    var memory: MemoryEngine? { engine as? MemoryEngine }

    /// Opens a second engine on the same disk, in a directory beside the first.
    func open(beside name: String) throws -> any Engine {
        try Self.open(kind, disk, path(name), writeBufferBytes)
    }

    /// The path of a directory beside the engine's.
    func path(_ name: String) -> String { "\(root)/\(name)" }

    /// Opens the engine's own directory once more.
    func openAgain() throws -> any Engine { try Self.open(kind, disk, directory, writeBufferBytes) }

    /// Closes in good order and opens again.
    func reopen() throws {
        try engine.close()
        engine = try openAgain()
    }

    /// Ends the engine as the end of its process would, and opens what is left.
    ///
    /// For a real engine: its files are copied while it runs, and the copy takes the place of the original. Nothing
    /// that the engine still does, not even in its shutdown, reaches the copy.
    func crash() throws {
        if let memory {
            memory.crash()
        } else {
            crashes += 1
            let copy = path("data-\(crashes)")
            try Self.copyRunning(directory, to: copy)
            directory = copy
        }
        engine = try openAgain()
    }

    private static func open(
        _ kind: EngineKind,
        _ disk: MemoryDisk,
        _ directory: String,
        _ writeBufferBytes: Int
    ) throws -> any Engine {
        switch kind {
        case .memory: return try MemoryEngine(disk, directory: directory)
        case .rocks:
            var options = RocksOptions(directory: directory)
            options.writeBufferBytes = writeBufferBytes
            options.blockCacheBytes = 4 << 20
            return try RocksEngine(options)
        }
    }

    /// Copies a directory in which files come and go, and starts anew if any did: a copy that is made of two moments
    /// would be a state that no crash leaves.
    private static func copyRunning(_ source: String, to copy: String) throws {
        let manager = FileManager.default
        for _ in 0..<100 {
            let before = try manager.subpathsOfDirectory(atPath: source).sorted()
            try? manager.removeItem(atPath: copy)
            let isCopied = (try? manager.copyItem(atPath: source, toPath: copy)) != nil
            let after = try manager.subpathsOfDirectory(atPath: source).sorted()
            if isCopied, before == after { return }
        }
        throw EngineError.inUse
    }
}
