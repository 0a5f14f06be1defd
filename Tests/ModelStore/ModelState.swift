internal import KVStore
internal import Raft

/// What the model holds, and its clock.
struct ModelState {
    struct Version {
        let timestamp: Timestamp
        /// Nil where there is nothing since then.
        let content: StoredEntry.Content?
    }

    /// A lock, and who has it.
    struct Holder {
        let id: TransactionID
        let age: TransactionAge
    }

    var failures: FailureOdds
    var elapsedNanoseconds: UInt64 = 0
    var oldestReadable = Timestamp.zero
    var locks: [[UInt8]: Holder] = [:]
    var lockedKeys: [TransactionID: [[UInt8]]] = [:]
    /// Attempts that have lost a lock to an older one.
    var doomed: Set<TransactionID> = []
    var lateCommits: [(draft: TransactionDraft, attempt: TransactionAttempt)] = []
    private var generator: SeededGenerator
    private let startMilliseconds: UInt64
    private var lastTimestamp: Timestamp
    private var attempts: UInt64 = 0
    /// Of each key all versions, the oldest first.
    private var versions: [[UInt8]: [Version]] = [:]
    /// All keys that ever were, in order.
    private var keys: [[UInt8]] = []

    private static let nanosecondsPerCall: UInt64 = 20_000

    init(seed: UInt64, startMilliseconds: UInt64, failures: FailureOdds) {
        generator = SeededGenerator(seed: seed)
        self.startMilliseconds = startMilliseconds
        self.failures = failures
        lastTimestamp = Timestamp(milliseconds: startMilliseconds)
    }

    // MARK: Time and chance

    /// Begins a call: a little time passes, late effects may come, and it may end here.
    mutating func begin() throws(TransactionError) {
        elapsedNanoseconds += Self.nanosecondsPerCall
        settleLateCommits(all: false)
        if draw(failures.noLeader) { throw .noLeader }
        if draw(failures.overloaded) { throw .overloaded }
    }

    /// True that often in a thousand.
    mutating func draw(_ perMille: Int) -> Bool {
        perMille > 0 && generator.next() % 1_000 < UInt64(perMille)
    }

    mutating func mint() -> Timestamp {
        let time = Timestamp(milliseconds: startMilliseconds + elapsedNanoseconds / 1_000_000)
        lastTimestamp = max(lastTimestamp.next, time)
        return lastTimestamp
    }

    mutating func attempt(age: TransactionAge?) -> TransactionAttempt {
        attempts += 1
        let milliseconds = startMilliseconds + elapsedNanoseconds / 1_000_000
        return TransactionAttempt(
            id: TransactionID(UInt128(attempts)),
            age: age ?? TransactionAge(milliseconds: milliseconds, tieBreak: attempts)
        )
    }

    // MARK: Versions

    func checkReadable(_ timestamp: Timestamp) throws(TransactionError) {
        if timestamp < oldestReadable { throw .snapshotTooOld }
        guard timestamp <= lastTimestamp else {
            throw .invalid(FieldError("timestamp", "must not lie ahead of the store"))
        }
    }

    /// What a key had at a timestamp; what it has, without one.
    func entry(_ key: [UInt8], at timestamp: Timestamp = .max) -> StoredEntry? {
        guard let version = versions[key]?.last(where: { $0.timestamp <= timestamp }) else { return nil }
        return version.content.map { StoredEntry($0, version: version.timestamp) }
    }

    func hasChanged(_ key: [UInt8], since timestamp: Timestamp) -> Bool {
        versions[key]?.last.map { $0.timestamp > timestamp } ?? false
    }

    /// The keys of a range, also those at which there is nothing any more.
    func keys(in range: KeyRange) -> ArraySlice<[UInt8]> { keys[place(of: range.lower)..<place(of: range.upper)] }

    /// Passes over as many keys that had nothing as the store does, and no more.
    func page(of range: KeyRange, at timestamp: Timestamp, limit: ScanLimit) -> EntryPage {
        let mostSteps = 4 * limit.entries + 256
        var entries: [EntryPage.Entry] = []
        var bytes = 0
        for (step, key) in keys(in: range).enumerated() {
            guard entries.count < limit.entries, bytes < limit.bytes, step < mostSteps else {
                return EntryPage(entries: entries, next: key)
            }
            guard let entry = entry(key, at: timestamp) else { continue }
            entries.append(EntryPage.Entry(key: key, entry: entry))
            bytes += key.count
            if case .bytes(let value) = entry.content { bytes += value.count }
        }
        return EntryPage(entries: entries, next: nil)
    }

    var contents: [EntryPage.Entry] {
        keys.compactMap { key in entry(key).map { EntryPage.Entry(key: key, entry: $0) } }
    }

    /// Gives keys their new versions, at a new timestamp.
    @discardableResult
    mutating func write(_ changes: [(key: [UInt8], content: StoredEntry.Content?)]) -> Timestamp {
        let timestamp = mint()
        for (key, content) in changes {
            if versions[key] == nil { keys.insert(key, at: place(of: key)) }
            versions[key, default: []].append(Version(timestamp: timestamp, content: content))
        }
        return timestamp
    }

    /// Where a key lies among the keys, or would.
    private func place(of key: [UInt8]) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle].lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
