import KVStore
import Raft

/// What a partition must hold after a number of commands, in the plainest form.
struct Model {
    let workload: Workload
    let partition: PartitionID
    /// How many commands were applied.
    private(set) var number: UInt64 = 0
    private(set) var data: [[UInt8]: [UInt8]] = [:]

    init(_ workload: Workload, _ partition: PartitionID) {
        self.workload = workload
        self.partition = partition
    }

    /// Applies the next command and tells what it comes to.
    mutating func applyNext() -> CommandOutcome {
        number += 1
        let operations = workload.operations(number, of: partition)
        for (place, operation) in operations.enumerated() {
            guard case .compareAndSet(let key, let expected, _) = operation else { continue }
            if data[Array(key)] != expected.map({ Array($0) }) { return .conditionFailed(operation: place) }
        }
        for operation in operations { apply(operation) }
        return .applied
    }

    private mutating func apply(_ operation: Command.Operation) {
        switch operation {
        case .put(let key, let value): data[Array(key)] = Array(value)
        case .delete(let key): data[Array(key)] = nil
        case .compareAndSet(let key, _, let new): data[Array(key)] = new.map { Array($0) }
        case .deleteRange(let from, let upTo):
            for key in data.keys where !key.lexicographicallyPrecedes(from) {
                if let upTo, !key.lexicographicallyPrecedes(upTo) { continue }
                data[key] = nil
            }
        }
    }
}
