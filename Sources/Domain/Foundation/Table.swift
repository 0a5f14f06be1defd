/// Which kind of record lies at a key. The number stands in the key: it is given once and never again.
///
///     0x00 … 0x0F   what the platform needs itself: leases of identifiers
///     0x10 … 0x1F   accounts, organizations, sessions
///     0x20 … 0x3F   ledger, wallets, events, donations, idempotency, outbox
///     0x40 … 0xFF   free
///
/// Each capability declares its tables beside its records.
public struct Table: Hashable, Sendable {
    /// The number itself.
    public let rawValue: UInt8

    /// Wraps a number.
    public init(_ rawValue: UInt8) { self.rawValue = rawValue }
}
