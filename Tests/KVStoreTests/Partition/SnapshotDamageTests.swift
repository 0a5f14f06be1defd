import FoundationEssentials
import Raft
import Testing

@testable import KVStore

@Suite("Snapshots: trouble on the way")
struct SnapshotDamageTests {
    private func refuses(_ receiver: SnapshotReceiver, _ chunk: [UInt8]) -> SnapshotError? {
        do {
            try receiver.receive(chunk)
            return nil
        } catch {
            return error
        }
    }

    @Test("Every damage to every chunk is found, and the right chunk is still taken", arguments: EngineKind.allCases)
    func damage(kind: EngineKind) throws {
        let source = try SnapshotTests.source(kind, entries: 4)
        let all = try chunks(of: source, chunkBytes: 300)
        let machine = try open(EngineFixture(kind).engine)
        let receiver = machine.receiveSnapshot()
        for (number, chunk) in all.enumerated() {
            forEachMutation(of: chunk, seed: UInt64(number)) { bytes in
                if bytes != chunk { #expect(refuses(receiver, bytes) != nil) }
            }
            #expect(receiver.wanted == UInt64(number))
            try receiver.receive(chunk)
        }
        try machine.install(receiver)
        #expect(try machine.checksum() == source.checksum())
    }

    @Test("Chunks twice, too early, or of something else are refused by name", arguments: EngineKind.allCases)
    func order(kind: EngineKind) throws {
        let source = try SnapshotTests.source(kind)
        let all = try chunks(of: source, chunkBytes: 1_000)
        try source.run(put("more", "1"))
        let later = try chunks(of: source, chunkBytes: 1_000)
        let neighbour = try open(EngineFixture(kind).engine, PartitionID(1))
        try neighbour.run(put("more", "1"))
        let foreign = try #require(try chunks(of: neighbour, chunkBytes: 1_000).first)
        let machine = try open(EngineFixture(kind).engine)
        let receiver = machine.receiveSnapshot()
        for (number, chunk) in all.enumerated() {
            let wanted = UInt64(number)
            if number > 0 {
                #expect(refuses(receiver, all[number - 1]) == .duplicate(number: wanted - 1, wanted: wanted))
                #expect(refuses(receiver, all[0]) == .duplicate(number: 0, wanted: wanted))
                #expect(refuses(receiver, later[0]) == .otherSnapshot(source.state.position))
            }
            if number + 1 < all.count {
                #expect(refuses(receiver, all[number + 1]) == .early(number: wanted + 1, wanted: wanted))
            }
            #expect(refuses(receiver, foreign) == .otherPartition(PartitionID(1)))
            #expect(refuses(receiver, []) != nil)
            try receiver.receive(chunk)
        }
        #expect(receiver.isComplete)
        #expect(refuses(receiver, all[all.count - 1]) == .finished)
    }

    @Test("A chunk of the same position and another content is refused")
    func otherContent() throws {
        let machines = try ["1", "2"].map { value in
            let machine = try open(EngineFixture(.memory).engine)
            try machine.run(put("a", value))
            return machine
        }
        let all = try machines.map { try chunks(of: $0, chunkBytes: 20) }
        let receiver = machines[0].receiveSnapshot()
        // The head, the remembered command, the entry: two replicas have drifted apart in the third.
        for number in 0..<2 { try receiver.receive(all[0][number]) }
        try receiver.receive(all[1][2])
        #expect(refuses(receiver, all[0][3]) == .otherContent)
    }

    @Test("A first chunk tells what the snapshot contains, before it is taken in")
    func metadata() throws {
        let source = try SnapshotTests.source(.memory)
        let all = try chunks(of: source, chunkBytes: 1_000)
        #expect(try SnapshotReceiver.metadata(ofFirst: all[0]) == source.state.metadata)
        #expect(throws: SnapshotError.early(number: 1, wanted: 0)) { try SnapshotReceiver.metadata(ofFirst: all[1]) }
        forEachMutation(of: all[0], seed: 1) { bytes in _ = try? SnapshotReceiver.metadata(ofFirst: bytes) }
    }

    @Test("The chunk's format has not changed")
    func golden() throws {
        let machine = try open(EngineFixture(.memory).engine)
        _ = try machine.apply([Entry(1, term: 2)])
        let all = try chunks(of: machine, chunkBytes: 1_000)
        let place: [UInt8] = [0xFF, 0, 0, 1, 0, 0, 0, 0] + [2, 0, 0, 0, 0, 0, 0, 0] + [1, 0, 0, 0, 0, 0, 0, 0]
        let head: [UInt8] = [1, 2, 1, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0]
        #expect(all.count == 2)
        #expect(Array(all[0][..<44]) == [1, 0, 0, 0] + place + [0, 0, 0, 0, 0, 0, 0, 0] + [14, 0, 0, 0, 14, 0, 0, 0])
        #expect(Array(all[0][52...]) == head)
        #expect(Array(all[1][..<44]) == [1, 2, 0, 0] + place + [1, 0, 0, 0, 0, 0, 0, 0] + [2, 0, 0, 0, 2, 0, 0, 0])
        #expect(Array(all[1][52...]) == [0, 0])
        // Total and checksum, from another program's CRC32C.
        #expect(Array(all[0][44..<52]) == [219, 125, 65, 82, 60, 196, 28, 154])
        #expect(Array(all[1][44..<52]) == [16, 155, 51, 173, 29, 202, 139, 16])
        var newer = all[0]
        newer[0] = 2
        #expect(
            refuses(machine.receiveSnapshot(), newer)
                == .malformed(FieldError("chunk version", "2 is newer than 1, the newest that this program reads"))
        )
    }

    /// Bodies that nobody should send, in chunks whose checksums hold: what a broken or hostile sender could do.
    @Test("A sealed chunk with a strange body is refused and changes nothing", arguments: EngineKind.allCases)
    func strangeBodies(kind: EngineKind) throws {
        let source = try open(EngineFixture(.memory).engine)
        try source.run(put("a", "1"), put("b", "2"))
        let state = source.state
        let fixture = try EngineFixture(kind)
        let machine = try open(fixture.engine)
        try machine.run(put("old", "1"))
        let all = try chunks(of: source, chunkBytes: 10_000)
        let receiver = machine.receiveSnapshot()
        func sealed(_ number: UInt64, _ kind: SnapshotChunk.Kind, _ body: [UInt8], _ total: UInt32) -> [UInt8] {
            let sum = body.withUnsafeBytes { Checksum.of($0, after: total) }
            return SnapshotChunk(
                kind: kind,
                partition: partition,
                position: state.position,
                number: number,
                body: body,
                total: sum
            ).encoded
        }
        var total: UInt32 = 0
        var accepted = 0
        for (number, chunk) in all.enumerated() {
            let packed = try PackedChunk(chunk)
            let body = try packed.unpack()
            for other in [SnapshotChunk.Kind.head, .entries, .end] where other != packed.kind {
                #expect(refuses(receiver, sealed(UInt64(number), other, body, total)) != nil)
            }
            try forEachMutation(of: body, seed: UInt64(number)) { bytes in
                // A fresh receiver for what may well be acceptable: other values, later fields.
                let fresh = machine.receiveSnapshot()
                for earlier in all[..<number] { try fresh.receive(earlier) }
                switch refuses(fresh, sealed(UInt64(number), packed.kind, bytes, total)) {
                case nil: accepted += 1
                case .malformed: break
                case let error: Issue.record("a strange body was refused with \(String(describing: error))")
                }
            }
            try receiver.receive(chunk)
            total = packed.total
        }
        #expect(accepted > 0)
        try machine.install(receiver)
        #expect(try machine.checksum() == source.checksum())
    }

    @Test("Entries that do not belong are refused, each by its field")
    func strangeEntries() throws {
        let source = try open(EngineFixture(.memory).engine)
        try source.run(put("a", "1"), put("b", "2"))
        let all = try chunks(of: source, chunkBytes: 10_000)
        let first = try PackedChunk(all[0])
        let good = try PackedChunk(all[1]).unpack()
        let remembered = RememberedCommand(id: CommandID(1), index: LogIndex(1), outcome: .applied).encoded
        let future = RememberedCommand(id: CommandID(1), index: LogIndex(3), outcome: .applied).encoded
        func entry(_ key: [UInt8], _ value: [UInt8]) -> [UInt8] {
            var bytes: [UInt8] = []
            bytes.appendString(key[...])
            bytes.appendString(value[...])
            return bytes
        }
        func outcome(_ bodies: [UInt8]..., end: [UInt8]? = nil) -> String? {
            let receiver = source.receiveSnapshot()
            do throws(SnapshotError) {
                try receiver.receive(all[0])
                var total = first.total
                for (number, body) in (bodies + (end.map { [$0] } ?? [])).enumerated() {
                    total = body.withUnsafeBytes { Checksum.of($0, after: total) }
                    let kind = end != nil && number == bodies.count ? SnapshotChunk.Kind.end : .entries
                    try receiver.receive(
                        SnapshotChunk(
                            kind: kind,
                            partition: partition,
                            position: source.state.position,
                            number: UInt64(number) + 1,
                            body: body,
                            total: total
                        ).encoded
                    )
                }
                return nil
            } catch {
                guard case .malformed(let error) = error else { return "\(error)" }
                return error.field
            }
        }
        #expect(outcome(good) == nil)
        #expect(outcome([]) == "body")
        #expect(outcome(entry([1], [])) == "key")
        #expect(outcome(entry([], [])) == "key")
        #expect(outcome(entry([200, 1], [])) == "key")
        #expect(outcome(good + entry([3, 0x61], [])) == "key")
        #expect(outcome(good, good) == "key")
        #expect(outcome(entry([2, 0, 1], remembered)) == "remembered commands")
        #expect(outcome(entry([2, 0], remembered)) == "remembered commands")
        #expect(outcome(entry([2, 0, 0], future)) == "remembered index")
        #expect(outcome(entry([2, 0, 0], [1])) == "remembered id")
        let two = entry([2, 0, 0], remembered) + entry([2, 0, 1], remembered)
        #expect(outcome(two + entry([2, 0, 2], remembered)) == "remembered commands")
        #expect(outcome([2, 3, 1] + [0xFF, 0xFF, 0xFF, 0x7F]) == "value")
        #expect(outcome([0xFF, 0xFF, 0xFF, 0x7F]) == "key")
        #expect(outcome(entry([3], []), end: [1, 1]) == "remembered commands")
        #expect(outcome(two, end: [3, 44]) == "entries")
        #expect(outcome(two, end: [2, 45]) == "bytes")
        #expect(outcome(two, end: [2]) == "bytes")
        #expect(outcome(two, end: [2, 42]) == nil)
    }

    @Test("A receiver that is abandoned, released or killed leaves no file")
    func noFileLeft() throws {
        let fixture = try EngineFixture(.rocks)
        let files = { try FileManager.default.contentsOfDirectory(atPath: fixture.path("data/sorted-files")).count }
        let machine = try open(fixture.engine)
        let source = try SnapshotTests.source(.memory)
        let all = try chunks(of: source, chunkBytes: 1_000)
        let abandoned = machine.receiveSnapshot()
        try abandoned.receive(all[0])
        #expect(try files() == 1)
        abandoned.abandon()
        abandoned.abandon()
        #expect(try files() == 0)
        #expect(refuses(abandoned, all[1]) == .finished)
        do {
            let released = machine.receiveSnapshot()
            for chunk in all { try released.receive(chunk) }
            #expect(try files() == 1)
        }
        #expect(try files() == 0)
        let complete = machine.receiveSnapshot()
        for chunk in all { try complete.receive(chunk) }
        try machine.install(complete)
        #expect(try files() == 0)
        try fixture.engine.close()
    }

    @Test("A claim to unfold to much reserves little")
    func claims() throws {
        let machine = try open(EngineFixture(.memory).engine)
        _ = try machine.apply([Entry(1)])
        var chunk = try chunks(of: machine, chunkBytes: 1_000)[0]
        for claim: UInt32 in [.max, UInt32(SnapshotLimits.acceptedBytes) + 1, UInt32(SnapshotLimits.acceptedBytes)] {
            for packing: UInt8 in [0, 1] {
                chunk[2] = packing
                withUnsafeBytes(of: claim.littleEndian) { chunk.replaceSubrange(36..<40, with: $0) }
                let sum = chunk.withUnsafeBytes { Checksum.of(UnsafeRawBufferPointer(rebasing: $0[..<48])) }
                let sealed = chunk[52...].withUnsafeBytes { Checksum.of($0, after: sum) }
                withUnsafeBytes(of: sealed.littleEndian) { chunk.replaceSubrange(48..<52, with: $0) }
                guard case .malformed = refuses(machine.receiveSnapshot(), chunk) else {
                    Issue.record("a claim of \(claim) bytes was not refused")
                    continue
                }
            }
        }
    }
}
