import ArgumentParser
import Glibc
import KVStore
import Raft

/// The process that looks at what a crash has left: opens it as the next start of a node would, lets the replicas lead,
/// and tells what they hold.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Tells what is in a directory. Started by the other commands.",
        shouldDisplay: false
    )

    @Option(help: "Where the log and the engine are.")
    var directory: String

    @Option(help: "Decides time-outs.")
    var seed: UInt64

    @Option(help: "Where to write what the partitions hold.")
    var contents: String

    func run() throws {
        do {
            let text = try inspect()
            guard writeAll(text, to: STDOUT_FILENO) else { throw Exit.trouble }
        } catch let violation as Violation {
            printError(violation.description)
            throw Exit.loss
        } catch {
            printError("what is left cannot be opened: \(error)")
            throw Exit.loss
        }
    }

    private func inspect() throws -> String {
        let start = ContinuousClock.now
        let node: TrialNode
        do {
            node = try TrialNode(directory: directory, seed: seed, creates: false)
        } catch let error as LogError where error == .missing {
            return "missing\n"
        }
        let opened = ContinuousClock.now
        let found = node.store.partitions.map { ($0, node.store.status(of: $0)) }
        try node.lead()
        let ready = ContinuousClock.now
        var lines = "times \(microseconds(opened - start)) \(microseconds(ready - start))\n"
        for (partition, status) in found {
            guard let status else { continue }
            let index = try node.applied(partition)
            lines += "partition \(partition.rawValue) \(status.last.index.rawValue) \(index.rawValue)"
            lines += " \(status.last.index.rawValue - status.applied.rawValue) \(status.base.index.rawValue)\n"
            try dump(node, partition)
        }
        return lines
    }

    private func microseconds(_ duration: Duration) -> Int { Int(duration / .microseconds(1)) }

    private func dump(_ node: TrialNode, _ partition: PartitionID) throws {
        guard let reader = node.store.reader(of: partition) else { throw Violation("partition \(partition) is gone") }
        var bytes: [UInt8] = []
        var from: ArraySlice<UInt8>? = []
        while let start = from {
            let page = try reader.scan(from: start)
            for entry in page.entries { Contents.append(entry.key, entry.value, to: &bytes) }
            from = page.next.map { $0[...] }
        }
        let path = Contents.path(contents, partition)
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { close(file) }
        guard file >= 0, writeAll(bytes, to: file) else { throw Trouble("cannot write \(path)") }
    }
}

/// A partition's entries, as inspectors hand them over in a file.
enum Contents {
    static func path(_ directory: String, _ partition: PartitionID) -> String {
        "\(directory)/contents-\(partition.rawValue)"
    }

    static func append(_ key: [UInt8], _ value: [UInt8], to bytes: inout [UInt8]) {
        for part in [key, value] {
            withUnsafeBytes(of: UInt32(part.count).littleEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: part)
        }
    }

    static func read(_ path: String) throws -> [[UInt8]: [UInt8]] {
        let bytes = try readFile(path)
        var offset = 0
        func next() throws -> [UInt8] {
            guard offset + 4 <= bytes.count else { throw Trouble("\(path) ends too early") }
            let count = bytes.withUnsafeBytes {
                Int(UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            }
            guard offset + 4 + count <= bytes.count else { throw Trouble("\(path) ends too early") }
            defer { offset += 4 + count }
            return Array(bytes[offset + 4..<offset + 4 + count])
        }
        var entries: [[UInt8]: [UInt8]] = [:]
        while offset < bytes.count {
            let key = try next()
            guard entries.updateValue(try next(), forKey: key) == nil else {
                throw Violation("a scan gave a key twice")
            }
        }
        return entries
    }
}
