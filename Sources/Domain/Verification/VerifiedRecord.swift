internal import KVStore

/// A key that verification knows, taken apart, with what lies there.
enum VerifiedRecord {
    case balance(LedgerAccount, Currency, Int64)
    case entry(LedgerAccount, TransferID, LedgerEntry)
    case hold(LedgerAccount, TransferID, LedgerEntry)
    case transfer(Transfer)
    case giftCount(EventID, Int64)
    case event(Event)
    case openCause(EventID, Currency)
    case listing(EventID)
    case donation(Donation)
    case donor(DonationID, UserID)
    case topUp(TopUp)
    case request(RequestRecord, caller: UserID)
    case outbox(OutboxEntry)
    /// Somebody else's.
    case other

    /// - Throws: where what lies there is not what the key says.
    init(_ item: EntryPage.Entry) throws {
        var reader = try KeyReader(item.key)
        switch reader.table {
        case .balances:
            let account = try LedgerKeys.account(&reader)
            self = .balance(account, try Self.currency(&reader), try Self.counter(item))
        case .entries:
            let account = try LedgerKeys.account(&reader)
            self = .entry(account, TransferID(try reader.newestFirst()), try Self.record(item))
        case .holds:
            let account = try LedgerKeys.account(&reader)
            self = .hold(account, TransferID(try reader.number()), try Self.record(item))
        case .transfers:
            let transfer: Transfer = try Self.record(item)
            self = .transfer(try Self.at(LedgerKeys.transfer(transfer.id), item, transfer))
        case .giftCounts: self = .giftCount(EventID(try reader.number()), try Self.counter(item))
        case .events:
            let event: Event = try Self.record(item)
            self = .event(try Self.at(EventKeys.event(event.id), item, event))
        case .openCauses: self = .openCause(EventID(try reader.number()), try Self.currency(&reader))
        case .eventList: self = .listing(EventID(try reader.newestFirst()))
        case .donations:
            let donation: Donation = try Self.record(item)
            self = .donation(try Self.at(DonationKeys.donation(donation.id, of: donation.donor), item, donation))
        case .donors:
            let owner: DonorOf = try Self.record(item)
            self = .donor(DonationID(try reader.number()), owner.donor)
        case .topUps:
            let topUp: TopUp = try Self.record(item)
            self = .topUp(try Self.at(WalletKeys.topUp(topUp.id, of: topUp.user), item, topUp))
        case .requests: self = .request(try Self.record(item), caller: UserID(try reader.number()))
        case .outbox:
            let entry: OutboxEntry = try Self.record(item)
            self = .outbox(try Self.at(entry.place, item, entry))
        default: self = .other
        }
    }

    private static func record<R: Record>(_ item: EntryPage.Entry) throws -> R {
        try Stored<R>(item.entry, at: item.key).record
    }

    /// The record, if it lies where such a record has to.
    private static func at<R: Record>(_ key: DomainKey, _ item: EntryPage.Entry, _ record: R) throws -> R {
        guard key.bytes == item.key else { throw RecordError("a record lies at another's key") }
        return record
    }

    private static func counter(_ item: EntryPage.Entry) throws -> Int64 {
        guard case .counter(let value) = item.entry.content else { throw RecordError("bytes lie at a counter's key") }
        return value
    }

    private static func currency(_ reader: inout KeyReader) throws -> Currency {
        guard let currency = Currency(try reader.text()) else { throw RecordError("a key names no currency") }
        return currency
    }
}
