import KVStore
import Raft

/// Short ways to write down what transactions want.
extension TransactionDraft.Change {
    static func put(_ key: String, _ value: String) -> Self { Self(key: bytes(key), .put(bytes(value))) }
    static func insert(_ key: String, _ value: String) -> Self { Self(key: bytes(key), .insert(bytes(value))) }
    static func delete(_ key: String) -> Self { Self(key: bytes(key), .delete) }
    static func add(_ key: String, _ delta: Int64, floor: Int64? = nil, ceiling: Int64? = nil) -> Self {
        Self(key: bytes(key), .add(.init(delta, floor: floor, ceiling: ceiling)))
    }
}

extension TransactionDraft.Check {
    static func exists(_ key: String) -> Self { Self(key: bytes(key), .exists) }
    static func isAbsent(_ key: String) -> Self { Self(key: bytes(key), .isAbsent) }
    static func version(_ key: String, _ version: UInt64) -> Self {
        Self(key: bytes(key), .hasVersion(Timestamp(version)))
    }
}

func draft(
    start: UInt64? = nil,
    reads: [String] = [],
    ranges: [(String, String)] = [],
    checks: [TransactionDraft.Check] = [],
    _ changes: TransactionDraft.Change...
) -> TransactionDraft {
    TransactionDraft(
        start: start.map { Timestamp($0) },
        reads: reads.map { bytes($0) },
        ranges: ranges.map { KeyRange(bytes($0.0), bytes($0.1)) },
        checks: checks,
        changes: changes
    )
}

/// Far behind every moment of a test, but not so far that it could not be passed.
let farAway: UInt64 = 1 << 40

func once(
    at timestamp: UInt64,
    term: UInt64 = 1,
    epoch: UInt64 = 0,
    deadline: UInt64 = farAway,
    _ draft: TransactionDraft
) -> TransactionCommand {
    .commitOnce(
        OneRoundCommit(
            epoch: epoch,
            term: Term(term),
            timestamp: Timestamp(timestamp),
            deadline: Timestamp(deadline),
            draft: draft
        )
    )
}

func prepare(
    _ id: UInt128,
    step: UInt32 = 0,
    primary: String,
    floor: UInt64 = 0,
    expires: UInt64 = 1_000,
    deadline: UInt64 = farAway,
    epoch: UInt64 = 0,
    age: UInt64 = 7,
    _ draft: TransactionDraft
) -> TransactionCommand {
    .prepare(
        TransactionPrepare(
            epoch: epoch,
            id: TransactionID(id),
            age: TransactionAge(milliseconds: age, tieBreak: UInt64(id)),
            step: step,
            primary: bytes(primary),
            floor: Timestamp(floor),
            expires: Timestamp(expires),
            deadline: Timestamp(deadline),
            draft: draft
        )
    )
}

func commit(
    _ id: UInt128,
    primary: String,
    at timestamp: UInt64,
    participants: [String] = [],
    epoch: UInt64 = 0
) -> TransactionCommand {
    .commit(
        TransactionCommit(
            epoch: epoch,
            id: TransactionID(id),
            primary: bytes(primary),
            timestamp: Timestamp(timestamp),
            participants: participants.map { bytes($0) }
        )
    )
}

func resolve(_ id: UInt128, anchor: String, committed timestamp: UInt64?) -> TransactionCommand {
    let fate = timestamp.map { TransactionFate.committed(Timestamp($0)) } ?? .rolledBack
    return .resolve(TransactionID(id), anchor: bytes(anchor), fate)
}

func decide(_ id: UInt128, primary: String, now: UInt64 = 0, mustEnd: Bool = false) -> TransactionCommand {
    .decide(TransactionID(id), primary: bytes(primary), now: Timestamp(now), mustEnd: mustEnd)
}

func settle(_ id: UInt128, primary: String) -> TransactionCommand {
    .settle(TransactionID(id), primary: bytes(primary))
}

func collect(_ safePoint: UInt64, records: UInt64 = 0, from: [UInt8] = [], limit: Int = 1_000) -> TransactionCommand {
    .collect(safePoint: Timestamp(safePoint), records: Timestamp(records), from: from, limit: limit)
}

func describe(
    _ lower: String,
    _ upper: String,
    epoch: UInt64,
    _ id: PartitionID = partition
) -> TransactionCommand {
    .describe(PartitionDescriptor(id: id, range: KeyRange(bytes(lower), bytes(upper)), epoch: epoch))
}

func refused(_ refusal: TransactionError.Refusal, _ key: String) -> TransactionOutcome {
    .refused(refusal, key: bytes(key))
}

func outdated(_ key: String) -> TransactionOutcome { .outdated(key: bytes(key)) }
func needsNewer(_ key: String) -> TransactionOutcome { .needsNewerTimestamp(key: bytes(key)) }
func committed(_ timestamp: UInt64) -> TransactionOutcome { .committed(Timestamp(timestamp)) }

extension TransactionOutcome {
    /// The id of the transaction that is in the way, and the key.
    var blocker: String? {
        guard case .blocked(let key, let holder) = self else { return nil }
        return "\(String(decoding: key, as: UTF8.self)) by \(holder.id)"
    }
}

extension Entry {
    init(
        _ index: UInt64,
        term: UInt64 = 1,
        id: UInt128? = nil,
        mintedAt: UInt64? = nil,
        _ step: TransactionCommand
    ) throws {
        let command = Command(
            id: CommandID(id ?? UInt128(index) << 64),
            mintedAt: LogIndex(mintedAt ?? index - 1),
            transaction: step
        )
        self.init(index, term: term, .command(try command.encoded()))
    }
}

extension AppliedEntry {
    var transactionOutcome: TransactionOutcome? {
        guard case .transaction(let outcome)? = commandOutcome else { return nil }
        return outcome
    }
}

extension StateMachine {
    /// Applies one step behind what was applied.
    @discardableResult
    func step(
        _ step: TransactionCommand,
        id: UInt128? = nil,
        mintedAt: UInt64? = nil,
        term: UInt64 = 1
    ) throws -> TransactionOutcome? {
        let index = state.position.index.next.rawValue
        return try apply([try Entry(index, term: term, id: id, mintedAt: mintedAt, step)]).first?.transactionOutcome
    }

    /// Applies steps in one batch.
    func steps(_ steps: TransactionCommand...) throws -> [TransactionOutcome?] {
        let first = state.position.index.next.rawValue
        let entries = try steps.enumerated().map { try Entry(first + UInt64($0.offset), $0.element) }
        return try apply(entries).map(\.transactionOutcome)
    }

    /// What a key had, as `value@version`.
    func at(_ timestamp: UInt64, _ key: String) throws -> String? {
        try reader.entry(of: bytes(key), at: Timestamp(timestamp))?.text
    }

    func last(_ key: String) throws -> String? { try reader.latest(of: bytes(key))?.text }

    /// What a range had, as `key=value@version`.
    func range(_ lower: String, _ upper: String, at timestamp: UInt64) throws -> [String] {
        let page = try reader.entries(in: KeyRange(bytes(lower), bytes(upper)), at: Timestamp(timestamp))
        precondition(page.next == nil, "a test has more data than one page")
        return page.entries.map { "\(String(decoding: $0.key, as: UTF8.self))=\($0.entry.text)" }
    }
}

extension StoredEntry {
    var text: String {
        switch content {
        case .bytes(let bytes): "\(String(decoding: bytes, as: UTF8.self))@\(version)"
        case .counter(let sum): "\(sum)@\(version)"
        }
    }
}
