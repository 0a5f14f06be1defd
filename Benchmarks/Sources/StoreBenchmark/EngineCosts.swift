import BenchmarkSupport
import Glibc
import KVStore

/// Batched puts in random order, and random gets, of the engine and of RocksDB itself with the same options.
enum EngineCosts {
    static let keyBytes = 16
    static let valueBytes = 100
    static let batchPuts = 100
    private static let gets = 200_000

    private struct Sample {
        let puts: Double
        let gets: Double
    }

    static func measure(_ options: Options, in place: WorkingDirectory) throws -> String {
        var ours: [Sample] = []
        var bare: [Sample] = []
        for _ in 0..<options.runs {
            bare.append(
                try place.withDirectory { directory in
                    try run(options.engineEntries, on: try BareRocks(RocksOptions(directory: "\(directory)/bare")))
                }
            )
            ours.append(
                try place.withDirectory { directory in
                    try run(options.engineEntries, on: try OurEngine(RocksOptions(directory: "\(directory)/engine")))
                }
            )
        }
        var table = Table(["operation", "engine/s", "bare RocksDB/s", "engine/bare"])
        for (name, value) in [("put", \Sample.puts), ("get", \Sample.gets)] {
            let mine = median(ours.map { $0[keyPath: value] })
            let theirs = median(bare.map { $0[keyPath: value] })
            table.add([name, grouped(mine), grouped(theirs), decimal(mine / theirs, places: 2)])
        }
        return """
            \(grouped(options.engineEntries)) entries of \(keyBytes) + \(valueBytes) B, put in batches of \(batchPuts) \
            and flushed at the end, then \(grouped(gets)) random gets
            \(table.text)
            """
    }

    private static func run(_ entries: Int, on map: any MeasuredMap) throws -> Sample {
        let payloads = Payloads(sizeBytes: valueBytes)
        var start = ContinuousClock.now
        for first in stride(from: 0, to: entries, by: batchPuts) {
            try map.put((first..<min(first + batchPuts, entries)).map { (key($0), payloads[$0]) })
        }
        try map.flush()
        let puts = Double(entries) / ((ContinuousClock.now - start) / .seconds(1))
        start = .now
        var number = 1
        for _ in 0..<gets {
            number = (number &* 1_103_515_245 &+ 12_345) & 0x7FFF_FFFF
            let wanted = number % entries
            guard try map.get(key(wanted)) == payloads[wanted] else { throw BenchmarkFailure("a value is not as put") }
        }
        return Sample(puts: puts, gets: Double(gets) / ((ContinuousClock.now - start) / .seconds(1)))
    }

    /// Keys scattered over the whole range, so that consecutive numbers are far apart.
    private static func key(_ number: Int) -> [UInt8] {
        let scattered = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
        return withUnsafeBytes(of: (scattered.bigEndian, UInt64(number).bigEndian)) { Array($0) }
    }
}

/// What is asked of either.
protocol MeasuredMap {
    func put(_ entries: [(key: [UInt8], value: [UInt8])]) throws
    func get(_ key: [UInt8]) throws -> [UInt8]?
    func flush() throws
}

/// Ours.
private struct OurEngine: MeasuredMap {
    private let engine: RocksEngine

    init(_ options: RocksOptions) throws { engine = try RocksEngine(options) }

    func put(_ entries: [(key: [UInt8], value: [UInt8])]) throws {
        var batch = WriteBatch()
        for entry in entries { batch.put(entry.key, entry.value) }
        try engine.write(batch)
    }

    func get(_ key: [UInt8]) throws -> [UInt8]? { try engine.value(of: key) }

    func flush() throws { try engine.flush() }
}
