import Raft
import Testing

@testable import KVStore

@Suite("Snapshots: a transfer")
struct SnapshotTests {
    /// A replica with data of all kinds: small and large, compressible and not.
    static func source(_ kind: EngineKind, entries: Int = 60) throws -> StateMachine {
        let machine = try open(EngineFixture(kind).engine)
        var random = SplitMix(seed: 11)
        _ = try machine.apply([Entry(1, .configuration(Configuration(voters: [NodeID(1), NodeID(8)])))])
        for number in 0..<entries {
            let noise = (0..<Int.random(in: 0...300, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let value = number % 2 == 0 ? noise : [UInt8](repeating: 5, count: 400)
            try machine.run(.put(key: bytes("key \(1_000 + number)")[...], value: value[...]))
        }
        return machine
    }

    @Test("Everything arrives, and nothing of the old data stays", arguments: EngineKind.allCases, EngineKind.allCases)
    func replacing(from: EngineKind, to: EngineKind) throws {
        let source = try Self.source(from)
        let fixture = try EngineFixture(to)
        let engine = FailingEngine(fixture.engine)
        let neighbour = try open(engine, PartitionID(partition.rawValue + 1))
        try neighbour.run(put("n", "1"))
        let machine = try StateMachine(partition, in: engine, initial: Configuration(voters: []))
        try machine.run(put("", "old"), put("key 1003x", "old"), put("zzz", "old"), put("key 1003", "old"))
        let receiver = try transfer(from: source, to: machine)
        #expect(receiver.metadata == source.state.metadata)
        #expect(try machine.text("zzz") == "old")
        try machine.install(receiver)
        #expect(engine.ingestions == 1)
        #expect(try machine.contents() == source.contents())
        #expect(machine.state == source.state)
        #expect(try machine.checksum() == source.checksum())
        #expect(try machine.flushedIndex() == source.state.position.index)
        #expect(try neighbour.contents() == [Pair("n", "1")])
        #expect(try open(engine).state == source.state)
        let next = try Entry(source.state.position.index.rawValue + 1, command(7, mintedAt: 3, put("a", "1")))
        #expect(try machine.apply([next]) == source.apply([next]))
        #expect(try machine.checksum() == source.checksum())
    }

    @Test("It holds the moment when it was made, whatever is written meanwhile", arguments: EngineKind.allCases)
    func moment(kind: EngineKind) throws {
        let source = try Self.source(kind)
        let checksum = try source.checksum()
        let writer = try source.makeSnapshot(chunkBytes: 1_000)
        let machine = try open(EngineFixture(.memory).engine)
        let receiver = machine.receiveSnapshot()
        while let chunk = try writer.nextChunk() {
            try receiver.receive(chunk)
            try source.run(put("key \(writer.nextNumber)", "changed"), delete(from: "key 1000", upTo: "key 1050"))
        }
        try machine.install(receiver)
        #expect(try machine.checksum() == checksum)
    }

    @Test("Chunks keep to their size, the same from every kind of engine", arguments: [1, 100, 1_000, 100_000])
    func sizes(chunkBytes: Int) throws {
        let memory = try chunks(of: try Self.source(.memory), chunkBytes: chunkBytes)
        let rocks = try chunks(of: try Self.source(.rocks), chunkBytes: chunkBytes)
        #expect(memory == rocks)
        #expect(memory.allSatisfy { $0.count <= SnapshotChunk.headerBytes + max(chunkBytes, 450) })
        let compressed = memory.filter { $0[2] == 1 }
        #expect(chunkBytes < 1_000 || !compressed.isEmpty)
    }

    @Test("The largest entries fit", arguments: EngineKind.allCases)
    func largest(kind: EngineKind) throws {
        let source = try open(EngineFixture(kind).engine)
        var random = SplitMix(seed: 3)
        let value = (0..<CommandLimits.valueBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
        let key = [UInt8](repeating: 0xFF, count: CommandLimits.keyBytes)
        try source.run(.put(key: key[...], value: value[...]), put("a", "1"))
        let machine = try open(EngineFixture(kind).engine)
        try machine.install(try transfer(from: source, to: machine, chunkBytes: SnapshotLimits.chunkBytes))
        #expect(try machine.checksum() == source.checksum())
    }

    @Test("An empty partition can be sent", arguments: EngineKind.allCases)
    func empty(kind: EngineKind) throws {
        let source = try open(EngineFixture(kind).engine)
        _ = try source.apply([Entry(1)])
        let machine = try open(EngineFixture(kind).engine)
        try machine.install(try transfer(from: source, to: machine))
        #expect(try machine.checksum() == source.checksum())
    }

    @Test("After a break it goes on with the chunk that is wanted, from any place", arguments: EngineKind.allCases)
    func resuming(kind: EngineKind) throws {
        let source = try Self.source(kind, entries: 120)
        let all = try chunks(of: source, chunkBytes: 200)
        #expect(all.count > SnapshotWriter.bookmarkCount + 2)
        let writer = try source.makeSnapshot(chunkBytes: 200)
        let machine = try open(EngineFixture(kind).engine)
        let receiver = machine.receiveSnapshot()
        var random = SplitMix(seed: 5)
        while !receiver.isComplete {
            // Some chunks are made, only some of those arrive, then the connection breaks.
            #expect(try writer.seek(to: receiver.wanted) == .reached)
            let made = Int.random(in: 1...90, using: &random)
            let arriving = Int.random(in: 0...min(made, 20), using: &random)
            for number in 0..<made {
                let place = Int(writer.nextNumber)
                guard let chunk = try writer.nextChunk() else { break }
                #expect(chunk == all[place])
                if number < arriving { try receiver.receive(chunk) }
            }
        }
        for number in all.indices.reversed() {
            #expect(try writer.seek(to: UInt64(number)) == .reached)
            #expect(try writer.nextChunk() == all[number])
        }
        #expect(try writer.seek(to: UInt64(all.count)) == .behindEnd)
        try machine.install(receiver)
        #expect(try machine.checksum() == source.checksum())
    }

    @Test("A second writer goes on where the first one was, a few chunks at a time", arguments: EngineKind.allCases)
    func secondWriter(kind: EngineKind) throws {
        let source = try Self.source(kind, entries: 120)
        let all = try chunks(of: source, chunkBytes: 200)
        for wanted in [1, 7, 40, all.count - 1] {
            let writer = try source.makeSnapshot(chunkBytes: 200)
            #expect(try writer.nextChunk() == all[0])
            var turns = 1
            while try writer.seek(to: UInt64(wanted), making: 5) == .onTheWay { turns += 1 }
            #expect(turns == max(1, (wanted + 3) / 5))
            #expect(try writer.nextChunk() == all[wanted])
        }
        let writer = try source.makeSnapshot(chunkBytes: 200)
        #expect(try writer.seek(to: UInt64(all.count + 3)) == .behindEnd)
        #expect(try writer.seek(to: 0) == .reached)
        #expect(try writer.nextChunk() == all[0])
    }

    @Test("Another replica at the same position can go on with it")
    func otherSender() throws {
        let all = [try Self.source(.memory), try Self.source(.rocks)].map { try? chunks(of: $0, chunkBytes: 500) }
        let machine = try open(EngineFixture(.rocks).engine)
        let receiver = machine.receiveSnapshot()
        for number in 0..<(all[0]?.count ?? 0) { try receiver.receive(try #require(all[number % 2])[number]) }
        try machine.install(receiver)
        #expect(try machine.checksum() == Self.source(.memory).checksum())
    }

    @Test("What is installed must be complete, and is installed once", arguments: EngineKind.allCases)
    func installingOnce(kind: EngineKind) throws {
        let source = try Self.source(kind)
        let machine = try open(EngineFixture(kind).engine)
        let partial = machine.receiveSnapshot()
        for chunk in try chunks(of: source, chunkBytes: 1_000).dropLast() {
            #expect(throws: StateMachineError.snapshotIncomplete) { try machine.install(partial) }
            try partial.receive(chunk)
        }
        #expect(throws: StateMachineError.snapshotIncomplete) { try machine.install(partial) }
        let complete = try transfer(from: source, to: machine)
        let foreign = try open(try EngineFixture(kind).engine, PartitionID(3))
        #expect(throws: StateMachineError.snapshotIncomplete) { try foreign.install(complete) }
        try machine.install(complete)
        #expect(throws: StateMachineError.snapshotIncomplete) { try machine.install(complete) }
        try machine.run(put("x", "1"))
        let behind = try transfer(from: source, to: machine)
        #expect(
            throws: StateMachineError.snapshotBehind(applied: machine.state.position, snapshot: source.state.position)
        ) {
            try machine.install(behind)
        }
    }

    @Test("An engine that refuses ends the receiver, not the data")
    func refusingEngine() throws {
        let source = try Self.source(.memory)
        let engine = FailingEngine(try EngineFixture(.memory).engine)
        let machine = try open(engine)
        try machine.run(put("old", "1"))
        let receiver = machine.receiveSnapshot()
        let first = try #require(try chunks(of: source, chunkBytes: 1_000).first)
        engine.failure = .noSpace("full")
        #expect(throws: SnapshotError.engine(.noSpace("full"))) { try receiver.receive(first) }
        #expect(throws: SnapshotError.finished) { try receiver.receive(first) }
        engine.failure = nil
        let complete = try transfer(from: source, to: machine)
        engine.failure = .noSpace("full")
        #expect(throws: StateMachineError.engine(.noSpace("full"))) { try machine.install(complete) }
        #expect(try machine.contents() == [Pair("old", "1")])
    }
}
