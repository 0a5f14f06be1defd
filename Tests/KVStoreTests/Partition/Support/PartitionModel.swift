import KVStore
import Raft

/// What a partition must hold after each entry, in the plainest form. It forgets no command.
struct PartitionModel {
    private(set) var data: [[UInt8]: [UInt8]] = [:]
    private(set) var position = LogPosition.origin
    private(set) var configuration = threeVoters
    private var outcomes: [CommandID: (outcome: CommandOutcome, index: LogIndex)] = [:]

    var contents: [Pair] {
        data.map { Pair($0.key, $0.value) }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    mutating func apply(_ entry: Entry) throws -> AppliedEntry {
        position = entry.position
        switch entry.payload {
        case .noop:
            return AppliedEntry(index: entry.index, outcome: .noop)
        case .configuration(let new):
            configuration = new
            return AppliedEntry(index: entry.index, outcome: .configuration(new))
        case .command(let bytes):
            let command = try Command(encoded: bytes)
            if outcomes[command.id] == nil { outcomes[command.id] = (apply(command), entry.index) }
            let (outcome, index) = outcomes[command.id] ?? (.expired, .zero)
            return AppliedEntry(index: entry.index, outcome: .command(command.id, outcome, firstIndex: index))
        }
    }

    private mutating func apply(_ command: Command) -> CommandOutcome {
        for (number, operation) in command.operations.enumerated() {
            guard case .compareAndSet(let key, let expected, _) = operation else { continue }
            if data[Array(key)] != expected.map({ Array($0) }) { return .conditionFailed(operation: number) }
        }
        for operation in command.operations {
            switch operation {
            case .put(let key, let value): data[Array(key)] = Array(value)
            case .delete(let key): data[Array(key)] = nil
            case .compareAndSet(let key, _, let new): data[Array(key)] = new.map { Array($0) }
            case .deleteRange(let from, let upTo):
                data = data.filter { key, _ in
                    key.lexicographicallyPrecedes(from) || upTo.map { !key.lexicographicallyPrecedes($0) } ?? false
                }
            }
        }
        return .applied
    }
}
