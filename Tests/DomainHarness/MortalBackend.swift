internal import KVStore
internal import ModelStore
internal import NIOConcurrencyHelpers

/// The store as one node sees it while it works on one request: each call waits for its turn, and the node may die
/// before any of them, or between a commit and its answer.
final class MortalBackend: TransactionBackend {
    private let model: ModelBackend
    private let turns: Turns
    private let number: Int
    private let callsLeft: NIOLockedValueBox<Int>

    /// - Parameter calls: After how many calls the node dies.
    init(_ model: ModelBackend, _ turns: Turns, _ number: Int, calls: Int) {
        self.model = model
        self.turns = turns
        self.number = number
        callsLeft = NIOLockedValueBox(calls)
    }

    var isDead: Bool { callsLeft.withLockedValue { $0 <= 0 } }

    private func call() async throws(TransactionError) {
        await turns.pause(number)
        let lives = callsLeft.withLockedValue { calls -> Bool in
            calls -= 1
            return calls >= 0
        }
        if !lives { throw .stopping }
    }

    var now: MonotonicTime { model.now }

    func timestamp(patience: Duration) async throws(TransactionError) -> Timestamp {
        try await call()
        return try await model.timestamp(patience: patience)
    }

    func read(
        _ keys: [[UInt8]],
        at timestamp: Timestamp,
        patience: Duration
    ) async throws(TransactionError) -> [StoredEntry?] {
        try await call()
        return try await model.read(keys, at: timestamp, patience: patience)
    }

    func scan(
        _ range: KeyRange,
        at timestamp: Timestamp,
        limit: ScanLimit,
        patience: Duration
    ) async throws(TransactionError) -> EntryPage {
        try await call()
        return try await model.scan(range, at: timestamp, limit: limit, patience: patience)
    }

    func commit(
        _ draft: TransactionDraft,
        _ attempt: TransactionAttempt,
        patience: Duration
    ) async throws(TransactionError) -> Timestamp {
        try await call()
        let timestamp = try await model.commit(draft, attempt, patience: patience)
        if isDead { throw .stopping }
        return timestamp
    }

    func readLocking(
        _ key: [UInt8],
        _ attempt: inout TransactionAttempt,
        patience: Duration
    ) async throws(TransactionError) -> StoredEntry? {
        try await call()
        return try await model.readLocking(key, &attempt, patience: patience)
    }

    func abandon(_ attempt: TransactionAttempt) { model.abandon(attempt) }

    func attempt(age: TransactionAge?) -> TransactionAttempt { model.attempt(age: age) }
}
