import KVStore
import Raft
import Testing

@Suite("State machine: applying")
struct ApplyTests {
    @Test("Operations do what they say", arguments: EngineKind.allCases)
    func operations(kind: EngineKind) throws {
        let machine = try open(EngineFixture(kind).engine)
        #expect(
            try machine.run(put("a", "1"), put("b", "2"), put("b", "3"), put("", "empty")) == [
                .applied, .applied, .applied, .applied,
            ]
        )
        #expect(try machine.contents() == [Pair("", "empty"), Pair("a", "1"), Pair("b", "3")])
        try machine.run(delete("a"), delete("missing"), put("c", ""), put("d", "4"))
        #expect(try machine.contents() == [Pair("", "empty"), Pair("b", "3"), Pair("c", ""), Pair("d", "4")])
        try machine.run(delete(from: "b", upTo: "d"))
        #expect(try machine.contents() == [Pair("", "empty"), Pair("d", "4")])
        try machine.run(delete(from: "", upTo: nil))
        #expect(try machine.contents() == [])
        #expect(try machine.text("d") == nil)
    }

    @Test(
        "A condition looks at the value before it, in the engine and in the same batch",
        arguments: EngineKind.allCases
    )
    func conditions(kind: EngineKind) throws {
        let machine = try open(EngineFixture(kind).engine)
        let failed = CommandOutcome.conditionFailed(operation: 0)
        #expect(try machine.run(compare("a", "x", set: "1"), compare("a", nil, set: "1")) == [failed, .applied])
        #expect(try machine.run(compare("a", nil, set: "2")) == [failed])
        #expect(try machine.run(compare("a", "", set: "2")) == [failed])
        #expect(try machine.run(compare("a", "1", set: "2"), compare("a", "1", set: "3")) == [.applied, failed])
        #expect(try machine.run(delete(from: "a", upTo: "b"), compare("a", "2", set: "4")) == [.applied, failed])
        #expect(
            try machine.run(put("a", "5"), compare("a", "5", set: nil), compare("a", nil, set: "")) == [
                .applied, .applied, .applied,
            ]
        )
        #expect(try machine.contents() == [Pair("a", "")])
    }

    @Test("A command takes effect as a whole or not at all", arguments: EngineKind.allCases)
    func atomicity(kind: EngineKind) throws {
        let machine = try open(EngineFixture(kind).engine)
        let entries = [
            try Entry(1, command(1, put("a", "1"), put("b", "1"))),
            try Entry(2, command(2, put("a", "2"), compare("b", "1", set: "2"), compare("a", "2", set: "3"))),
            try Entry(3, command(3, put("a", "4"), compare("a", "1", set: "5"), compare("b", "1", set: nil))),
        ]
        #expect(
            try machine.apply(entries).map(\.commandOutcome) == [.applied, .conditionFailed(operation: 2), .applied]
        )
        #expect(try machine.contents() == [Pair("a", "5")])
    }

    @Test("It does as a simple model does, in any batches", arguments: EngineKind.allCases, 0..<12)
    func model(kind: EngineKind, seed: UInt64) throws {
        let machine = try open(EngineFixture(kind).engine)
        var model = PartitionModel()
        var history = CommandHistory(seed: seed)
        try history.append(300)
        for batch in history.batches(from: LogIndex(1)) {
            let expected = try batch.map { try model.apply($0) }
            #expect(try machine.apply(batch) == expected)
            #expect(try machine.contents() == model.contents)
            #expect(machine.state.position == model.position)
            #expect(machine.state.configuration == model.configuration)
        }
    }

    @Test("Replicas agree, whatever their engines and batches", arguments: 0..<6)
    func agreement(seed: UInt64) throws {
        let memory = try open(EngineFixture(.memory).engine)
        let rocks = try open(EngineFixture(.rocks).engine)
        var history = CommandHistory(seed: seed)
        for _ in 0..<4 {
            try history.append(60)
            for batch in history.batches(from: memory.state.position.index.next) { _ = try memory.apply(batch) }
            for batch in history.batches(from: rocks.state.position.index.next) { _ = try rocks.apply(batch) }
            #expect(try memory.checksum() == rocks.checksum())
            #expect(memory.state == rocks.state)
        }
    }

    @Test("A batch is one write, with position and configuration in it")
    func oneWrite() throws {
        let fixture = try EngineFixture(.memory)
        let engine = try #require(fixture.memory)
        let machine = try open(engine)
        let changed = Configuration(voters: [NodeID(7)])
        _ = try machine.apply([
            try Entry(1, command(1, put("a", "1"))), Entry(2, term: 2, .configuration(changed)), Entry(3, term: 2),
        ])
        #expect(engine.writeNumber == 1)
        #expect(try open(engine).state == machine.state)
        #expect(
            machine.state.metadata
                == SnapshotMetadata(position: LogPosition(term: Term(2), index: LogIndex(3)), configuration: changed)
        )
    }

    @Test("What was applied is skipped", arguments: EngineKind.allCases)
    func replay(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        let machine = try open(engine)
        let entries = try (1...6).map { try Entry(UInt64($0), command(UInt128($0), put("a", "\($0)"))) }
        _ = try machine.apply(Array(entries[..<4]))
        let checksum = try machine.checksum()
        let again = try machine.apply(Array(entries[1..<3]))
        #expect(
            again == [
                AppliedEntry(index: LogIndex(2), outcome: .skipped),
                AppliedEntry(index: LogIndex(3), outcome: .skipped),
            ]
        )
        #expect(try machine.checksum() == checksum)
        #expect(try machine.apply([]) == [])
        #expect(try machine.apply(Array(entries[2...])).map(\.commandOutcome) == [nil, nil, .applied, .applied])
        #expect(try machine.text("a") == "6")
    }

    @Test("What cannot follow is refused, and changes nothing", arguments: EngineKind.allCases)
    func refusals(kind: EngineKind) throws {
        let machine = try open(EngineFixture(kind).engine)
        _ = try machine.apply([Entry(1, term: 3), Entry(2, term: 3)])
        let state = machine.state
        let position = state.position
        func entry(_ index: UInt64, _ term: UInt64) -> Entry { Entry(index, term: term) }
        func expect(_ error: StateMachineError, _ entries: Entry...) {
            #expect(throws: error) { try machine.apply(entries) }
            #expect(machine.state == state)
        }
        expect(.gap(expected: LogIndex(3), found: LogIndex(4)), entry(4, 3))
        expect(.gap(expected: LogIndex(4), found: LogIndex(5)), entry(3, 3), entry(5, 3))
        expect(.gap(expected: LogIndex(4), found: LogIndex(2)), entry(3, 3), entry(2, 3))
        expect(.otherHistory(applied: position, found: entry(3, 2).position), entry(3, 2))
        expect(.otherHistory(applied: position, found: entry(2, 2).position), entry(2, 2), entry(3, 3))
        expect(.otherHistory(applied: position, found: entry(2, 4).position), entry(2, 4), entry(3, 4))
        expect(.otherHistory(applied: position, found: entry(1, 4).position), entry(1, 4))
    }

    @Test("Garbage in the log stops the replica with an error, and changes nothing", arguments: EngineKind.allCases)
    func garbage(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        let machine = try open(fixture.engine)
        try machine.run(put("a", "1"))
        let before = try fixture.engine.contents()
        let good = try Entry(2, command(2, put("a", "2")))
        let expected = StateMachineError.unreadableEntry(LogIndex(3), FieldError("command version", "must be complete"))
        #expect(throws: expected) { try machine.apply([good, Entry(3, .command([]))]) }
        try forEachMutation(of: CommandEncodingTests.sample.encoded(), seed: 4) { bytes in
            if (try? Command(encoded: bytes)) != nil { return }
            let error = #expect(throws: StateMachineError.self) {
                try machine.apply([good, Entry(3, .command(bytes))])
            }
            guard case .unreadableEntry(LogIndex(3), _) = error else {
                Issue.record("garbage was refused with \(String(describing: error))")
                return
            }
        }
        #expect(try fixture.engine.contents() == before)
        #expect(try machine.apply([good]).map(\.commandOutcome) == [.applied])
    }

    @Test("A damaged applied state is an error, not a trap", arguments: EngineKind.allCases)
    func damagedState(kind: EngineKind) throws {
        let engine = try EngineFixture(kind).engine
        let machine = try open(engine)
        try machine.run(put("a", "1"))
        let key = try #require(try engine.contents().first).key
        try engine.put([Pair(key, [9])])
        #expect(
            throws: StateMachineError.damaged(
                FieldError("applied state version", "9 is newer than 1, the newest that this program reads")
            )
        ) {
            try open(engine)
        }
        try engine.flush()
        #expect(throws: StateMachineError.self) { try machine.flushedIndex() }
        #expect(throws: StateMachineError.self) { try machine.checksum() }
    }

    @Test("Missing or strange remembered commands are an error, not a trap", arguments: EngineKind.allCases, [0, 1, 2])
    func damagedMemory(kind: EngineKind, change: Int) throws {
        let engine = try EngineFixture(kind).engine
        try open(engine).run(put("a", "1"), put("b", "1"))
        let stored = try engine.contents()
        let first = stored[1]
        switch change {
        case 0: try engine.put([Pair(first.key, [1, 2])])
        case 1: try engine.delete(KeyRange(first.key, first.key + [0]))
        default: try engine.put([Pair(stored[2].key + [1], first.value)])
        }
        let machine = try open(engine)
        #expect(throws: StateMachineError.self) { try machine.run(put("a", "2")) }
        #expect(try machine.text("a") == "1")
    }
}
