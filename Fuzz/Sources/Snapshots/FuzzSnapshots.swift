internal import FuzzSupport
internal import Raft

@testable internal import KVStore

/// What comes from another replica as a snapshot. The first byte says how the rest is read:
///
///     even   as one chunk, checksum and all
///     odd    as bodies, each behind its kind and its length in two bytes, of chunks whose checksums and numbers are
///            right: a broken sender's, who can do what a broken line cannot
@main
struct FuzzSnapshots: FuzzTarget {
    private static let partition = PartitionID(1)

    static func seeds() throws -> [[UInt8]] {
        let source = try machine()
        let entries = try (1...40).map { number in
            let key = [UInt8(number)][...]
            let value = [UInt8](repeating: UInt8(number), count: number)[...]
            let command = Command(
                id: CommandID(UInt128(number)),
                mintedAt: .zero,
                operations: [.put(key: key, value: value)]
            )
            return Entry(index: LogIndex(UInt64(number)), term: Term(1), payload: .command(try command.encoded()))
        }
        _ = try source.apply(entries)
        _ = try source.apply(try transactions(behind: 40))
        let writer = try source.makeSnapshot(chunkBytes: 256)
        var bodies: [UInt8] = [1]
        var seeds: [[UInt8]] = []
        while let chunk = try writer.nextChunk() {
            seeds.append([0] + chunk)
            let packed = try PackedChunk(chunk)
            let body = try packed.unpack()
            bodies += [packed.kind.rawValue, UInt8(body.count & 0xFF), UInt8(body.count >> 8)] + body
        }
        return seeds + [bodies]
    }

    /// A version of each kind, something older, something that is held, and a record of each.
    private static func transactions(behind index: UInt64) throws -> [Entry] {
        let value = TransactionDraft(changes: [.init(key: [1], .put([1])), .init(key: [2], .add(.init(1, floor: 0)))])
        let gone = TransactionDraft(changes: [.init(key: [1], .delete), .init(key: [2], .add(.init(1)))])
        let held = TransactionDraft(
            start: Timestamp(9),
            ranges: [KeyRange([5], [6])],
            changes: [.init(key: [2], .add(.init(1, ceiling: 9))), .init(key: [3], .insert([0]))]
        )
        let once = { (timestamp: UInt64, draft: TransactionDraft) in
            TransactionCommand.commitOnce(
                OneRoundCommit(
                    epoch: 0,
                    term: Term(1),
                    timestamp: Timestamp(timestamp),
                    deadline: Timestamp(99),
                    draft: draft
                )
            )
        }
        let steps: [TransactionCommand] = [
            once(3, value), once(4, gone),
            .prepare(
                TransactionPrepare(
                    epoch: 0,
                    id: TransactionID(6),
                    age: TransactionAge(milliseconds: 1, tieBreak: 2),
                    step: 0,
                    primary: [2],
                    floor: Timestamp(4),
                    expires: Timestamp(9),
                    deadline: Timestamp(99),
                    draft: held
                )
            ), .decide(TransactionID(7), primary: [4], now: Timestamp(9), mustEnd: true),
            .reserveTimestamps(below: Timestamp(9)),
        ]
        return try steps.enumerated().map { number, step in
            let index = index + UInt64(number) + 1
            let command = Command(id: CommandID(UInt128(index)), mintedAt: .zero, transaction: step)
            return Entry(index: LogIndex(index), term: Term(1), payload: .command(try command.encoded()))
        }
    }

    private static func machine() throws -> StateMachine {
        let engine = try MemoryEngine(MemoryDisk(), directory: "fuzz")
        return try StateMachine(partition, in: engine, initial: Configuration(voters: [NodeID(1)]))
    }

    static func run(_ bytes: [UInt8]) throws {
        guard let mode = bytes.first else { return }
        let target = try machine()
        let receiver = target.receiveSnapshot()
        if mode & 1 == 0 {
            let chunk = Array(bytes.dropFirst())
            if let metadata = try? SnapshotReceiver.metadata(ofFirst: chunk) {
                let packed = try PackedChunk(chunk)
                try require(metadata.position == packed.position, "a head of another position")
            }
            try? receiver.receive(chunk)
            return
        }
        try send(bytes.dropFirst(), to: receiver)
        guard receiver.isComplete, let metadata = receiver.metadata else { return }
        try target.install(receiver)
        try require(target.state.position == metadata.position, "installed at another position")
        try lookAt(target)
    }

    /// What was installed can be read, and applied to.
    private static func lookAt(_ target: StateMachine) throws {
        _ = try target.checksum()
        _ = try target.reader.scan()
        // What each row says is looked at when it comes, what they say together when it is read.
        _ = try? target.reader.entries(in: KeyRange([], [255]), at: Timestamp(3))
        let last = target.state.position
        guard last.index < .max else { return }
        let command = Command(id: CommandID(.max), mintedAt: .zero, operations: [.delete(key: [1])])
        let payload = EntryPayload.command(try command.encoded())
        _ = try target.apply([Entry(index: last.index.next, term: last.term, payload: payload)])
    }

    private static func send(_ bytes: ArraySlice<UInt8>, to receiver: SnapshotReceiver) throws {
        var rest = bytes
        var position = LogPosition.origin
        var total: UInt32 = 0
        while rest.count >= 3 {
            let kind = SnapshotChunk.Kind(rawValue: rest[rest.startIndex] % 3) ?? .entries
            let count = Int(rest[rest.startIndex + 1]) | Int(rest[rest.startIndex + 2]) << 8
            let body = Array(rest.dropFirst(3).prefix(count))
            rest = rest.dropFirst(3 + count)
            if kind == .head, receiver.wanted == 0 {
                position = (try? AppliedState(encoded: body[...]))?.position ?? .origin
            }
            let totalNow = body.withUnsafeBytes { Checksum.of($0, after: total) }
            let chunk = SnapshotChunk(
                kind: kind,
                partition: partition,
                position: position,
                number: receiver.wanted,
                body: body,
                total: totalNow
            )
            let before = receiver.wanted
            try? receiver.receive(chunk.encoded)
            if receiver.wanted > before { total = totalNow }
        }
    }
}
