/// A transaction as its author sees it: it reads one snapshot and its own changes, and nobody sees anything of it before
/// it commits as a whole.
///
/// It lives inside the closure that ``Database/transact(_:_:)`` was given, and is of no use outside.
public final class Transaction {
    private let backend: any TransactionBackend
    private let deadline: MonotonicTime
    private var changes: [[UInt8]: TransactionDraft.Change.Kind] = [:]
    /// Keys that are changed, in the order in which they first were.
    private var changedKeys: [[UInt8]] = []
    private var reads: [[UInt8]] = []
    private var readValues: [[UInt8]: StoredEntry?] = [:]
    private var ranges: [KeyRange] = []
    private var checks: [TransactionDraft.Check] = []
    private var start: Timestamp?
    private(set) var attempt: TransactionAttempt
    /// Why something could not be locked. Nobody knows whether it was, so nothing may be locked or committed behind it
    /// in this attempt, whatever the closure makes of the error.
    private(set) var lockFailure: TransactionError?
    /// True where it is to lock what it reads, since others came between too often.
    private let isLocking: Bool

    init(
        _ backend: any TransactionBackend,
        attempt: TransactionAttempt,
        isLocking: Bool,
        deadline: MonotonicTime
    ) {
        self.backend = backend
        self.attempt = attempt
        self.isLocking = isLocking
        self.deadline = deadline
    }

    // MARK: Reading

    /// What a key has; nil where it has nothing. The transaction commits only if that is still so then.
    public func get(_ key: [UInt8]) async throws(TransactionError) -> StoredEntry? {
        if let change = changes[key] { return try await withChange(change, at: key) }
        return try await stored(key)
    }

    /// The bytes of a key; nil where it has nothing.
    ///
    /// - Throws: `refused` with `wrong-type` for a counter.
    public func bytes(_ key: [UInt8]) async throws(TransactionError) -> [UInt8]? {
        switch try await get(key)?.content {
        case nil: return nil
        case .bytes(let bytes): return bytes
        case .counter: throw .refused(.wrongType, key: key)
        }
    }

    /// The value of a counter; 0 where there is nothing.
    ///
    /// Whoever reads a counter waits for those who add to it, and they for him: add without reading where that will do.
    public func counter(_ key: [UInt8]) async throws(TransactionError) -> Int64 {
        switch try await get(key)?.content {
        case nil: return 0
        case .counter(let value): return value
        case .bytes: throw .refused(.wrongType, key: key)
        }
    }

    /// The entries of a range, in the order of their keys, at most `limit`. The transaction commits only if nothing in
    /// the part that was read has changed then. Its own changes are in it.
    ///
    /// - Returns: the entries, and where to go on; nil at the range's end.
    public func scan(_ range: KeyRange, limit: Int) async throws(TransactionError) -> EntryPage {
        let start = try await startTimestamp()
        let page = try await backend.scan(
            range,
            at: start,
            limit: ScanLimit(entries: max(1, min(limit, ScanLimit.mostEntries))),
            patience: backend.remaining(until: deadline)
        )
        let seen = KeyRange(range.lower, page.next ?? range.upper)
        if !seen.isEmpty { ranges.append(seen) }
        return merge(page, in: seen)
    }

    // MARK: Conditions and changes

    /// Asks that something holds of a key when the transaction commits. Unlike a read, it costs no round trip.
    public func check(_ key: [UInt8], _ condition: TransactionDraft.Condition) {
        checks.append(TransactionDraft.Check(key: key, condition))
    }

    /// Gives a key a value, whatever it had.
    public func put(_ value: [UInt8], at key: [UInt8]) {
        if case .insert = changes[key] { return set(.insert(value), at: key) }
        set(.put(value), at: key)
    }

    /// Gives a key a value. The transaction is refused with `check-failed` if the key has one.
    public func insert(_ value: [UInt8], at key: [UInt8]) throws(TransactionError) {
        switch changes[key] {
        case nil: set(.insert(value), at: key)
        case .delete: set(.put(value), at: key)
        case .put, .insert, .add: throw .refused(.checkFailed, key: key)
        }
    }

    /// Takes a key's value away, whether it has one or not.
    public func delete(_ key: [UInt8]) { set(.delete, at: key) }

    /// Adds to a counter; absent counts as 0. The transaction is refused with `bound-reached` if the result is out of
    /// bounds. Additions to one counter do not stand in each other's way.
    public func add(
        _ delta: Int64,
        to key: [UInt8],
        floor: Int64? = nil,
        ceiling: Int64? = nil
    ) throws(TransactionError) {
        switch changes[key] {
        case nil:
            set(.add(TransactionDraft.Addition(delta, floor: floor, ceiling: ceiling)), at: key)
        case .add(let earlier):
            let (sum, overflows) = earlier.delta.addingReportingOverflow(delta)
            if overflows { throw .refused(.boundReached, key: key) }
            let floor = [earlier.floor, floor].compactMap { $0 }.max()
            let ceiling = [earlier.ceiling, ceiling].compactMap { $0 }.min()
            if let floor, let ceiling, floor > ceiling { throw .refused(.boundReached, key: key) }
            set(.add(TransactionDraft.Addition(sum, floor: floor, ceiling: ceiling)), at: key)
        case .put, .insert, .delete:
            throw .refused(.wrongType, key: key)
        }
    }

    // MARK: What comes of it

    /// What the transaction asks for so far.
    var draft: TransactionDraft {
        TransactionDraft(
            start: start,
            reads: reads,
            ranges: ranges,
            checks: checks,
            changes: changedKeys.compactMap { key in
                changes[key].map { TransactionDraft.Change(key: key, $0) }
            }
        )
    }

    /// The snapshot that it reads; taken now if it has read nothing yet.
    public func startTimestamp() async throws(TransactionError) -> Timestamp {
        if let start { return start }
        let fresh = try await backend.timestamp(patience: backend.remaining(until: deadline))
        start = fresh
        return fresh
    }

    private func set(_ kind: TransactionDraft.Change.Kind, at key: [UInt8]) {
        if changes.updateValue(kind, forKey: key) == nil { changedKeys.append(key) }
    }

    private func stored(_ key: [UInt8]) async throws(TransactionError) -> StoredEntry? {
        if let known = readValues[key] { return known }
        let entry: StoredEntry?
        if isLocking {
            if let lockFailure { throw lockFailure }
            do throws(TransactionError) {
                entry = try await backend.readLocking(key, &attempt, patience: backend.remaining(until: deadline))
            } catch {
                lockFailure = error
                throw error
            }
        } else {
            let start = try await startTimestamp()
            entry = try await backend.read([key], at: start, patience: backend.remaining(until: deadline))[0]
            reads.append(key)
        }
        readValues[key] = .some(entry)
        return entry
    }

    private func withChange(
        _ change: TransactionDraft.Change.Kind,
        at key: [UInt8]
    ) async throws(TransactionError) -> StoredEntry? {
        switch change {
        case .put(let value), .insert(let value): return StoredEntry(.bytes(value), version: .max)
        case .delete: return nil
        case .add(let addition):
            switch try await stored(key)?.content {
            case nil: return StoredEntry(.counter(addition.delta), version: .max)
            case .counter(let value):
                let (sum, overflows) = value.addingReportingOverflow(addition.delta)
                if overflows { throw .refused(.boundReached, key: key) }
                return StoredEntry(.counter(sum), version: .max)
            case .bytes: throw .refused(.wrongType, key: key)
            }
        }
    }

    /// A page with the own changes in it.
    private func merge(_ page: EntryPage, in seen: KeyRange) -> EntryPage {
        let own = changedKeys.filter { seen.contains($0) }
        if own.isEmpty { return page }
        var entries: [[UInt8]: StoredEntry] = [:]
        for found in page.entries { entries[found.key] = found.entry }
        for key in own {
            switch changes[key] {
            case .put(let value), .insert(let value): entries[key] = StoredEntry(.bytes(value), version: .max)
            case .delete: entries[key] = nil
            case .add(let addition):
                let before = if case .counter(let value) = entries[key]?.content { value } else { Int64(0) }
                entries[key] = StoredEntry(.counter(before &+ addition.delta), version: .max)
            case nil: break
            }
        }
        let merged = entries.sorted { KeyOrder.compare($0.key, $1.key) < 0 }
        return EntryPage(entries: merged.map { EntryPage.Entry(key: $0.key, entry: $0.value) }, next: page.next)
    }
}
