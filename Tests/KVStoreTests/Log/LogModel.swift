import KVStore
import Raft

/// What a log should hold, kept the simplest way.
struct LogModel: Equatable {
    struct Group: Equatable {
        var lifecycle = ReplicaLifecycle.live
        var hardState = HardState.initial
        var base = LogPosition.origin
        var entries: [Entry] = []
        var installed: SnapshotMetadata?

        var last: LogPosition { entries.last?.position ?? base }

        func term(at index: LogIndex) -> Term {
            index == base.index ? base.term : entries[index.distance(from: base.index) - 1].term
        }
    }

    var groups: [PartitionID: Group] = [:]

    mutating func apply(_ record: LogRecord) {
        var group = groups[record.group] ?? Group()
        switch record {
        case .create:
            group = Group()
        case .entries(_, let entries):
            guard let first = entries.first else { return }
            group.entries.removeLast(group.last.index.distance(from: first.index.previous))
            group.entries += entries
        case .hardState(_, let hardState):
            group.hardState = hardState
        case .install(_, let metadata):
            group.base = metadata.position
            group.entries = []
            group.installed = metadata
        case .compact(_, let index):
            guard index > group.base.index else { return }
            let position = LogPosition(term: group.term(at: index), index: index)
            group.entries.removeFirst(index.distance(from: group.base.index))
            group.base = position
            group.installed = nil
        case .destroy:
            group = Group(lifecycle: .destroyed, hardState: group.hardState)
        case .repaired:
            break
        }
        groups[record.group] = group
    }

    /// What is in an open log, told by its recovery and read back from it.
    init(_ recovery: LogRecovery, _ log: WriteAheadLog) throws {
        for found in recovery.groups { groups[found.group] = try Group(found, log) }
    }

    init() {}
}

extension LogModel.Group {
    init(_ found: RecoveredGroup, _ log: WriteAheadLog) throws {
        var entries: [Entry] = []
        var next = found.base.index.next
        while next <= found.last.index {
            let part = try log.read(found.group, from: next, maxBytes: 300)
            guard let last = part.last else { break }
            entries += part
            next = last.index.next
        }
        self.init(
            lifecycle: found.lifecycle,
            hardState: found.hardState,
            base: found.base,
            entries: entries,
            installed: found.installed
        )
        guard last == found.last, found.terms == runs, found.configurations == configurations else {
            throw Contradiction(group: found.group)
        }
        guard found.entryBytes >= entries.reduce(0, { $0 + $1.payload.sizeBytes }) else {
            throw Contradiction(group: found.group)
        }
    }

    /// The recovery tells of a group what its entries do not say.
    struct Contradiction: Error {
        let group: PartitionID
    }

    private var runs: [TermRun] {
        var runs: [TermRun] = []
        for entry in entries where runs.last?.term != entry.term {
            runs.append(TermRun(first: entry.index, term: entry.term))
        }
        return runs
    }

    private var configurations: [PlacedConfiguration] {
        entries.compactMap { entry in
            guard case .configuration(let configuration) = entry.payload else { return nil }
            return PlacedConfiguration(index: entry.index, configuration: configuration)
        }
    }
}

/// Draws records that may follow what a model holds.
struct RecordGenerator {
    var random: SeededGenerator
    var groupCount: UInt64 = 4
    var largestCommand = 120
    /// Replaces and compacts only what Raft would: committed entries stay until they are compacted, and a group that is
    /// destroyed never comes back with another history.
    var keepsCommitted = false

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func next(for model: LogModel) -> LogRecord {
        let id = PartitionID(UInt64.random(in: 1...groupCount, using: &random))
        guard let group = model.groups[id], group.lifecycle == .live else { return .create(id) }
        switch Int.random(in: 0..<100, using: &random) {
        case 97 where keepsCommitted: return .hardState(id, hardState(for: group))
        case 0..<70: return .entries(id, entries(for: group))
        case 70..<85: return .hardState(id, hardState(for: group))
        case 85..<97: return compaction(id, group)
        case 97: return .destroy(id)
        default: return .install(id, snapshot(for: group))
        }
    }

    mutating func entries(for group: LogModel.Group) -> [Entry] {
        let replaceable = keepsCommitted ? group.last.index.distance(from: committed(in: group)) : group.entries.count
        let replaced = random.oneIn(6) ? Int.random(in: 0...min(6, replaceable), using: &random) : 0
        let first = LogIndex(group.last.index.rawValue + 1 - UInt64(replaced))
        var term = replaced > 0 ? group.last.term.next : group.term(at: first.previous)
        var entries: [Entry] = []
        for offset in 0..<Int.random(in: 1...6, using: &random) {
            if random.oneIn(8) || term == .zero { term = term.next }
            entries.append(Entry(index: first + offset, term: term, payload: payload()))
        }
        return entries
    }

    mutating func payload() -> EntryPayload {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: return .noop
        case 1: return .configuration(configuration())
        default:
            let count = Int.random(in: 0...largestCommand, using: &random)
            let isDull = Bool.random(using: &random)
            return .command((0..<count).map { isDull ? UInt8($0 % 5) : UInt8.random(in: 0...255, using: &random) })
        }
    }

    private mutating func configuration() -> Configuration {
        let voters = (1...Int.random(in: 1...5, using: &random)).map { NodeID(UInt64($0)) }
        return Configuration(voters: voters, learners: [.init(id: NodeID(9), promotion: .automatic)])
    }

    private mutating func hardState(for group: LogModel.Group) -> HardState {
        let vote = Bool.random(using: &random) ? NodeID(UInt64.random(in: 0...5, using: &random)) : nil
        let term = max(group.last.term, group.hardState.term)
        guard keepsCommitted else { return HardState(term: term.next, vote: vote, commit: group.base.index) }
        let known = committed(in: group)
        let more = Int.random(in: 0...group.last.index.distance(from: known), using: &random)
        return HardState(term: term.next, vote: vote, commit: known + more)
    }

    private mutating func compaction(_ id: PartitionID, _ group: LogModel.Group) -> LogRecord {
        let end = keepsCommitted ? committed(in: group) : group.last.index
        let depth = Int.random(in: 0...end.distance(from: group.base.index), using: &random)
        return .compact(id, through: group.base.index + depth)
    }

    private func committed(in group: LogModel.Group) -> LogIndex { max(group.base.index, group.hardState.commit) }

    private mutating func snapshot(for group: LogModel.Group) -> SnapshotMetadata {
        let position = LogPosition(
            term: group.last.term.next,
            index: group.last.index + Int.random(in: 0...4, using: &random)
        )
        return SnapshotMetadata(position: position, configuration: configuration())
    }
}

extension SeededGenerator {
    /// True once in `count` times, on average.
    mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }
}
