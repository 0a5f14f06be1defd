import BenchmarkSupport
import Glibc
import KVStore
import Raft

/// How long it takes to open a log that nobody has cut, beside reading its files and doing nothing with them. Both find
/// the files in the page cache, as a process does that was killed and started again.
enum LogRecoveryTime {
    private static let groups = 16
    private static let payloadBytes = 1024

    static func measure(_ options: Options, in place: WorkingDirectory) throws -> String {
        try place.withDirectory { path in
            let (entries, bytes) = try fill(path, bytes: options.recoveryBytes)
            var opens: [Double] = []
            var reads: [Double] = []
            for _ in 0..<options.runs {
                reads.append(try readFiles(path))
                opens.append(try open(path, expecting: entries))
            }
            let opening = median(opens)
            let reading = median(reads)
            var table = Table(["log MiB", "entries", "open s", "open MiB/s", "bare read s", "bare/open"])
            table.add([
                grouped(bytes >> 20), grouped(entries * groups), decimal(opening, places: 3),
                grouped(Double(bytes >> 20) / opening), decimal(reading, places: 3),
                decimal(reading / opening, places: 2),
            ])
            return "recovery of a log of \(groups) groups, beside reading the same files\n\(table.text)"
        }
    }

    /// Makes the log, and returns how many entries each group has and how many bytes were written for them.
    private static func fill(_ path: String, bytes: Int) throws -> (entries: Int, usedBytes: Int) {
        let log = try WriteAheadLog.create(in: try PosixDirectory(path: path), identity: 1)
        let ids = (1...groups).map { PartitionID(UInt64($0)) }
        for id in ids { try log.append(.create(id)) }
        let payloads = Payloads(sizeBytes: payloadBytes)
        let perBatch = 64
        var index = LogIndex.zero
        while log.usedBytes < bytes {
            let first = index
            for id in ids {
                let entries = (1...perBatch).map { offset in
                    let index = LogIndex(first.rawValue + UInt64(offset))
                    return Entry(index: index, term: Term(1), payload: .command(payloads[offset]))
                }
                try log.append(.entries(id, entries))
            }
            index = LogIndex(first.rawValue + UInt64(perBatch))
            try log.sync()
        }
        try log.settle()
        return (Int(index.rawValue), log.usedBytes)
    }

    private static func open(_ path: String, expecting entries: Int) throws -> Double {
        let directory = try PosixDirectory(path: path)
        let start = ContinuousClock.now
        let (log, recovery) = try WriteAheadLog.open(in: directory)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let isWhole = recovery.groups.allSatisfy { Int($0.last.index.rawValue) == entries }
        guard recovery.groups.count == groups, recovery.damage.isEmpty, isWhole, log.segmentCount > 0 else {
            throw BenchmarkFailure("the log was not recovered as a whole")
        }
        return seconds
    }

    private static func readFiles(_ path: String) throws -> Double {
        let directory = try PosixDirectory(path: path)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        let start = ContinuousClock.now
        for name in try directory.list() {
            let file = try directory.open(name)
            var offset = 0
            var count = buffer.count
            while count == buffer.count {
                count = try file.read(into: buffer, at: offset)
                offset += count
            }
        }
        return (ContinuousClock.now - start) / .seconds(1)
    }
}
