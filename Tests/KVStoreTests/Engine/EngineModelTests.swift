import KVStore
import Testing

@Suite("Engines against a model, in random histories")
struct EngineModelTests {
    /// Odd seeds give the real engine a buffer so small that it flushes and compacts by itself all the time.
    @Test("Whatever happens, an engine holds what the model holds", arguments: EngineKind.allCases, 1...8)
    func randomHistory(kind: EngineKind, seed: Int) throws {
        var run = try ModelRun(kind, seed: UInt64(seed), flushesByItself: seed % 2 == 1)
        for _ in 0..<1200 { try run.advance() }
        try run.crash()
    }
}

/// One engine, its model, and what they have been through.
private struct ModelRun {
    private let fixture: EngineFixture
    private var history: RandomHistory
    private var random: SplitMix
    /// The model after each step that a crash may still lead back to. `versions[n]` is after step `firstNumber + n`.
    private var versions = [EngineModel()]
    private var firstNumber = 0
    /// The number of the last step, or of the one that was recovered last.
    private var lastNumber: Int { firstNumber + versions.count - 1 }
    private var current: EngineModel { versions[versions.count - 1] }
    private var snapshots: [(any EngineSnapshot, EngineModel)] = []
    private var checkpointCount = 0

    init(_ kind: EngineKind, seed: UInt64, flushesByItself: Bool) throws {
        fixture = try EngineFixture(kind, writeBufferBytes: flushesByItself ? 64 << 10 : 8 << 20)
        history = RandomHistory(seed: seed, valueBytes: flushesByItself ? 600 : 20, stepsPerIngestion: 50)
        random = SplitMix(seed: ~seed)
    }

    mutating func advance() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0: try crash()
        case 1: try reopen()
        case 2: try checkpoint()
        case 3..<6: try flush()
        case 6..<10: try flushSome()
        case 10..<13: takeSnapshot(try fixture.engine.snapshot())
        case 13..<17: try checkSnapshot()
        case 17..<22: try checkScan()
        case 22..<32: try checkSeeks()
        case 32..<42: try checkPersisted()
        case 42..<50: try checkValue()
        default: try step()
        }
    }

    /// The process ends here. What is left must be the state after one of the steps that nobody was promised to keep.
    mutating func crash() throws {
        snapshots = []
        try fixture.crash()
        try recover()
    }

    private mutating func reopen() throws {
        snapshots = []
        try fixture.reopen()
        try recover()
    }

    private mutating func recover() throws {
        let number = RandomHistory.number(in: try fixture.engine.value(of: RandomHistory.indexKey))
        let survivor = try #require(version(after: number), "step \(number) of \(firstNumber)...\(lastNumber)")
        #expect(try fixture.engine.contents() == survivor.contents())
        // The steps that were lost are not repeated; the new ones have numbers of their own.
        versions = [survivor]
        firstNumber = number
    }

    private mutating func step() throws {
        let step = history.nextStep()
        var model = current
        step.apply(to: &model)
        try step.apply(to: fixture.engine)
        while lastNumber < history.number - 1 { versions.append(current) }
        versions.append(model)
        if case .ingest = step { promise(upTo: lastNumber) }
    }

    private mutating func flush() throws {
        try fixture.engine.flush()
        promise(upTo: lastNumber)
    }

    private mutating func flushSome() throws {
        guard let memory = fixture.memory else { return }
        try memory.flush(through: UInt64.random(in: 0...memory.writeNumber, using: &random))
    }

    private mutating func checkpoint() throws {
        checkpointCount += 1
        let name = "checkpoint-\(checkpointCount)"
        try fixture.engine.checkpoint(into: fixture.path(name))
        promise(upTo: lastNumber)
        #expect(try fixture.open(beside: name).contents() == current.contents())
    }

    private mutating func takeSnapshot(_ snapshot: any EngineSnapshot) {
        if snapshots.count == 4 { snapshots.remove(at: Int.random(in: 0..<4, using: &random)) }
        snapshots.append((snapshot, current))
    }

    private mutating func checkSnapshot() throws {
        guard let (snapshot, model) = snapshots.randomElement(using: &random) else { return }
        let range = history.range()
        #expect(try snapshot.contents() == model.contents())
        #expect(try snapshot.reversedContents(range) == model.contents(range).reversed())
        let key = history.key()
        #expect(try snapshot.value(of: key) == model.entries[key])
    }

    private mutating func checkScan() throws {
        let range = Bool.random(using: &random) ? history.range() : nil
        #expect(try fixture.engine.contents(range) == current.contents(range))
        #expect(try fixture.engine.reversedContents(range) == current.contents(range).reversed())
    }

    private mutating func checkSeeks() throws {
        let range = Bool.random(using: &random) ? history.range() : nil
        let expected = current.contents(range)
        let iterator = try fixture.engine.iterator(over: range)
        for _ in 0..<4 {
            let key = history.key()
            let after = expected.first { !$0.key.lexicographicallyPrecedes(key) }
            let before = expected.last { !key.lexicographicallyPrecedes($0.key) }
            try #require(try iterator.seek(atOrAfter: key) == (after != nil))
            if let after { #expect(Pair(iterator.key, iterator.value) == after) }
            try #require(try iterator.seek(atOrBefore: key) == (before != nil))
            if let before { #expect(Pair(iterator.key, iterator.value) == before) }
        }
    }

    private mutating func checkPersisted() throws {
        let key = history.key()
        let number = RandomHistory.number(in: try fixture.engine.persistedValue(of: RandomHistory.indexKey))
        let value = try fixture.engine.persistedValue(of: key)
        let again = RandomHistory.number(in: try fixture.engine.persistedValue(of: RandomHistory.indexKey))
        let model = try #require(version(after: number), "step \(number) of \(firstNumber)...\(lastNumber)")
        if number == again { #expect(value == model.entries[key]) }
        promise(upTo: number)
    }

    private mutating func checkValue() throws {
        let key = history.key()
        #expect(try fixture.engine.value(of: key) == current.entries[key])
        #expect(try fixture.engine.withValue(of: key) { $0.count } == current.entries[key]?.count)
    }

    /// From now on no crash may lead back behind this step.
    private mutating func promise(upTo number: Int) {
        guard number > firstNumber else { return }
        versions.removeFirst(number - firstNumber)
        firstNumber = number
    }

    private func version(after number: Int) -> EngineModel? {
        (firstNumber...lastNumber).contains(number) ? versions[number - firstNumber] : nil
    }
}
