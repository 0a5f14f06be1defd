internal import Raft

@testable internal import KVStore

/// A log that has been applied, as a place in the tree of all logs that were ever applied.
///
///     setup ─┬─ W1 at 5 ─┬─ W2 at 6
///            │           └─ no-op
///            └─ W2 at 5 ─── …
///
/// What a log comes to depends on its entries alone. So each is applied once in the whole exploration, on a copy of what
/// the log before it came to, and worlds share the result. It is never changed.
final class AppliedLog {
    /// Names the log.
    let number: Int
    /// What it has come to.
    let machine: StateMachine
    /// What its last entry came to; nil for a no-op, and for a command of which nobody remembers anything.
    let outcome: TransactionOutcome?
    /// What went wrong while it was applied.
    let trouble: String?
    private let engine: MemoryEngine
    private let parent: AppliedLog?
    private let entry: Entry?
    private let grove: Grove
    private var children: [Entry: AppliedLog] = [:]
    private var replayed: String??

    /// What the logs of one exploration share.
    private final class Grove {
        let partition: PartitionID
        let disk = MemoryDisk()
        var count = 0

        init(_ partition: PartitionID) { self.partition = partition }
    }

    static let configuration = Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)])

    /// The empty log of a partition.
    convenience init(of partition: PartitionID) {
        let grove = Grove(partition)
        self.init(grove, engine: Self.engine(grove), parent: nil, entry: nil)
    }

    private init(_ grove: Grove, engine: MemoryEngine, parent: AppliedLog?, entry: Entry?) {
        grove.count += 1
        number = grove.count
        self.grove = grove
        self.engine = engine
        self.parent = parent
        self.entry = entry
        machine = Self.machine(grove.partition, engine)
        guard let entry else {
            (outcome, trouble) = (nil, nil)
            return
        }
        do {
            let applied = try machine.apply([entry])
            if case .command(_, let outcome, _)? = applied.first?.outcome {
                self.outcome = outcome.step
            } else {
                outcome = nil
            }
            trouble = nil
        } catch {
            (outcome, trouble) = (nil, "an entry cannot be applied: \(error)")
        }
    }

    private static func engine(_ grove: Grove) -> MemoryEngine {
        do { return try MemoryEngine(grove.disk, directory: "\(grove.count + 1)") } catch {
            preconditionFailure("an engine in memory cannot be opened: \(error)")
        }
    }

    private static func machine(_ partition: PartitionID, _ engine: MemoryEngine) -> StateMachine {
        do { return try StateMachine(partition, in: engine, initial: configuration) } catch {
            preconditionFailure("a state machine cannot be opened: \(error)")
        }
    }

    /// What a leader sees of it.
    var contents: AppliedContents { AppliedContents(machine: machine) }

    var position: LogPosition { machine.state.position }

    /// The log without its last entry, and that entry; nil for the empty log.
    var last: (before: AppliedLog, entry: Entry)? {
        guard let parent, let entry else { return nil }
        return (parent, entry)
    }

    /// The log with one more entry.
    func appending(_ payload: EntryPayload, in term: Term) -> AppliedLog {
        let entry = Entry(index: position.index.next, term: term, payload: payload)
        if let known = children[entry] { return known }
        do { try engine.checkpoint(into: "\(grove.count + 1)") } catch {
            preconditionFailure("an engine in memory cannot be copied: \(error)")
        }
        let child = AppliedLog(grove, engine: Self.engine(grove), parent: self, entry: entry)
        children[entry] = child
        return child
    }

    /// Applies the whole log once more, all at once, and tells how another replica would differ.
    func differenceOnReplay() -> String? {
        if let replayed { return replayed }
        var entries: [Entry] = []
        var place: AppliedLog? = self
        while let here = place {
            if let entry = here.entry { entries.append(entry) }
            place = here.parent
        }
        let difference: String?
        do {
            let other = Self.machine(grove.partition, try MemoryEngine(MemoryDisk(), directory: "replay"))
            _ = try other.apply(entries.reversed())
            let isEqual = try other.checksum() == machine.checksum()
            difference = isEqual ? nil : "replicas differ that have applied the same log in different batches"
        } catch {
            difference = "the log cannot be applied again: \(error)"
        }
        replayed = .some(difference)
        return difference
    }
}
