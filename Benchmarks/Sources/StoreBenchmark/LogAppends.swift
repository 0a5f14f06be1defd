import BenchmarkSupport
import Glibc
import KVStore
import Raft

/// Appends to the log: one entry of each group, then one synchronisation for all of them, again and again.
///
/// Beside it: the same payload bytes, written to a file that was filled with zeros before, and one fdatasync. Nothing
/// that keeps data can be faster than that.
struct LogAppends: Hashable {
    let groups: Int
    let payloadBytes: Int

    private static let cases = [100, 1024].flatMap { bytes in
        [1, 16, 256].map { LogAppends(groups: $0, payloadBytes: bytes) }
    }

    private struct Sample {
        var appends = 0.0
        var syncs = 0.0
        /// Bytes that the disk was given for each byte of payload.
        var written = 0.0
    }

    static func measure(_ options: Options, in place: WorkingDirectory) throws -> String {
        var log: [LogAppends: [Sample]] = [:]
        var bare: [LogAppends: [Sample]] = [:]
        for _ in 0..<options.runs {
            for one in cases {
                bare[one, default: []].append(try place.withDirectory { try one.runBare(in: $0, options.seconds) })
                log[one, default: []].append(try place.withDirectory { try one.runLog(in: $0, options.seconds) })
            }
        }
        var table = Table([
            "payload B", "groups", "log appends/s", "log syncs/s", "bare appends/s", "log/bare", "written/stored",
        ])
        for one in cases {
            let ours = log[one, default: []]
            let theirs = bare[one, default: []]
            let appends = median(ours.map(\.appends))
            let bareAppends = median(theirs.map(\.appends))
            table.add([
                grouped(one.payloadBytes), grouped(one.groups), grouped(appends), grouped(median(ours.map(\.syncs))),
                grouped(bareAppends), decimal(appends / bareAppends, places: 2),
                decimal(median(ours.map(\.written)), places: 2),
            ])
        }
        return "log appends with fdatasync, beside a bare write and fdatasync of the same payloads\n\(table.text)"
    }

    private func runLog(in path: String, _ seconds: Double) throws -> Sample {
        let directory = try CountingDirectory(path: path)
        let log = try WriteAheadLog.create(in: directory, identity: 1)
        let ids = (1...groups).map { PartitionID(UInt64($0)) }
        for id in ids { try log.append(.create(id)) }
        try log.sync()
        let payloads = Payloads(sizeBytes: payloadBytes)
        var index = LogIndex.zero
        let bytesBefore = directory.counts.bytes
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(seconds) {
            index = index.next
            for id in ids {
                let entry = Entry(index: index, term: Term(1), payload: .command(payloads[Int(index.rawValue)]))
                try log.append(.entries(id, [entry]))
            }
            try log.sync()
        }
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        let written = directory.counts.bytes - bytesBefore
        let rounds = Double(index.rawValue)
        guard ids.allSatisfy({ log.last(of: $0)?.index == index }) else {
            throw BenchmarkFailure("the log does not hold what was appended")
        }
        return Sample(
            appends: rounds * Double(groups) / elapsed,
            syncs: rounds / elapsed,
            written: Double(written) / (rounds * Double(groups * payloadBytes))
        )
    }

    private func runBare(in path: String, _ seconds: Double) throws -> Sample {
        let file = try BareFile("\(path)/bare", bytes: 64 << 20)
        let payloads = Payloads(sizeBytes: payloadBytes)
        var rounds = 0
        var batch: [UInt8] = []
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .seconds(seconds) {
            rounds += 1
            batch.removeAll(keepingCapacity: true)
            for _ in 0..<groups { batch.append(contentsOf: payloads[rounds]) }
            try file.append(batch)
        }
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        return Sample(appends: Double(rounds * groups) / elapsed, syncs: Double(rounds) / elapsed, written: 1)
    }
}

/// Payloads that cannot be compressed, made before the clock starts.
struct Payloads {
    private let payloads: [[UInt8]]

    init(sizeBytes: Int) {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        payloads = (0..<256).map { _ in
            (0..<sizeBytes).map { _ in
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return UInt8(truncatingIfNeeded: state >> 32)
            }
        }
    }

    subscript(number: Int) -> [UInt8] { payloads[number & 255] }
}

/// A file of zeros that is written from its beginning to its end, and then again.
private final class BareFile {
    private let descriptor: CInt
    private let bytes: Int
    private var offset = 0

    init(_ path: String, bytes: Int) throws {
        self.bytes = bytes
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BenchmarkFailure("cannot make \(path)") }
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for start in stride(from: 0, to: bytes, by: zeros.count) { try write(zeros, at: start) }
        guard fsync(descriptor) == 0 else { throw BenchmarkFailure("cannot synchronise \(path)") }
    }

    deinit { close(descriptor) }

    func append(_ batch: [UInt8]) throws {
        if offset + batch.count > bytes { offset = 0 }
        try write(batch, at: offset)
        guard fdatasync(descriptor) == 0 else { throw BenchmarkFailure("fdatasync failed") }
        offset += batch.count
    }

    private func write(_ batch: [UInt8], at offset: Int) throws {
        guard pwrite(descriptor, batch, batch.count, off_t(offset)) == batch.count else {
            throw BenchmarkFailure("a write failed")
        }
    }
}
