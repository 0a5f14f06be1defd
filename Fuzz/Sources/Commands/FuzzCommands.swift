internal import FuzzSupport
internal import Raft

@testable internal import KVStore

/// Commands as they stand in entries: read, written again, and applied to an empty partition.
@main
struct FuzzCommands: FuzzTarget {
    static func seeds() throws -> [[UInt8]] {
        let operations: [Command.Operation] = [
            .put(key: [1, 2], value: [3, 4, 5]), .delete(key: [1]), .delete(key: []),
            .compareAndSet(key: [1], expected: nil, new: [2]), .compareAndSet(key: [1], expected: [2], new: nil),
            .deleteRange(from: [1], upTo: [2]), .deleteRange(from: [], upTo: nil),
        ]
        return try (0..<operations.count * 3).map { number in
            let count = 1 + number % operations.count
            let some = (0..<count).map { operations[(number + $0) % operations.count] }
            return try Command(id: CommandID(77), mintedAt: .zero, operations: some).encoded()
        }
    }

    static func run(_ bytes: [UInt8]) throws {
        guard let command = try? Command(encoded: bytes) else { return }
        try require(try Command(encoded: try command.encoded()) == command, "\(command) is read back as another")
        let engine = try MemoryEngine(MemoryDisk(), directory: "fuzz")
        let machine = try StateMachine(PartitionID(1), in: engine, initial: Configuration(voters: [NodeID(1)]))
        let entries = (1...2).map { Entry(index: LogIndex($0), term: Term(1), payload: .command(bytes)) }
        let applied = try machine.apply(entries)
        try require(applied.count == 2, "an entry came to nothing")
        _ = try machine.checksum()
        _ = try machine.reader.scan()
    }
}
