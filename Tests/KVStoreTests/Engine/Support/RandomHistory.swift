import KVStore

/// What an engine must hold after a step: an ordered map in its plainest form.
struct EngineModel: Equatable {
    private(set) var entries: [[UInt8]: [UInt8]] = [:]

    func contents(_ range: KeyRange? = nil) -> [Pair] {
        entries.filter { range?.contains($0.key) ?? true }
            .map { Pair($0.key, $0.value) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    mutating func apply(_ change: EngineChange) {
        switch change {
        case .put(let pair): entries[pair.key] = pair.value
        case .delete(let key): entries[key] = nil
        case .deleteRange(let range): for pair in contents(range) { entries[pair.key] = nil }
        }
    }
}

/// One change of an engine.
enum EngineChange {
    case put(Pair)
    case delete([UInt8])
    case deleteRange(KeyRange)
}

/// One step of an engine's history, to be applied to a model or to an engine.
enum EngineStep {
    case write([EngineChange])
    case ingest(deletions: [KeyRange], entries: [Pair])

    func apply(to model: inout EngineModel) {
        switch self {
        case .write(let changes):
            for change in changes { model.apply(change) }
        case .ingest(let deletions, let entries):
            for range in deletions { model.apply(.deleteRange(range)) }
            for pair in entries { model.apply(.put(pair)) }
        }
    }

    func apply(to engine: any Engine) throws {
        switch self {
        case .write(let changes):
            var batch = WriteBatch()
            for change in changes {
                switch change {
                case .put(let pair): batch.put(pair.key, pair.value)
                case .delete(let key): batch.delete(key)
                case .deleteRange(let range): batch.delete(range)
                }
            }
            try engine.write(batch)
        case .ingest(let deletions, let entries):
            let file = try engine.makeSortedFile()
            for range in deletions { try file.delete(range) }
            for pair in entries { try file.put(pair.key, pair.value) }
            try file.finish()
            try engine.ingest(file)
        }
    }
}

/// Makes up a history. Each step also puts its own number under one key, as a store puts its applied index.
struct RandomHistory {
    static let indexKey: [UInt8] = [0x21]

    var random: SplitMix
    /// Values are shorter than this.
    let valueBytes: Int
    /// One step in this many is an ingestion.
    let stepsPerIngestion: Int
    private(set) var number = 0

    init(seed: UInt64, valueBytes: Int, stepsPerIngestion: Int) {
        random = SplitMix(seed: seed)
        self.valueBytes = valueBytes
        self.stepsPerIngestion = stepsPerIngestion
    }

    /// The number of the last step that a state contains; zero if it contains none.
    static func number(in value: [UInt8]?) -> Int {
        (value ?? []).reduce(0) { $0 << 8 | Int($1) }
    }

    mutating func nextStep() -> EngineStep {
        number += 1
        let index = Pair(Self.indexKey, (0..<4).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) })
        if Int.random(in: 0..<stepsPerIngestion, using: &random) == 0 { return ingestion(with: index) }
        let changes = (0..<Int.random(in: 0...6, using: &random)).map { _ in change() }
        return .write(changes + [.put(index)])
    }

    /// Few keys, short, of bytes that are ends of something: so that they meet often, as keys and as ends of ranges.
    mutating func key() -> [UInt8] {
        let alphabet: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF]
        return (0..<Int.random(in: 0...3, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
    }

    mutating func range() -> KeyRange {
        let a = key()
        let b = key()
        return a.lexicographicallyPrecedes(b) ? KeyRange(a, b) : KeyRange(b, a)
    }

    private mutating func value() -> [UInt8] {
        let word = random.next()
        let count = Int.random(in: 0..<valueBytes, using: &random)
        return (0..<count).map { UInt8(truncatingIfNeeded: word >> (8 * ($0 & 7))) }
    }

    private mutating func change() -> EngineChange {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: .deleteRange(range())
        case 1...2: .delete(key())
        default: .put(Pair(key(), value()))
        }
    }

    private mutating func ingestion(with index: Pair) -> EngineStep {
        var model = EngineModel()
        for _ in 0..<Int.random(in: 0...20, using: &random) { model.apply(.put(Pair(key(), value()))) }
        model.apply(.put(index))
        let deletions = (0..<Int.random(in: 0...2, using: &random)).map { _ in range() }
        return .ingest(deletions: deletions, entries: model.contents())
    }
}
