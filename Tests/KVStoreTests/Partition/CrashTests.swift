import KVStore
import Raft
import Testing

@Suite("State machine: crashes")
struct CrashTests {
    @Test("Whatever a crash leaves, replaying the log leads to the same state", arguments: 0..<8)
    func everyPoint(seed: UInt64) throws {
        var history = CommandHistory(seed: seed)
        try history.append(80)
        let batches = history.batches(from: LogIndex(1))
        let undisturbed = try open(EngineFixture(.memory).engine)
        for batch in batches { _ = try undisturbed.apply(batch) }
        // A crash after `written` batches, of which `flushed` have become durable.
        for written in 0...batches.count {
            for flushed in 0...written {
                let fixture = try EngineFixture(.memory)
                let machine = try open(fixture.engine)
                for batch in batches[..<written] { _ = try machine.apply(batch) }
                try fixture.memory?.flush(through: UInt64(flushed))
                let flushedIndex = try machine.flushedIndex()
                #expect(flushedIndex == batches[..<flushed].last?.last?.index ?? .zero)
                try fixture.crash()
                let reopened = try open(fixture.engine)
                #expect(reopened.state.position.index == flushedIndex)
                #expect(try reopened.flushedIndex() == flushedIndex)
                for batch in history.batches(from: flushedIndex.next) { _ = try reopened.apply(batch) }
                #expect(reopened.state == undisturbed.state)
                #expect(try reopened.checksum() == undisturbed.checksum())
            }
        }
    }

    @Test("A real engine that flushes by itself loses no more than it may", arguments: 0..<4)
    func realEngine(seed: UInt64) throws {
        var history = CommandHistory(seed: seed)
        try history.append(400)
        let undisturbed = try open(EngineFixture(.memory).engine)
        _ = try undisturbed.apply(history.log)
        let fixture = try EngineFixture(.rocks, writeBufferBytes: 64 << 10)
        var machine = try open(fixture.engine)
        while machine.state.position != undisturbed.state.position {
            for batch in history.batches(from: machine.state.position.index.next).prefix(12) {
                _ = try machine.apply(batch)
            }
            if Bool.random(using: &history.random) { try fixture.engine.flush() }
            let floor = try machine.flushedIndex()
            try fixture.crash()
            machine = try open(fixture.engine)
            #expect(machine.state.position.index >= floor)
        }
        #expect(try machine.checksum() == undisturbed.checksum())
    }

    @Test("A crash around an installation leaves the old data or the new", arguments: EngineKind.allCases)
    func installation(kind: EngineKind) throws {
        let source = try open(EngineFixture(.memory).engine)
        try source.run(put("new", "1"), put("newer", "2"))
        let fixture = try EngineFixture(kind)
        var machine = try open(fixture.engine)
        try machine.run(put("old", "1"))
        try fixture.engine.flush()
        let receiver = try transfer(from: source, to: machine)
        try fixture.crash()
        receiver.abandon()
        machine = try open(fixture.engine)
        #expect(try machine.contents() == [Pair("old", "1")])
        try machine.install(try transfer(from: source, to: machine))
        #expect(try machine.flushedIndex() == LogIndex(2))
        try fixture.crash()
        #expect(try open(fixture.engine).checksum() == source.checksum())
    }

    @Test("A failed write changes nothing in memory, and can be repeated")
    func failedWrite() throws {
        let engine = FailingEngine(try EngineFixture(.memory).engine)
        let machine = try open(engine)
        try machine.run(put("a", "1"))
        let state = machine.state
        let entry = try Entry(2, command(2, put("a", "2")))
        engine.failure = .noSpace("full")
        #expect(throws: StateMachineError.engine(.noSpace("full"))) { try machine.apply([entry]) }
        #expect(machine.state == state)
        engine.failure = nil
        #expect(try machine.apply([entry]).first?.outcome == .command(CommandID(2), .applied, firstIndex: LogIndex(2)))
        #expect(try machine.text("a") == "2")
    }
}
