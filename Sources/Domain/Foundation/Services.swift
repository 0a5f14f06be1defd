public import KVStore

/// What every service stands on.
public struct Services: Sendable {
    /// The store.
    public let database: Database
    /// Where ids come from.
    public let ids: any IdentifierSource

    /// Puts it together.
    public init(database: Database, ids: any IdentifierSource) {
        self.database = database
        self.ids = ids
    }
}

/// Mints numbers that nobody else ever gets, in rising order as far as time can be told.
public protocol IdentifierSource: Sendable {
    /// As many new numbers as asked for: each from 1 to 2^63 − 1.
    ///
    /// Ask before a transaction, not in it: its closure may run several times.
    func mint(_ count: Int) async throws -> [UInt64]
}

extension IdentifierSource {
    /// A new id.
    public func mint<ID: Identifier>(_ type: ID.Type = ID.self) async throws -> ID {
        ID(try await mint(1)[0])
    }
}

extension Timestamp {
    /// The cluster time of a transaction.
    public var instant: Instant { Instant(milliseconds: milliseconds) }
}

extension Transaction {
    /// Cluster time, as far as this transaction knows: that of its snapshot, behind everything that it can see.
    public func now() async throws(TransactionError) -> Instant { try await startTimestamp().instant }
}
