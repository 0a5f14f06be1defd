import Raft
@testable public import KVStore

/// What a participant is told of what has been applied, as a test wants it.
struct ScriptedContents: PartitionContents {
    var epoch: UInt64 = 1
    var held: [Held] = []
    var records: [TransactionID: TransactionOutcome] = [:]
    var entries: [[UInt8]: StoredEntry] = [:]

    struct Held {
        let holder: IntentHolder
        let key: [UInt8]
        let mode: ClaimMode
        var floor = Timestamp.zero
    }

    func holder(against claims: Claims, except attempt: TransactionID?) -> (holder: IntentHolder, key: [UInt8])? {
        for held in held where held.holder.id != attempt {
            if claims.points.contains(where: { $0.key == held.key && !$0.mode.isCompatible(with: held.mode) }) {
                return (held.holder, held.key)
            }
            if held.mode.changes, claims.ranges.contains(where: { $0.contains(held.key) }) {
                return (held.holder, held.key)
            }
        }
        return nil
    }

    func holders(changing keys: [[UInt8]], upTo timestamp: Timestamp?, except attempt: TransactionID?) -> [IntentHolder]
    {
        held.filter { held in
            keys.contains(held.key) && held.mode.changes && held.holder.id != attempt
                && (timestamp.map { held.floor < $0 } ?? true)
        }.map(\.holder)
    }

    func holders(changing range: KeyRange, upTo timestamp: Timestamp) -> [IntentHolder] {
        held.filter { range.contains($0.key) && $0.mode.changes && $0.floor < timestamp }.map(\.holder)
    }

    func holders(expiredAt now: Timestamp) -> [IntentHolder] { held.map(\.holder).filter { $0.expires < now } }

    func anchor(of attempt: TransactionID) -> [UInt8]? { held.first { $0.holder.id == attempt }?.key }

    func read(_ keys: [[UInt8]], at timestamp: Timestamp?) -> PartitionResponse { .entries(keys.map { entries[$0] }) }

    func scan(_ range: KeyRange, at timestamp: Timestamp, limit: ScanLimit) -> PartitionResponse {
        let found = entries.keys.filter { range.contains($0) }.sorted { KeyOrder.compare($0, $1) < 0 }
        return .page(
            EntryPage(entries: found.compactMap { key in entries[key].map { .init(key: key, entry: $0) } }, next: nil)
        )
    }

    func record(of attempt: TransactionID, primary: [UInt8]) -> TransactionOutcome? { records[attempt] }
}

extension TransactionID: ExpressibleByIntegerLiteral {
    /// The id with this number.
    public init(integerLiteral value: UInt128) { self.init(value) }
}

extension Timestamp: ExpressibleByIntegerLiteral {
    /// The timestamp with this number.
    public init(integerLiteral value: UInt64) { self.init(value) }
}

extension Array {
    /// The element, where there is one and no other.
    var only: Element? { count == 1 ? first : nil }
}

func putting(_ keys: String...) -> TransactionDraft {
    TransactionDraft(changes: keys.map { .init(key: bytes($0), .put(bytes("value"))) })
}

func adding(_ delta: Int64, to key: String) -> TransactionDraft {
    TransactionDraft(changes: [.init(key: bytes(key), .add(.init(delta)))])
}

func reading(_ keys: String..., at start: Timestamp = 1) -> TransactionDraft {
    TransactionDraft(start: start, reads: keys.map { bytes($0) })
}

/// The older, the smaller.
func age(_ number: UInt64) -> TransactionAge { TransactionAge(milliseconds: number, tieBreak: 0) }

func oneRound(_ id: TransactionID, _ draft: TransactionDraft, age number: UInt64 = 5) -> PartitionRequest {
    .commitOnce(
        OneRoundRequest(id: id, age: age(number), mintedAt: .zero, epoch: 1, deadline: .max, draft: draft)
    )
}

func prepareRequest(
    _ id: TransactionID,
    _ draft: TransactionDraft,
    age number: UInt64 = 5,
    step: UInt32 = 0,
    primary: String = "a"
) -> PartitionRequest {
    .prepare(
        TransactionPrepare(
            epoch: 1,
            id: id,
            age: age(number),
            step: step,
            primary: bytes(primary),
            floor: .zero,
            expires: 100,
            deadline: .max,
            draft: draft
        )
    )
}

func holder(_ id: TransactionID, age number: UInt64 = 1, primary: String = "a") -> IntentHolder {
    IntentHolder(id: id, age: age(number), primary: bytes(primary), expires: 100)
}
