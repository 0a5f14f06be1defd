internal import FuzzSupport
internal import Raft

@testable internal import KVStore

/// Commands as they stand in entries: read, written again, and applied twice to a partition that has something of each
/// kind.
@main
struct FuzzCommands: FuzzTarget {
    static func seeds() throws -> [[UInt8]] {
        let operations: [Command.Operation] = [
            .put(key: [1, 2], value: [3, 4, 5]), .delete(key: [1]), .delete(key: []),
            .compareAndSet(key: [1], expected: nil, new: [2]), .compareAndSet(key: [1], expected: [2], new: nil),
            .deleteRange(from: [1], upTo: [2]), .deleteRange(from: [], upTo: nil),
        ]
        let plain = try (0..<operations.count * 3).map { number in
            let count = 1 + number % operations.count
            let some = (0..<count).map { operations[(number + $0) % operations.count] }
            return try Command(id: CommandID(77), mintedAt: .zero, operations: some).encoded()
        }
        return try plain + steps.map { try encoded($0) }
    }

    private static func encoded(_ step: TransactionCommand) throws -> [UInt8] {
        try Command(id: CommandID(77), mintedAt: .zero, transaction: step).encoded()
    }

    /// A step of each kind.
    private static var steps: [TransactionCommand] {
        let id = TransactionID(5)
        let draft = TransactionDraft(
            start: Timestamp(5),
            reads: [[1]],
            ranges: [KeyRange([2], [3])],
            checks: [.init(key: [4], .isAbsent)],
            changes: [.init(key: [5], .put([6])), .init(key: [7], .add(.init(-1, floor: -5, ceiling: 5)))]
        )
        let once = OneRoundCommit(
            epoch: 0,
            term: Term(1),
            timestamp: Timestamp(9),
            deadline: Timestamp(99),
            draft: draft
        )
        let prepare = TransactionPrepare(
            epoch: 0,
            id: id,
            age: TransactionAge(milliseconds: 1, tieBreak: 2),
            step: 0,
            primary: [5],
            floor: Timestamp(7),
            expires: Timestamp(20),
            deadline: Timestamp(99),
            draft: draft
        )
        let commit = TransactionCommit(
            epoch: 0,
            id: id,
            primary: [5],
            timestamp: Timestamp(9),
            participants: [[200]]
        )
        return [
            .commitOnce(once), .prepare(prepare), .commit(commit), .resolve(id, anchor: [5], .committed(Timestamp(9))),
            .resolve(id, anchor: [5], .rolledBack), .decide(id, primary: [5], now: Timestamp(21), mustEnd: false),
            .settle(id, primary: [5]),
            .collect(safePoint: Timestamp(8), records: Timestamp(8), from: [5, 0, 1], limit: 10),
            .reserveTimestamps(below: Timestamp(9)),
            .describe(PartitionDescriptor(id: PartitionID(1), range: KeyRange([1], [100]), epoch: 1)),
        ]
    }

    static func run(_ bytes: [UInt8]) throws {
        guard let command = try? Command(encoded: bytes) else { return }
        try require(try Command(encoded: try command.encoded()) == command, "\(command) is read back as another")
        let engine = try MemoryEngine(MemoryDisk(), directory: "fuzz")
        let machine = try StateMachine(PartitionID(1), in: engine, initial: Configuration(voters: [NodeID(1)]))
        // Before it, something that it may meet: a version, a counter, something that is held.
        let held = TransactionDraft(changes: [.init(key: [7], .add(.init(2))), .init(key: [8], .delete)])
        let before = [
            put(at: 3, [.init(key: [1], .put([1])), .init(key: [7], .add(.init(1)))]),
            put(at: 4, [.init(key: [1], .delete), .init(key: [7], .add(.init(1)))]),
            .prepare(
                TransactionPrepare(
                    epoch: 0,
                    id: TransactionID(6),
                    age: TransactionAge(milliseconds: 1, tieBreak: 2),
                    step: 0,
                    primary: [7],
                    floor: Timestamp(4),
                    expires: Timestamp(9),
                    deadline: Timestamp(99),
                    draft: held
                )
            ),
        ]
        var payloads = try before.enumerated().map { number, step in
            try Command(id: CommandID(UInt128(number) + 1), mintedAt: .zero, transaction: step).encoded()
        }
        payloads += [bytes, bytes]
        let entries = payloads.enumerated().map { number, bytes in
            Entry(index: LogIndex(UInt64(number + 1)), term: Term(1), payload: .command(bytes))
        }
        let applied = try machine.apply(entries)
        try require(applied.count == entries.count, "an entry came to nothing")
        _ = try machine.checksum()
        _ = try machine.reader.scan()
        _ = try machine.reader.entries(in: KeyRange([], [255]), at: .max)
    }

    private static func put(at timestamp: UInt64, _ changes: [TransactionDraft.Change]) -> TransactionCommand {
        .commitOnce(
            OneRoundCommit(
                epoch: 0,
                term: Term(1),
                timestamp: Timestamp(timestamp),
                deadline: Timestamp(99),
                draft: TransactionDraft(changes: changes)
            )
        )
    }
}
