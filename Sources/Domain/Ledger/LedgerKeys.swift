extension Table {
    /// account │ currency → counter: what is available.
    static let balances = Table(0x20)
    /// account │ newest transfer first → entry: an account's history.
    static let entries = Table(0x21)
    /// account │ transfer → what is pending at an account.
    static let holds = Table(0x22)
    /// transfer → transfer, in the bucket that the id names.
    static let transfers = Table(0x23)
}

/// Where the ledger's records lie.
///
///     balance    0x10 │ bucket of the account │ 0x20 │ kind │ owner │ currency         counter
///     entry      0x10 │ bucket of the account │ 0x21 │ kind │ owner │ ~transfer        LedgerEntry
///     hold       0x10 │ bucket of the account │ 0x22 │ kind │ owner │ transfer         LedgerEntry
///     transfer   0x10 │ bucket of the id      │ 0x23 │ transfer                       Transfer
enum LedgerKeys {
    static func balances(of account: LedgerAccount) -> DomainKey { prefix(.balances, account) }

    static func balance(of account: LedgerAccount, _ currency: Currency) -> DomainKey {
        balances(of: account).appending(currency.code)
    }

    static func entries(of account: LedgerAccount) -> DomainKey { prefix(.entries, account) }

    static func entry(of account: LedgerAccount, _ transfer: TransferID) -> DomainKey {
        entries(of: account).appendingNewestFirst(transfer)
    }

    static func holds(at account: LedgerAccount) -> DomainKey { prefix(.holds, account) }

    static func hold(at account: LedgerAccount, _ transfer: TransferID) -> DomainKey {
        holds(at: account).appending(transfer)
    }

    /// The transfer that a key of an account's holds is about.
    static func transfer(ofHold key: [UInt8]) throws(RecordError) -> TransferID {
        var reader = try KeyReader(key)
        _ = try account(&reader)
        return TransferID(try reader.number())
    }

    static func transfer(_ id: TransferID) -> DomainKey { DomainKey(.transfers, in: id.bucket).appending(id) }

    private static func prefix(_ table: Table, _ account: LedgerAccount) -> DomainKey {
        let (kind, owner) = account.parts
        return DomainKey(table, in: account.bucket).appending(byte: kind).appending(owner)
    }

    /// The account that a key of balances, entries or holds is about; the reader stands behind it.
    static func account(_ reader: inout KeyReader) throws(RecordError) -> LedgerAccount {
        let kind = try reader.byte()
        guard let account = LedgerAccount(kind: kind, owner: try reader.number()) else {
            throw RecordError("a key names no account")
        }
        guard account.bucket == reader.bucket else { throw RecordError("a key of \(account) lies in another's bucket") }
        return account
    }
}
