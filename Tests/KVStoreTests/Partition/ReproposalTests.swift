import KVStore
import Raft
import Testing

@Suite("State machine: a command that is proposed again")
struct ReproposalTests {
    private let counter = command(99, mintedAt: 0, compare("n", nil, set: "1"), put("log", "first"))

    @Test("It applies once, and has the outcome of the first time", arguments: EngineKind.allCases, [false, true])
    func once(kind: EngineKind, inOneBatch: Bool) throws {
        let machine = try open(EngineFixture(kind).engine)
        let entries = [
            try Entry(1, counter), try Entry(2, command(5, mintedAt: 1, put("log", "later"))), try Entry(3, counter),
        ]
        var applied: [AppliedEntry] = []
        if inOneBatch {
            applied = try machine.apply(entries)
        } else {
            for entry in entries { applied += try machine.apply([entry]) }
        }
        #expect(applied[0].outcome == .command(CommandID(99), .applied, firstIndex: LogIndex(1)))
        #expect(applied[2].outcome == .command(CommandID(99), .applied, firstIndex: LogIndex(1)))
        #expect(try machine.text("log") == "later")
    }

    @Test("A failed condition stays failed", arguments: EngineKind.allCases)
    func failed(kind: EngineKind) throws {
        let machine = try open(EngineFixture(kind).engine)
        _ = try machine.apply([try Entry(1, command(1, put("n", "0"))), try Entry(2, counter)])
        let applied = try machine.apply([try Entry(3, command(2, delete("n"))), try Entry(4, counter)])
        #expect(applied[1].outcome == .command(CommandID(99), .conditionFailed(operation: 0), firstIndex: LogIndex(2)))
        #expect(try machine.contents() == [])
    }

    @Test("Also after a restart", arguments: EngineKind.allCases, [false, true])
    func restart(kind: EngineKind, flushed: Bool) throws {
        let fixture = try EngineFixture(kind)
        let entries = [try Entry(1, counter), try Entry(2, command(1, put("log", "later")))]
        _ = try open(fixture.engine).apply(entries)
        if flushed { try fixture.engine.flush() }
        try fixture.crash()
        let machine = try open(fixture.engine)
        #expect(machine.state.position.index == LogIndex(flushed ? 2 : 0))
        _ = try machine.apply(entries)
        let again = try machine.apply([try Entry(3, counter)])
        #expect(again[0].outcome == .command(CommandID(99), .applied, firstIndex: LogIndex(1)))
        #expect(try machine.text("log") == "later")
    }

    @Test("Also on a replica that got a snapshot", arguments: EngineKind.allCases, EngineKind.allCases)
    func snapshot(from: EngineKind, to: EngineKind) throws {
        let source = try open(EngineFixture(from).engine)
        _ = try source.apply([try Entry(1, counter), try Entry(2, command(1, put("log", "later")))])
        let fixture = try EngineFixture(to)
        let machine = try open(fixture.engine)
        try machine.install(try transfer(from: source, to: machine))
        let again = try Entry(3, counter)
        #expect(try machine.apply([again]) == source.apply([again]))
        #expect(try machine.text("log") == "later")
        #expect(try machine.checksum() == source.checksum())
    }

    @Test("Memory that was given back is read again", arguments: EngineKind.allCases)
    func releasedMemory(kind: EngineKind) throws {
        let machine = try open(EngineFixture(kind).engine)
        _ = try machine.apply([try Entry(1, counter)])
        machine.releaseMemory()
        #expect(
            try machine.apply([try Entry(2, counter)]).first?.outcome
                == .command(CommandID(99), .applied, firstIndex: LogIndex(1))
        )
    }

    @Test("The memory is bounded; behind it a command is refused, never applied again", arguments: EngineKind.allCases)
    func bound(kind: EngineKind) throws {
        let fixture = try EngineFixture(kind)
        let machine = try open(fixture.engine)
        let capacity = UInt64(CommandLimits.rememberedCommands)
        func fill(_ indexes: ClosedRange<UInt64>) throws {
            let entries = try indexes.map {
                try Entry($0, command(UInt128($0) << 8, mintedAt: $0 - 1, put("fill", "\($0)")))
            }
            for start in stride(from: 0, to: entries.count, by: 1_000) {
                _ = try machine.apply(Array(entries[start..<min(start + 1_000, entries.count)]))
            }
        }
        let late = command(1_234_567, mintedAt: 0, put("late", "1"))
        _ = try machine.apply([try Entry(1, counter)])
        try fill(2...capacity)
        // All of the memory is taken, nothing has been forgotten.
        #expect(try machine.apply([try Entry(capacity + 1, counter)]).first?.commandOutcome == .applied)
        try fill(capacity + 2...capacity + 2)
        // The first command has been forgotten: it must not be applied, nor anything else that was minted before it.
        let outcomes = try machine.apply([try Entry(capacity + 3, counter), try Entry(capacity + 4, late)])
        #expect(outcomes.map(\.commandOutcome) == [.expired, .expired])
        #expect(try machine.text("late") == nil)
        // One that was minted behind it may be new.
        let fresh = command(7_654_321, mintedAt: 1, put("fresh", "1"))
        #expect(try machine.apply([try Entry(capacity + 5, fresh)]).first?.commandOutcome == .applied)
        // The data says the same when it is opened again.
        try fixture.engine.flush()
        try fixture.crash()
        let reopened = try open(fixture.engine)
        #expect(try reopened.checksum().position.index == LogIndex(capacity + 5))
        let repeated = [
            try Entry(capacity + 6, counter), try Entry(capacity + 7, fresh),
            try Entry(capacity + 8, command(2, mintedAt: 1, put("x", "1"))),
        ]
        #expect(try reopened.apply(repeated).map(\.commandOutcome) == [.expired, .applied, .expired])
        // Besides what is remembered: the applied state and four keys of users.
        #expect(try fixture.engine.contents().count == CommandLimits.rememberedCommands + 5)
        #expect(try reopened.text("n") == "1")
    }

    @Test("A command that claims to come from the future is refused")
    func future() throws {
        let machine = try open(EngineFixture(.memory).engine)
        #expect(
            try machine.apply([try Entry(1, command(1, mintedAt: 1, put("a", "1")))]).first?.commandOutcome == .expired
        )
        #expect(try machine.contents() == [])
    }
}
