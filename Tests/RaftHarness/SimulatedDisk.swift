import Raft

/// The state machine of the harness: a fingerprint of everything applied so far. Two replicas with equal fingerprints
/// at an index have applied the same entries in the same order.
struct StateMachine: Hashable {
    var index = LogIndex.zero
    var fingerprint: UInt64 = 0xCBF2_9CE4_8422_2325
    var configuration: Configuration

    mutating func apply(_ entry: Entry) {
        index = entry.index
        fingerprint = Self.mix(Self.mix(fingerprint, entry.term.rawValue), entry.payload.fingerprint)
        if case .configuration(let next) = entry.payload { configuration = next }
    }

    static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
        var mixed = (a ^ b) &* 0x9E37_79B9_7F4A_7C15
        mixed ^= mixed >> 29
        return mixed &* 0xBF58_476D_1CE4_E5B9
    }
}

extension EntryPayload {
    var fingerprint: UInt64 {
        switch self {
        case .noop: 1
        case .command(let bytes): bytes.reduce(2) { StateMachine.mix($0, UInt64($1)) }
        case .configuration(let configuration):
            configuration.members.reduce(UInt64(configuration.isJoint ? 3 : 4)) { StateMachine.mix($0, $1.rawValue) }
        }
    }
}

/// What a replica finds again after a crash: the log up to the last write that became durable, and the state machine as
/// it was last flushed.
struct SimulatedDisk {
    var hardState = HardState.initial
    var base = LogPosition.origin
    /// The entry of index `base.index + 1` first.
    var entries: [Entry] = []
    var flushed: StateMachine

    var lastIndex: LogIndex { base.index + entries.count }

    /// Makes a write durable, as a whole.
    mutating func write(_ request: PersistRequest, snapshot: StateMachine?) {
        hardState = request.hardState
        if let metadata = request.snapshot, let snapshot {
            base = metadata.position
            entries.removeAll()
            flushed = snapshot
        }
        guard let first = request.entries.first?.index else { return }
        entries.removeLast(lastIndex.rawValue >= first.rawValue ? lastIndex.distance(from: first) + 1 : 0)
        entries.append(contentsOf: request.entries)
    }

    /// Whether the entry of that term is here, or covered by what is.
    func holds(_ index: LogIndex, of term: Term) -> Bool {
        if index <= base.index { return true }
        return index <= lastIndex && entries[index.distance(from: base.index) - 1].term == term
    }

    mutating func compact(through index: LogIndex) {
        guard index > base.index else { return }
        let count = index.distance(from: base.index)
        base = entries[count - 1].position
        entries.removeFirst(count)
    }

    func entries(from first: LogIndex, through last: LogIndex) -> [Entry] {
        guard first > base.index, first <= last, last <= lastIndex else { return [] }
        let start = first.distance(from: base.index) - 1
        return Array(entries[start..<(start + last.distance(from: first) + 1)])
    }

    /// The entries that a request wants, as many as it allows.
    func entries(answering request: LogReadRequest) -> [Entry] {
        let wanted = entries(from: request.first, through: min(request.last, lastIndex))
        var size = 0
        let fitting = wanted.prefix { entry in
            size += entry.payload.sizeBytes
            return size <= request.maxBytes
        }
        return Array(wanted.prefix(max(1, fitting.count)))
    }

    /// What a restarting replica begins with.
    var restored: RestoredState {
        var runs: [TermHistory.Run] = []
        var configurations: [RestoredState.ConfigurationEntry] = []
        var uncommitted = 0
        for entry in entries {
            if runs.last?.term != entry.term { runs.append(TermHistory.Run(first: entry.index, term: entry.term)) }
            if case .configuration(let configuration) = entry.payload, entry.index > flushed.index {
                configurations.append(
                    RestoredState.ConfigurationEntry(index: entry.index, configuration: configuration)
                )
            }
            if entry.index > hardState.commit { uncommitted += entry.payload.sizeBytes }
        }
        return RestoredState(
            hardState: hardState,
            applied: flushed.index,
            configuration: flushed.configuration,
            log: TermHistory(base: base, runs: runs, lastIndex: lastIndex),
            configurations: configurations,
            uncommittedBytes: uncommitted
        )
    }
}
