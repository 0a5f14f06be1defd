import Raft

/// What of a node survives a crash: its log and what its state machine has applied.
struct Disk {
    var hardState = HardState.initial
    /// The last entry that the log no longer holds.
    var base = LogPosition.origin
    var entries: [Entry] = []
    var machine: StateMachine

    init(initial configuration: Configuration) { machine = StateMachine(configuration: configuration) }

    /// One atomic write. `installed` is the state machine that the request's snapshot stands for.
    mutating func write(_ request: PersistRequest, installed: StateMachine?) {
        hardState = request.hardState
        if let snapshot = request.snapshot, let installed {
            base = snapshot.position
            entries = []
            machine = installed
        }
        guard let first = request.entries.first else { return }
        entries.removeAll { $0.index >= first.index }
        precondition(first.index == (entries.last?.index ?? base.index).next, "a write must join the log")
        entries += request.entries
    }

    /// Entries from `first` to `last`, at least one if it is there, then as many as fit.
    func read(from first: LogIndex, through last: LogIndex, maxBytes: Int = .max) -> [Entry] {
        guard first > base.index else { return [] }
        var size = 0
        var result: [Entry] = []
        for entry in entries where entry.index >= first && entry.index <= last {
            size += entry.payload.sizeBytes
            if size > maxBytes, !result.isEmpty { break }
            result.append(entry)
        }
        return result
    }

    mutating func compact(through index: LogIndex) {
        guard let last = entries.last(where: { $0.index <= index }) else { return }
        base = last.position
        entries.removeAll { $0.index <= index }
    }

    /// What a replica starts from after a crash.
    var restored: RestoredState {
        var history: [TermHistory.Run] = []
        for entry in entries where entry.term != history.last?.term {
            history.append(TermHistory.Run(first: entry.index, term: entry.term))
        }
        return RestoredState(
            hardState: hardState,
            applied: machine.applied,
            configuration: machine.configuration,
            log: TermHistory(base: base, runs: history, lastIndex: entries.last?.index),
            configurations: entries.filter { $0.index > machine.applied }.compactMap { entry in
                guard case .configuration(let configuration) = entry.payload else { return nil }
                return RestoredState.ConfigurationEntry(index: entry.index, configuration: configuration)
            },
            uncommittedBytes: entries.filter { $0.index > hardState.commit }.reduce(0) { $0 + $1.payload.sizeBytes }
        )
    }
}

/// A state machine that remembers the commands it was given. What it applies is durable at once.
struct StateMachine: Hashable {
    var applied = LogIndex.zero
    var configuration: Configuration
    var commands: [String] = []

    init(configuration: Configuration) { self.configuration = configuration }

    /// What an injected snapshot stands for: its commands are not known.
    init(at snapshot: SnapshotMetadata) {
        applied = snapshot.position.index
        configuration = snapshot.configuration
    }

    mutating func apply(_ entry: Entry) {
        precondition(entry.index == applied.next, "entries are applied one after the other")
        applied = entry.index
        switch entry.payload {
        case .noop: break
        case .command(let bytes): commands.append(Entry.text(of: bytes))
        case .configuration(let configuration): self.configuration = configuration
        }
    }
}
