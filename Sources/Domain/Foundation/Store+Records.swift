public import KVStore

/// A record and the commit that wrote it.
public struct Stored<Value: Record>: Sendable {
    /// The record.
    public let record: Value
    /// Names this state of it: no other state of the same record has it.
    public let version: Timestamp

    /// Puts them together.
    public init(_ record: Value, version: Timestamp) {
        self.record = record
        self.version = version
    }

    init(_ entry: StoredEntry, at key: [UInt8]) throws(TransactionError) {
        guard case .bytes(let bytes) = entry.content else { throw .unreadable("a counter lies where a record should") }
        do throws(RecordError) {
            self.init(try Value(encoded: bytes), version: entry.version)
        } catch {
            throw .unreadable("\(Value.self) at \(key.map { String($0, radix: 16) }.joined(separator: " ")): \(error)")
        }
    }
}

/// What records are read in: a snapshot, or a transaction with its own changes.
public protocol RecordView {
    /// What a key has; nil where it has nothing.
    func get(_ key: [UInt8]) async throws(TransactionError) -> StoredEntry?
    /// The entries of a range, in the order of their keys, at most `limit`, and where to go on.
    func scan(_ range: KeyRange, limit: Int) async throws(TransactionError) -> EntryPage
}

extension Snapshot: RecordView {}
extension Transaction: RecordView {}

extension RecordView {
    /// The record at a key; nil where there is none.
    public func record<R: Record>(
        _ type: R.Type = R.self,
        at key: DomainKey
    ) async throws(TransactionError) -> Stored<R>? {
        guard let entry = try await get(key.bytes) else { return nil }
        return try Stored(entry, at: key.bytes)
    }

    /// Records of a range, and where to go on behind.
    public func records<R: Record>(
        _ type: R.Type = R.self,
        under prefix: DomainKey,
        _ page: PageRequest
    ) async throws(TransactionError) -> Page<Stored<R>> {
        let found = try await entries(under: prefix, page)
        var items: [Stored<R>] = []
        for entry in found.items { items.append(try Stored(entry.entry, at: entry.key)) }
        return Page(items: items, places: found.places, next: found.next)
    }

    /// All records of a range, of which there are not many: what decides something has to see each.
    func allRecords<R: Record>(
        _ type: R.Type = R.self,
        under prefix: DomainKey
    ) async throws(TransactionError) -> [Stored<R>] {
        var all: [Stored<R>] = []
        var after: [UInt8]?
        repeat {
            let page: Page<Stored<R>> = try await records(
                under: prefix,
                PageRequest(limit: PageRequest.limits.upperBound, after: after)
            )
            all += page.items
            after = page.next
        } while after != nil
        return all
    }

    /// Entries of a range, and where to go on behind.
    ///
    /// A scan passes over only so many rows that had nothing in this view, as those have that were written since or are
    /// removed. Where it finds nothing but such, the search goes on behind them, some ten thousands of them; then a page
    /// is empty, and has a next one all the same.
    func entries(under prefix: DomainKey, _ page: PageRequest) async throws(TransactionError) -> Page<EntryPage.Entry> {
        var after = page.after
        for _ in 0..<PageRequest.mostScans {
            let found = try await scan(prefix.range(after: after), limit: page.limit)
            guard found.entries.isEmpty, let next = found.next else {
                let places = found.entries.map { prefix.place(of: $0.key) }
                return Page(items: found.entries, places: places, next: found.next == nil ? nil : places.last)
            }
            after = prefix.place(before: next)
        }
        return Page(items: [], places: [], next: after)
    }
}

extension Transaction {
    /// Puts a record, whatever was there.
    public func put(_ record: some Record, at key: DomainKey) { put(record.encoded, at: key.bytes) }

    /// Puts a record where nothing is. The transaction is refused with `check-failed` if something is.
    public func insert(_ record: some Record, at key: DomainKey) throws(TransactionError) {
        try insert(record.encoded, at: key.bytes)
    }

    /// Takes a record away.
    public func delete(_ key: DomainKey) { delete(key.bytes) }
}
