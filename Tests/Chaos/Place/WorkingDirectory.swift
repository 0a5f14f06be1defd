import Glibc

/// Where a run keeps its cluster's files, logs and history: one directory, removed at the end, unless the run has failed.
///
///     gala-chaos-‹process›-‹random›/
///       node1.json …  security/  data1/ …     removed in any case
///       node1.log …  history.jsonl  timeline.txt
///       kept                                   says that this is to be looked at, and is not to be swept away
struct WorkingDirectory {
    private static let prefix = "gala-chaos-"

    let path: String

    private static var parent: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

    init() throws {
        var template = Array("\(Self.parent)/\(Self.prefix)\(Enclosure.outerProcess)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Trouble("cannot make a directory in \(Self.parent)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes it.
    func remove() { Files.removeTree(path) }

    /// Removes data and keys, and leaves the rest to be looked at.
    func keep() {
        for name in Files.names(in: path) where name.hasPrefix("data") || name == "security" {
            Files.removeTree("\(path)/\(name)")
        }
        try? Files.write("", to: "\(path)/kept")
    }

    // MARK: Leftovers

    /// Clears away what runs have left whose harness is gone. Must be called outside of any namespace of processes.
    static func sweep() {
        for name in Files.names(in: parent) where name.hasPrefix(prefix) {
            let parts = name.dropFirst(prefix.count).split(separator: "-")
            guard parts.count == 2, let owner = pid_t(parts[0]), !isHarness(owner) else { continue }
            let path = "\(parent)/\(name)"
            endNodes(path)
            if !Files.exists("\(path)/kept") { Files.removeTree(path) }
        }
    }

    private static func isHarness(_ id: pid_t) -> Bool {
        guard let line = Files.readText("/proc/\(id)/cmdline") else { return false }
        return line.contains("chaos")
    }

    /// Ends nodes that were started on the loopback interface; those in namespaces ended with their harness.
    private static func endNodes(_ path: String) {
        for name in Files.names(in: path) where name.hasSuffix(".pid") {
            guard let id = Files.readText("\(path)/\(name)").flatMap({ pid_t($0) }),
                let line = Files.readText("/proc/\(id)/cmdline"), line.contains(path)
            else { continue }
            kill(id, SIGKILL)
        }
    }
}
