/// Everything as it was at one moment.
public struct Snapshot: Sendable {
    /// The moment.
    public let timestamp: Timestamp
    private let backend: any TransactionBackend
    private static let patience = Duration.seconds(5)

    init(_ backend: any TransactionBackend, at timestamp: Timestamp) {
        self.backend = backend
        self.timestamp = timestamp
    }

    /// What a key had; nil where it had nothing.
    public func get(_ key: [UInt8]) async throws(TransactionError) -> StoredEntry? {
        try await get([key])[0]
    }

    /// What keys had, in the order in which they are asked for.
    public func get(_ keys: [[UInt8]]) async throws(TransactionError) -> [StoredEntry?] {
        try await backend.read(keys, at: timestamp, patience: Self.patience)
    }

    /// The entries of a range, in the order of their keys, at most `limit`, and where to go on.
    public func scan(_ range: KeyRange, limit: Int) async throws(TransactionError) -> EntryPage {
        let limit = ScanLimit(entries: max(1, min(limit, ScanLimit.mostEntries)))
        return try await backend.scan(range, at: timestamp, limit: limit, patience: Self.patience)
    }
}
