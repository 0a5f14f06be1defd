public import KVStore
internal import NIOConcurrencyHelpers

/// The store as its contract has it, in the plainest form: everything in memory behind one lock, each commit at once.
///
/// It is what services are tried against. It keeps every version, so that any past moment can be read; it answers
/// `conflict`, `refused` and `unknown` as the contract says, and with ``failures`` also where nothing is wrong, as a
/// seed decides. Its time stands still but for a little with each call, and for ``advance(by:)``.
public final class ModelBackend: TransactionBackend {
    private let state: NIOLockedValueBox<ModelState>

    /// An empty store.
    ///
    /// - Parameters:
    ///   - seed: Decides which calls fail.
    ///   - startMilliseconds: The first cluster time, counted from 1970.
    ///   - failures: How often calls fail.
    public init(
        seed: UInt64 = 1,
        startMilliseconds: UInt64 = 1_750_000_000_000,
        failures: FailureOdds = .none
    ) {
        state = NIOLockedValueBox(
            ModelState(seed: seed, startMilliseconds: startMilliseconds, failures: failures)
        )
    }

    // MARK: What tests do to it

    /// How often calls fail from now on.
    public var failures: FailureOdds {
        get { state.withLockedValue { $0.failures } }
        set { state.withLockedValue { $0.failures = newValue } }
    }

    /// Lets time pass.
    public func advance(by duration: Duration) {
        state.withLockedValue { $0.elapsedNanoseconds += UInt64(duration.nanoseconds) }
    }

    /// Makes everything before a moment unreadable, as a sweep of old versions does.
    public func forget(before timestamp: Timestamp) {
        state.withLockedValue { $0.oldestReadable = max($0.oldestReadable, timestamp) }
    }

    /// Lets every commit that is still to take a late effect take it now, if it still can.
    public func settle() { state.withLockedValue { $0.settleLateCommits(all: true) } }

    /// Everything that is there now, in the order of keys.
    public var contents: [EntryPage.Entry] { state.withLockedValue { $0.contents } }

    /// Puts something at a key past all rules; nil takes away what is there. For showing that damage is found.
    public func damage(_ key: [UInt8], _ content: StoredEntry.Content?) {
        state.withLockedValue { _ = $0.write([(key, content)]) }
    }

    // MARK: The contract

    /// Time since the model began.
    public var now: MonotonicTime {
        state.withLockedValue { MonotonicTime(nanoseconds: $0.elapsedNanoseconds) }
    }

    /// A timestamp above all others.
    public func timestamp(patience: Duration) async throws(TransactionError) -> Timestamp {
        try await call { state throws(TransactionError) in
            try state.begin()
            return state.mint()
        }
    }

    /// What keys had.
    public func read(
        _ keys: [[UInt8]],
        at timestamp: Timestamp,
        patience: Duration
    ) async throws(TransactionError) -> [StoredEntry?] {
        guard 1...TransactionLimits.operations ~= keys.count else {
            throw .invalid(FieldError("keys", "must be from 1 to \(TransactionLimits.operations)"))
        }
        return try await call { state throws(TransactionError) in
            try state.begin()
            try state.checkReadable(timestamp)
            guard 1...TransactionLimits.operations ~= keys.count else {
                throw .invalid(FieldError("keys", "must be from 1 to \(TransactionLimits.operations)"))
            }
            return keys.map { state.entry($0, at: timestamp) }
        }
    }

    /// What a range had.
    public func scan(
        _ range: KeyRange,
        at timestamp: Timestamp,
        limit: ScanLimit,
        patience: Duration
    ) async throws(TransactionError) -> EntryPage {
        try await call { state throws(TransactionError) in
            try state.begin()
            try state.checkReadable(timestamp)
            return state.page(of: range, at: timestamp, limit: limit)
        }
    }

    /// Commits, refuses, or leaves it open.
    public func commit(
        _ draft: TransactionDraft,
        _ attempt: TransactionAttempt,
        patience: Duration
    ) async throws(TransactionError) -> Timestamp {
        try await call { state throws(TransactionError) in try state.commitOrFail(draft, attempt) }
    }

    /// Reads a key's last version and keeps it.
    public func readLocking(
        _ key: [UInt8],
        _ attempt: inout TransactionAttempt,
        patience: Duration
    ) async throws(TransactionError) -> StoredEntry? {
        let attempt = attempt
        return try await call { state throws(TransactionError) in
            try state.begin()
            return try state.lock(key, for: attempt)
        }
    }

    /// Lets go what an attempt holds.
    public func abandon(_ attempt: TransactionAttempt) {
        state.withLockedValue { $0.release(attempt.id) }
    }

    /// A new attempt.
    public func attempt(age: TransactionAge?) -> TransactionAttempt {
        state.withLockedValue { $0.attempt(age: age) }
    }

    /// One call under the lock. Whoever failed lets others go first, or on one thread it would never be their turn.
    private func call<Value: Sendable>(
        _ body: (inout ModelState) throws(TransactionError) -> Value
    ) async throws(TransactionError) -> Value {
        let result = state.withLockedValue { state in
            Result { () throws(TransactionError) in try body(&state) }
        }
        if case .failure = result { await Task.yield() }
        return try result.get()
    }
}
