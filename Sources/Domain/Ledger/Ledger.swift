public import KVStore

/// Moves money: double entry, and nothing else changes a balance.
///
///     post      debit −, credit +, both entries, the record                         at once
///     hold      debit −, a hold at both, the record                                 pending
///     resolve   holds go; posted: credit +, both entries · else: debit + again      once
///
/// **Always.** An account's counter is the sum of its entries, less what is held at its debit; so it is what may still be
/// spent, and its floor holds with pendings counted. Additions commute: transfers to one cause do not stand in each
/// other's way, and `post` reads nothing.
enum Ledger {
    /// Moves money at once.
    ///
    /// - Parameter message: For the receiver's history.
    static func post(_ transfer: Transfer, message: String? = nil, in txn: Transaction) throws(TransactionError) {
        precondition(transfer.state == .posted, "what is posted was not begun before")
        try debit(transfer, in: txn)
        try credit(transfer, message: message, in: txn)
        try txn.insert(LedgerEntry(debitOf: transfer), at: LedgerKeys.entry(of: transfer.debit, transfer.id))
        try txn.insert(transfer, at: LedgerKeys.transfer(transfer.id))
    }

    /// Takes money out of the debit account's reach, until ``resolve(_:to:in:)``.
    static func hold(_ transfer: Transfer, since begun: Instant, in txn: Transaction) throws(TransactionError) {
        var transfer = transfer
        transfer.state = .pending
        transfer.begun = begun
        try debit(transfer, in: txn)
        try txn.insert(LedgerEntry(debitOf: transfer), at: LedgerKeys.hold(at: transfer.debit, transfer.id))
        try txn.insert(LedgerEntry(creditOf: transfer), at: LedgerKeys.hold(at: transfer.credit, transfer.id))
        try txn.insert(transfer, at: LedgerKeys.transfer(transfer.id))
    }

    /// Ends a pending transfer; one that has ended stays as it is.
    ///
    /// - Returns: the transfer as it is now; nil where there is none.
    @discardableResult
    static func resolve(
        _ id: TransferID,
        to state: Transfer.State,
        in txn: Transaction
    ) async throws(TransactionError) -> Transfer? {
        precondition(state != .pending, "a resolution is an end")
        guard var transfer = try await txn.record(Transfer.self, at: LedgerKeys.transfer(id))?.record else {
            return nil
        }
        guard transfer.state == .pending else { return transfer }
        transfer.state = state
        txn.delete(LedgerKeys.hold(at: transfer.debit, id))
        txn.delete(LedgerKeys.hold(at: transfer.credit, id))
        txn.put(transfer, at: LedgerKeys.transfer(id))
        if state == .posted {
            try credit(transfer, message: nil, in: txn)
            try txn.insert(LedgerEntry(debitOf: transfer), at: LedgerKeys.entry(of: transfer.debit, id))
        } else {
            try txn.add(
                transfer.money.amount,
                to: LedgerKeys.balance(of: transfer.debit, transfer.money.currency).bytes
            )
        }
        return transfer
    }

    private static func debit(_ transfer: Transfer, in txn: Transaction) throws(TransactionError) {
        try txn.add(
            -transfer.money.amount,
            to: LedgerKeys.balance(of: transfer.debit, transfer.money.currency).bytes,
            floor: transfer.debit.floor
        )
    }

    private static func credit(
        _ transfer: Transfer,
        message: String?,
        in txn: Transaction
    ) throws(TransactionError) {
        try txn.add(transfer.money.amount, to: LedgerKeys.balance(of: transfer.credit, transfer.money.currency).bytes)
        try txn.insert(
            LedgerEntry(creditOf: transfer, message: message),
            at: LedgerKeys.entry(of: transfer.credit, transfer.id)
        )
    }
}

extension Snapshot {
    /// What is available at an account.
    func balance(of account: LedgerAccount, _ currency: Currency) async throws(TransactionError) -> Int64 {
        let key = LedgerKeys.balance(of: account, currency)
        switch try await get(key.bytes)?.content {
        case nil: return 0
        case .counter(let value): return value
        case .bytes: throw .unreadable("bytes lie where a balance should")
        }
    }

    /// A transfer; nil where there is none.
    func transfer(_ id: TransferID) async throws(TransactionError) -> Stored<Transfer>? {
        try await record(at: LedgerKeys.transfer(id))
    }

    /// An account's history, newest first.
    func entries(
        of account: LedgerAccount,
        _ page: PageRequest
    ) async throws(TransactionError) -> Page<Posting> {
        let found = try await entries(under: LedgerKeys.entries(of: account), page)
        var postings: [Posting] = []
        for item in found.items { postings.append(try Posting(item)) }
        return Page(items: postings, places: found.places, next: found.next)
    }
}

/// An entry of an account's history, with what its key and its commit tell of it.
public struct Posting: Hashable, Sendable {
    /// The transfer whose side it is.
    public let transfer: TransferID
    /// The side.
    public let entry: LedgerEntry
    /// When it took place.
    public let at: Timestamp

    init(_ item: EntryPage.Entry) throws(TransactionError) {
        do throws(RecordError) {
            var reader = try KeyReader(item.key)
            _ = try LedgerKeys.account(&reader)
            transfer = TransferID(try reader.newestFirst())
        } catch {
            throw .unreadable("a key of a history: \(error)")
        }
        let stored = try Stored<LedgerEntry>(item.entry, at: item.key)
        entry = stored.record
        at = stored.version
    }
}
