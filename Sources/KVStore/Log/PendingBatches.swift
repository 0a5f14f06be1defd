internal import Raft

/// What was appended and is not durable yet: batches of limited size, and what they make of each group.
struct PendingBatches {
    private var batches: [PendingBatch] = []
    private var groups: [PartitionID: PendingGroup] = [:]
    private var unit = Unit.none

    /// Records that must not be torn apart.
    private enum Unit {
        case none
        /// None of them was added yet; all together take no more than so many bytes.
        case announced(bytes: Int)
        /// The last batch has the first of them.
        case begun
    }

    var first: PendingBatch? { batches.first }

    /// How a group will be, if anything pending is about it.
    func group(_ id: PartitionID) -> PendingGroup? { groups[id] }

    /// Takes in one more record, which `encode` writes.
    mutating func add(
        to group: PendingGroup,
        from: LogIndex,
        upTo bytes: Int,
        limits: LogOptions,
        encode: (inout [UInt8]) -> StoredRecord
    ) {
        let id = group.id
        switch unit {
        case .none: makeRoom(for: bytes, id, limits)
        case .announced(let all): makeRoom(for: max(all, bytes), id, limits)
        case .begun: break
        }
        if case .announced = unit { unit = .begun }
        batches[batches.count - 1].add(id, from: from, encode)
        groups[id] = group
    }

    /// Keeps the records that are added from now on in one batch, until `endUnit`.
    mutating func beginUnit(upTo bytes: Int) { unit = .announced(bytes: bytes) }

    mutating func endUnit() { unit = .none }

    private mutating func makeRoom(for bytes: Int, _ group: PartitionID, _ limits: LogOptions) {
        if batches.last?.hasRoom(for: bytes, group, limits) != true { batches.append(PendingBatch()) }
    }

    /// Forgets the first batch, which has become durable.
    mutating func removeFirst() {
        batches.removeFirst()
        if batches.isEmpty { groups = [:] }
    }
}

/// Records that are written and synchronised together.
struct PendingBatch {
    private(set) var bytes: [UInt8] = []
    private(set) var records: [(record: StoredRecord, offset: Int, length: Int)] = []
    /// The groups in the order in which they came.
    private(set) var groups: [PartitionID] = []
    /// For each group the lowest index that is written; zero if none is.
    private(set) var from: [PartitionID: LogIndex] = [:]

    func hasRoom(for count: Int, _ group: PartitionID, _ limits: LogOptions) -> Bool {
        guard bytes.count + count <= limits.batchBytes else { return false }
        return from[group] != nil || groups.count < limits.batchGroups
    }

    mutating func add(_ group: PartitionID, from index: LogIndex, _ encode: (inout [UInt8]) -> StoredRecord) {
        let offset = bytes.count
        let record = encode(&bytes)
        records.append((record, offset, bytes.count - offset))
        if let known = from[group] {
            if index > .zero { from[group] = known == .zero ? index : min(known, index) }
        } else {
            groups.append(group)
            from[group] = index
        }
    }
}

/// A group as it will be once everything pending is durable; enough of it to tell what may follow.
struct PendingGroup {
    let id: PartitionID
    var lifecycle: ReplicaLifecycle?
    var base: LogPosition
    var last: LogPosition
    /// The terms of entries that are pending; those before are in the durable part.
    var runs: [TermRun] = []

    init(_ state: GroupState?, id: PartitionID) {
        self.id = id
        lifecycle = state?.summary.lifecycle
        base = state?.summary.base ?? .origin
        last = state?.summary.last ?? .origin
    }

    /// The term of the entry at `index`, or at the base.
    func term(at index: LogIndex, durable: GroupState?) -> Term? {
        if index == base.index { return base.term }
        guard index > base.index, index <= last.index else { return nil }
        return runs.last { $0.first <= index }?.term ?? durable?.term(at: index)
    }

    mutating func append(_ entries: [Entry]) {
        guard let first = entries.first, let final = entries.last else { return }
        runs.removeAll { $0.first >= first.index }
        for entry in entries where runs.last?.term != entry.term {
            runs.append(TermRun(first: entry.index, term: entry.term))
        }
        last = final.position
    }

    /// Makes the log an empty one behind `position`.
    mutating func reset(_ lifecycle: ReplicaLifecycle, to position: LogPosition) {
        self.lifecycle = lifecycle
        base = position
        last = position
        runs = []
    }
}
