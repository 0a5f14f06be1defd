internal import FuzzSupport
internal import Raft

@testable internal import KVStore

/// What nodes that run transactions and leaders of partitions ask and answer each other. The same bytes are read as a
/// request and as an answer; what is read is written and read again.
@main
struct FuzzRequests: FuzzTarget {
    private static let id = TransactionID(5)
    private static let draft = TransactionDraft(
        start: Timestamp(5),
        reads: [[1]],
        ranges: [KeyRange([2], [3])],
        checks: [.init(key: [4], .isAbsent)],
        changes: [.init(key: [5], .put([6])), .init(key: [7], .add(.init(-1, floor: -5, ceiling: 5)))]
    )
    private static let age = TransactionAge(milliseconds: 1, tieBreak: 2)

    static func seeds() throws -> [[UInt8]] {
        try requests.map { try $0.encoded() } + responses.map(\.encoded)
    }

    /// A request of each kind.
    private static var requests: [PartitionRequest] {
        let once = OneRoundRequest(
            id: id,
            age: age,
            mintedAt: LogIndex(3),
            epoch: 1,
            deadline: Timestamp(99),
            draft: draft
        )
        let prepare = TransactionPrepare(
            epoch: 0,
            id: id,
            age: age,
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
            .timestamps(count: 3, clock: 1_000, hasTime: true),
            .read(keys: [[1], [2, 3]], at: Timestamp(8), attempt: id), .read(keys: [], at: nil, attempt: nil),
            .scan(KeyRange([1], [9]), at: Timestamp(8), limit: ScanLimit(entries: 10, bytes: 1_000)),
            .commitOnce(once), .prepare(prepare), .commit(commit),
            .resolve(id, anchor: [5], .committed(Timestamp(9))), .resolve(id, anchor: [5], .rolledBack),
            .decide(id, primary: [5], mustEnd: true), .settle(id, primary: [5]),
        ]
    }

    /// An answer of each kind.
    private static var responses: [PartitionResponse] {
        let value = StoredEntry(.bytes([1, 2]), version: Timestamp(4))
        let counter = StoredEntry(.counter(-3), version: Timestamp(5))
        let page = EntryPage(entries: [.init(key: [1], entry: value), .init(key: [2], entry: counter)], next: [3])
        return [
            .timestamps(first: Timestamp(7)), .entries([value, nil, counter]), .page(page), .outcome(.done),
            .expired, .moved(to: NodeID(2), mayHappen: true), .moved(to: nil, mayHappen: false), .died(key: [1]),
            .timedOut(key: [1, 2]), .overloaded, .diskFull, .invalid(FieldError("a field", "has a rule")), .tooOld,
            .unreadable("a row is damaged"),
        ]
    }

    static func run(_ bytes: [UInt8]) throws {
        if let request = try? PartitionRequest(encoded: bytes) {
            try require(
                try PartitionRequest(encoded: try request.encoded()) == request,
                "\(request) is read back as another"
            )
        }
        if let response = try? PartitionResponse(encoded: bytes) {
            try require(
                try PartitionResponse(encoded: response.encoded) == response,
                "\(response) is read back as another"
            )
        }
    }
}
