public import KVStore

/// What users have, and how they came by it.
public struct Wallets: Sendable {
    private let services: Services

    /// Wallets of a platform.
    public init(_ services: Services) { self.services = services }

    /// What a wallet holds of one currency.
    public struct Balance: Hashable, Sendable {
        /// What may be spent.
        public let available: Money
        /// What is held for payments that have not ended.
        public let held: Int64
        /// What comes in once payments have ended well.
        public let incoming: Int64
    }

    /// What a user has, by currency; nothing of a currency that the wallet never had.
    ///
    /// - Parameter timestamp: As it was then; nil for now.
    public func balances(
        of user: UserID,
        at timestamp: Timestamp? = nil
    ) async throws(TransactionError) -> [Balance] {
        let snapshot = try await services.database.snapshot(at: timestamp)
        var available: [(Currency, Int64)] = []
        for item in try await all(LedgerKeys.balances(of: .wallet(user)), snapshot) {
            guard case .counter(let value) = item.entry.content else {
                throw .unreadable("bytes lie where a balance should")
            }
            available.append((try currency(of: item.key), value))
        }
        var pending: [LedgerEntry] = []
        for item in try await all(LedgerKeys.holds(at: .wallet(user)), snapshot) {
            pending.append(try Stored<LedgerEntry>(item.entry, at: item.key).record)
        }
        for entry in pending where !available.contains(where: { $0.0 == entry.money.currency }) {
            available.append((entry.money.currency, 0))
        }
        return available.sorted { $0.0 < $1.0 }.map { currency, value in
            let amounts = pending.filter { $0.money.currency == currency }.map(\.money.amount)
            return Balance(
                available: Money(value, currency),
                held: Self.sum(amounts.filter { $0 < 0 }.map { -$0 }),
                incoming: Self.sum(amounts.filter { $0 > 0 })
            )
        }
    }

    /// How a wallet came to hold what it holds, newest first.
    ///
    /// - Parameter timestamp: As it was then; nil for now.
    public func entries(
        of user: UserID,
        _ page: PageRequest,
        at timestamp: Timestamp? = nil
    ) async throws(TransactionError) -> Page<Posting> {
        try await services.database.snapshot(at: timestamp).entries(of: .wallet(user), page)
    }

    /// Each is bounded by an account, but several accounts may be at the other side.
    private static func sum(_ amounts: [Int64]) -> Int64 {
        Int64(clamping: amounts.reduce(Int128(0)) { $0 + Int128($1) })
    }

    private func all(_ prefix: DomainKey, _ snapshot: Snapshot) async throws(TransactionError) -> [EntryPage.Entry] {
        var found: [EntryPage.Entry] = []
        var range = prefix.range
        while true {
            let page = try await snapshot.scan(range, limit: 1_000)
            found += page.entries
            guard let next = page.next else { return found }
            range = KeyRange(next, range.upper)
        }
    }

    private func currency(of key: [UInt8]) throws(TransactionError) -> Currency {
        do throws(RecordError) {
            var reader = try KeyReader(key)
            _ = try LedgerKeys.account(&reader)
            guard let currency = Currency(try reader.text()) else { throw RecordError("it names no currency") }
            return currency
        } catch {
            throw .unreadable("a key of a balance: \(error)")
        }
    }
}
