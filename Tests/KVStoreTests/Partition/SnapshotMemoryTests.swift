import Raft
import Testing

@testable import KVStore

@Suite("Snapshots: memory", .serialized)
struct SnapshotMemoryTests {
    /// In a process of its own, where nothing else takes memory.
    @Test("A transfer of much data takes little memory")
    func bounded() async throws {
        let root = try TemporaryDirectory.make()
        await #expect(processExitsWith: .success) { [root = root as String] in
            let source = try StateMachine(partition, in: Self.engine("\(root)/a"), initial: threeVoters)
            let target = try StateMachine(partition, in: Self.engine("\(root)/b"), initial: threeVoters)
            var random = SplitMix(seed: 1)
            let noise = (0..<(1 << 16)).map { _ in UInt8.random(in: 0...255, using: &random) }
            for number in 0..<1_600 {
                let value = noise[(number * 7 % 999)...]
                try source.run(.put(key: bytes("\(10_000 + number)")[...], value: value))
            }
            let before = peakMemoryBytes()
            let receiver = target.receiveSnapshot()
            let writer = try source.makeSnapshot()
            while let chunk = try writer.nextChunk() { try receiver.receive(chunk) }
            try target.install(receiver)
            let checksums = (try source.checksum(), try target.checksum())
            let taken = peakMemoryBytes() - before
            guard checksums.0 == checksums.1, checksums.0.bytes > 90 << 20, taken < 16 << 20 else {
                fatalError("a transfer took \(taken) bytes of memory: \(checksums)")
            }
        }
    }

    @Test("Decoders take little memory, whatever they are given")
    func decoders() async {
        await #expect(processExitsWith: .success) {
            let sample = try CommandEncodingTests.sample.encoded()
            let machine = try open(EngineFixture(.memory).engine)
            _ = try machine.apply([Entry(1), try Entry(2, CommandEncodingTests.sample)])
            let chunks = try chunks(of: machine, chunkBytes: 1_000)
            let before = peakMemoryBytes()
            forEachMutation(of: sample, seed: 1) { _ = try? Command(encoded: $0) }
            for chunk in chunks {
                forEachMutation(of: chunk, seed: 2) { _ = try? SnapshotReceiver.metadata(ofFirst: $0) }
                forEachMutation(of: chunk, seed: 3) { _ = try? machine.receiveSnapshot().receive($0) }
            }
            forEachMutation(of: StoredFormatTests.state.encoded, seed: 4) { _ = try? AppliedState(encoded: $0[...]) }
            let taken = peakMemoryBytes() - before
            guard before > 0, taken < 16 << 20 else { fatalError("decoding took \(taken) bytes of memory") }
        }
    }

    private static func engine(_ directory: String) throws -> any Engine {
        var options = RocksOptions(directory: directory)
        options.writeBufferBytes = 4 << 20
        options.blockCacheBytes = 4 << 20
        return try RocksEngine(options)
    }
}
