import Raft
import Testing

@testable import KVStore

@Suite("Steps of transactions: their bytes")
struct TransactionEncodingTests {
    static let draft = TransactionDraft(
        start: Timestamp(0x0102),
        reads: [[1], [2, 0]],
        ranges: [KeyRange([3], [4])],
        checks: [.init(key: [5], .exists), .init(key: [6], .isAbsent), .init(key: [7], .hasVersion(Timestamp(9)))],
        changes: [
            .init(key: [8], .put([1, 2])), .init(key: [9], .insert([])), .init(key: [10], .delete),
            .init(key: [11], .add(.init(-1, floor: 0))), .init(key: [12], .add(.init(2, ceiling: 3))),
        ]
    )
    static let draftBytes: [UInt8] =
        [1, 2, 1, 0, 0, 0, 0, 0, 0] + [2, 1, 1, 2, 2, 0] + [1, 1, 3, 1, 4]
        + [3, 1, 5, 1, 1, 6, 2, 1, 7, 3, 9, 0, 0, 0, 0, 0, 0, 0]
        + [5, 1, 8, 1, 2, 1, 2, 1, 9, 2, 0, 1, 10, 3]
        + [1, 11, 4, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0, 0, 0, 0, 0, 0]
        + [1, 12, 4, 2, 0, 0, 0, 0, 0, 0, 0, 2, 3, 0, 0, 0, 0, 0, 0, 0]

    static let id = TransactionID(0x0100_0000_0000_0000_0000_0000_0000_0002)
    static let idBytes: [UInt8] = [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]

    static func time(_ byte: UInt8) -> [UInt8] { [byte, 0, 0, 0, 0, 0, 0, 0] }

    static let samples: [(step: TransactionCommand, bytes: [UInt8])] = [
        (
            .commitOnce(
                OneRoundCommit(
                    epoch: 300,
                    term: Term(4),
                    timestamp: Timestamp(5),
                    deadline: Timestamp(6),
                    draft: draft
                )
            ), [1, 0xAC, 2, 4] + time(5) + time(6) + draftBytes
        ),
        (
            .prepare(
                TransactionPrepare(
                    epoch: 1,
                    id: id,
                    age: TransactionAge(milliseconds: 300, tieBreak: 2),
                    step: 3,
                    primary: [4, 5],
                    floor: Timestamp(6),
                    expires: Timestamp(7),
                    deadline: Timestamp(8),
                    draft: TransactionDraft()
                )
            ),
            [2, 1] + idBytes + [0xAC, 2, 2, 3, 2, 4, 5] + time(6) + time(7) + time(8) + [0, 0, 0, 0, 0]
        ),
        (
            .commit(
                TransactionCommit(
                    epoch: 1,
                    id: id,
                    primary: [4],
                    timestamp: Timestamp(5),
                    participants: [[6], [7, 8]]
                )
            ), [3, 1] + idBytes + [1, 4] + time(5) + [2, 1, 6, 2, 7, 8]
        ),
        (.resolve(id, anchor: [4], .committed(Timestamp(5))), [4] + idBytes + [1, 4, 1] + time(5)),
        (.resolve(id, anchor: [4], .rolledBack), [4] + idBytes + [1, 4, 0]),
        (.decide(id, primary: [4], now: Timestamp(5), mustEnd: true), [5] + idBytes + [1, 4] + time(5) + [1]),
        (.settle(id, primary: [4]), [6] + idBytes + [1, 4]),
        (
            .collect(safePoint: Timestamp(1), records: Timestamp(2), from: [4, 0, 1], limit: 5),
            [7] + time(1) + time(2) + [3, 4, 0, 1, 5]
        ),
        (.reserveTimestamps(below: Timestamp(1)), [8] + time(1)),
        (
            .describe(PartitionDescriptor(id: PartitionID(300), range: KeyRange([], [4]), epoch: 5)),
            [9, 0xAC, 2, 5, 0, 1, 4]
        ),
    ]

    private static func command(_ step: TransactionCommand) -> Command {
        Command(id: CommandID(0x0102), mintedAt: LogIndex(300), transaction: step)
    }

    private static let head: [UInt8] = [2, 2, 1] + [UInt8](repeating: 0, count: 14) + [0xAC, 2]

    @Test("The format has not changed", arguments: 0..<10)
    func golden(number: Int) throws {
        let (step, bytes) = Self.samples[number]
        #expect(try Self.command(step).encoded() == Self.head + bytes)
        #expect(try Command(encoded: Self.head + bytes) == Self.command(step))
        #expect(try Command(encoded: Self.head + bytes + [1, 1, 0]) == Self.command(step))
    }

    @Test("No bytes end the process, and what is read is written as it was", arguments: 0..<10)
    func mutations(number: Int) throws {
        let bytes = Self.head + Self.samples[number].bytes
        forEachMutation(of: bytes, seed: UInt64(number)) { bytes in
            guard let command = try? Command(encoded: bytes) else { return }
            let written = try? command.encoded()
            #expect(written.map { bytes.starts(with: $0) } == true, "\(bytes)")
        }
    }

    @Test("Limits hold for who writes and who reads")
    func limits() throws {
        func encode(_ step: TransactionCommand) throws { _ = try Self.command(step).encoded() }
        let long = [UInt8](repeating: 1, count: TransactionLimits.keyBytes + 1)
        #expect(field { try encode(.settle(Self.id, primary: [])) } == "primary")
        #expect(field { try encode(.settle(Self.id, primary: long)) } == "primary")
        #expect(field { try encode(.resolve(Self.id, anchor: long, .rolledBack)) } == "anchor")
        #expect(field { try encode(.collect(safePoint: .zero, records: .zero, from: [], limit: 0)) } == "limit")
        #expect(field { try encode(.collect(safePoint: .zero, records: .zero, from: [4], limit: 1)) } == "position")
        let many = [[UInt8]](repeating: Array(long.dropLast()), count: 257)
        let commit = TransactionCommit(epoch: 0, id: Self.id, primary: [1], timestamp: .zero, participants: many)
        #expect(field { try encode(.commit(commit)) } == "participants")
        let twice = TransactionDraft(changes: [.init(key: [1], .delete), .init(key: [1], .delete)])
        let once = OneRoundCommit(epoch: 0, term: .zero, timestamp: .zero, deadline: .zero, draft: twice)
        #expect(field { try encode(.commitOnce(once)) } == "changes")
        var bytes = Self.head + Self.samples[8].bytes
        bytes[Self.head.count] = 10
        #expect(field { try Command(encoded: bytes) } == "step")
    }

    static let outcomes: [(outcome: TransactionOutcome, bytes: [UInt8])] = [
        (.committed(Timestamp(5)), [1] + time(5)), (.prepared, [2]), (.rolledBack, [3]),
        (.pending(expires: Timestamp(5)), [4] + time(5)), (.refused(.checkFailed, key: [7]), [5, 1, 1, 7]),
        (.refused(.boundReached, key: [7]), [5, 2, 1, 7]), (.refused(.wrongType, key: [7]), [5, 3, 1, 7]),
        (.outdated(key: [7]), [6, 1, 7]),
        (
            .blocked(
                key: [7],
                by: IntentHolder(
                    id: id,
                    age: TransactionAge(milliseconds: 1, tieBreak: 2),
                    primary: [3],
                    expires: Timestamp(4)
                )
            ), [7, 1, 7] + idBytes + [1, 2, 1, 3] + time(4)
        ),
        (.wrongTerm, [8]), (.tooLate, [9]), (.tooOld, [10]), (.wrongPartition(epoch: 300), [11, 0xAC, 2]),
        (.done, [12]), (.needsNewerTimestamp(key: [7]), [13, 1, 7]),
    ]

    @Test("Outcomes: the format has not changed, and no bytes end the process", arguments: 0..<15)
    func outcome(number: Int) throws {
        let (outcome, bytes) = Self.outcomes[number]
        var written: [UInt8] = []
        outcome.encode(into: &written)
        #expect(written == bytes)
        var reader = FieldReader(bytes)
        #expect(try TransactionOutcome(from: &reader) == outcome)
        #expect(reader.remaining == 0)
        let remembered = RememberedCommand(id: CommandID(1), index: LogIndex(300), outcome: .transaction(outcome))
        #expect(try RememberedCommand(encoded: remembered.encoded[...]) == remembered)
        #expect(remembered.encoded.suffix(bytes.count + 2) == [0x81, 0x40] + bytes)
        forEachMutation(of: remembered.encoded, seed: UInt64(number)) { bytes in
            guard let command = try? RememberedCommand(encoded: bytes[...]) else { return }
            #expect((try? RememberedCommand(encoded: command.encoded[...])) == command)
        }
    }
}
