internal import Glibc  // impure: memcmp and its like
internal import Raft

/// One batch of entries on its way into the engine: what it changes, gathered until it is written as a whole.
struct Application {
    private let keys: PartitionKeys
    private let engine: any Engine
    private(set) var state: AppliedState
    private(set) var recent: RecentCommands
    private(set) var batch = WriteBatch()
    /// Nil where no command has a condition: then nothing has to know what the batch has written so far.
    private var overlay: WriteOverlay?

    init(
        keys: PartitionKeys,
        engine: any Engine,
        state: AppliedState,
        recent: consuming RecentCommands,
        hasConditions: Bool
    ) {
        self.keys = keys
        self.engine = engine
        self.state = state
        self.recent = recent
        overlay = hasConditions ? WriteOverlay(keys) : nil
    }

    /// Applies the next entry.
    mutating func apply(_ entry: DecodedEntry) throws(StateMachineError) -> AppliedEntry.Outcome {
        state.position = entry.position
        switch entry.content {
        case .noop:
            return .noop
        case .configuration(let configuration):
            state.configuration = configuration
            state.configurationIndex = entry.position.index
            return .configuration(configuration)
        case .command(let command):
            return try apply(command, at: entry.position.index)
        }
    }

    /// Adds the applied state to the batch, which is complete then.
    mutating func finish() {
        state.rememberedCount = recent.count
        state.forgottenThrough = recent.forgottenThrough
        batch.put(keys.state, state.encoded)
    }

    private mutating func apply(
        _ command: Command,
        at index: LogIndex
    ) throws(StateMachineError) -> AppliedEntry.Outcome {
        if let earlier = recent.find(command.id) {
            return .command(command.id, earlier.outcome, firstIndex: earlier.index)
        }
        guard recent.covers(command, at: index) else { return .command(command.id, .expired, firstIndex: index) }
        let outcome: CommandOutcome
        if let failed = try failedCondition(of: command) {
            outcome = .conditionFailed(operation: failed)
        } else {
            for operation in command.operations { write(operation) }
            outcome = .applied
        }
        let remembered = RememberedCommand(id: command.id, index: index, outcome: outcome)
        let place = recent.remember(remembered)
        batch.put(keys.remembered(place: place), remembered.encoded)
        return .command(command.id, outcome, firstIndex: index)
    }

    /// The number of the first operation that does not find what it expects.
    private func failedCondition(of command: Command) throws(StateMachineError) -> Int? {
        guard let overlay else { return nil }
        for (number, operation) in command.operations.enumerated() {
            guard case .compareAndSet(let key, let expected, _) = operation else { continue }
            let holds =
                switch overlay.value(of: key) {
                case .untouched: try engineHas(expected, at: key)
                case .absent: expected == nil
                case .present(let value): expected == value
                }
            if !holds { return number }
        }
        return nil
    }

    private func engineHas(_ expected: ArraySlice<UInt8>?, at key: ArraySlice<UInt8>) throws(StateMachineError) -> Bool
    {
        let engineKey = keys.user(key)
        let isEqual = try callEngine { () throws(EngineError) in
            try engine.withValue(of: engineKey) { value in expected.map { value.equals($0) } ?? false }
        }
        return isEqual ?? (expected == nil)
    }

    private mutating func write(_ operation: Command.Operation) {
        switch operation {
        case .put(let key, let value):
            set(key, value)
        case .delete(let key):
            set(key, nil)
        case .compareAndSet(let key, _, let new):
            set(key, new)
        case .deleteRange(let from, let upTo):
            let range = keys.userRange(from: from, upTo: upTo)
            batch.delete(range)
            overlay?.delete(range)
        }
    }

    private mutating func set(_ key: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>?) {
        if let value {
            batch.put(keys.userPrefix, key, value)
        } else {
            batch.delete(keys.userPrefix, key)
        }
        overlay?.set(key, value)
    }
}

/// An entry whose command has been read.
struct DecodedEntry {
    enum Content {
        case noop
        case configuration(Configuration)
        case command(Command)
    }

    let position: LogPosition
    let content: Content

    init(_ entry: Entry) throws(StateMachineError) {
        position = entry.position
        switch entry.payload {
        case .noop: content = .noop
        case .configuration(let configuration): content = .configuration(configuration)
        case .command(let bytes):
            do {
                content = .command(try Command(encoded: bytes))
            } catch {
                throw .unreadableEntry(entry.index, error)
            }
        }
    }

    var hasConditions: Bool {
        guard case .command(let command) = content else { return false }
        return command.operations.contains { operation in
            if case .compareAndSet = operation { true } else { false }
        }
    }
}

extension Span<UInt8> {
    fileprivate func equals(_ other: ArraySlice<UInt8>) -> Bool {
        guard count == other.count else { return false }
        return withUnsafeBytes { bytes in
            other.withUnsafeBytes { other in
                guard let start = bytes.baseAddress, let otherStart = other.baseAddress else { return true }
                return memcmp(start, otherStart, bytes.count) == 0
            }
        }
    }
}
