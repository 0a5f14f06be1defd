internal import Glibc  // impure: memcmp and its like
internal import Raft

/// One batch of entries on its way into the engine: what it changes, gathered until it is written as a whole.
///
/// An entry that has to walk through what the batch has changed has what came before it written first; so a batch may
/// become several, each of them with the applied state of its last entry.
struct Application {
    let keys: PartitionKeys
    let engine: any Engine
    private(set) var state: AppliedState
    var recent: RecentCommands
    var batch = WriteBatch()
    /// Nil where no command has a condition: then nothing has to know what the batch has written so far.
    private var overlay: WriteOverlay?
    /// What transactions hold.
    var intents: IntentTable
    /// What the partition knows of itself. Written whenever a command may have changed it, also where another one has
    /// changed it back: what the engine has must not depend on how entries are cut into batches.
    var facts: PartitionFacts { didSet { areFactsDue = true } }
    private var areFactsDue = false
    /// What steps of transactions have written into the batch.
    var written = VersionOverlay()
    /// The state that the engine has.
    private(set) var storedState: AppliedState

    init(
        keys: PartitionKeys,
        engine: any Engine,
        state: AppliedState,
        recent: consuming RecentCommands,
        intents: consuming IntentTable,
        facts: PartitionFacts,
        hasConditions: Bool
    ) {
        self.keys = keys
        self.engine = engine
        self.state = state
        self.recent = recent
        self.intents = intents
        self.facts = facts
        storedState = state
        overlay = hasConditions ? WriteOverlay(keys) : nil
    }

    /// Applies the next entry.
    mutating func apply(_ entry: DecodedEntry) throws(StateMachineError) -> AppliedEntry.Outcome {
        let outcome: AppliedEntry.Outcome
        switch entry.content {
        case .noop:
            outcome = .noop
        case .configuration(let configuration):
            state.configuration = configuration
            state.configurationIndex = entry.position.index
            outcome = .configuration(configuration)
        case .command(let command):
            switch command.content {
            case .operations(let operations):
                outcome = try apply(operations, of: command, at: entry.position.index)
            case .transaction(let step):
                outcome = try apply(step, of: command, at: entry.position)
            }
        }
        state.position = entry.position
        return outcome
    }

    /// Writes what has been gathered, with the applied state of the last entry that was applied as a whole.
    mutating func write() throws(StateMachineError) {
        guard state != storedState || !batch.isEmpty else { return }
        state.rememberedCount = recent.count
        state.forgottenThrough = recent.forgottenThrough
        if areFactsDue {
            batch.put(keys.facts, try damaged { () throws(FieldError) in try facts.encoded() })
        }
        batch.put(keys.state, state.encoded)
        try callEngine { () throws(EngineError) in try engine.write(batch) }
        batch.removeAll()
        written = VersionOverlay()
        if overlay != nil { overlay = WriteOverlay(keys) }
        storedState = state
        areFactsDue = false
    }

    private mutating func apply(
        _ operations: [Command.Operation],
        of command: Command,
        at index: LogIndex
    ) throws(StateMachineError) -> AppliedEntry.Outcome {
        if let earlier = recent.find(command.id) {
            return .command(command.id, earlier.outcome, firstIndex: earlier.index)
        }
        guard recent.covers(command, at: index) else { return .command(command.id, .expired, firstIndex: index) }
        let outcome: CommandOutcome
        if let failed = try failedCondition(of: operations) {
            outcome = .conditionFailed(operation: failed)
        } else {
            for operation in operations { write(operation) }
            outcome = .applied
        }
        remember(command.id, outcome, at: index)
        return .command(command.id, outcome, firstIndex: index)
    }

    /// Remembers what a command came to.
    mutating func remember(_ id: CommandID, _ outcome: CommandOutcome, at index: LogIndex) {
        let remembered = RememberedCommand(id: id, index: index, outcome: outcome)
        let place = recent.remember(remembered)
        batch.put(keys.remembered(place: place), remembered.encoded)
    }

    /// The number of the first operation that does not find what it expects.
    private func failedCondition(of operations: [Command.Operation]) throws(StateMachineError) -> Int? {
        guard let overlay else { return nil }
        for (number, operation) in operations.enumerated() {
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
