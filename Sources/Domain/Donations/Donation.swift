/// Names a donation, and says where it lies: at home with its donor.
public struct DonationID: HomedIdentifier {
    /// The number itself.
    public let rawValue: UInt64

    /// Wraps a number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// One gift to one or several causes: one charge, and a transfer a cause. It is an entry of its donor's history.
public struct Donation: Record, Hashable {
    /// Names it for good.
    public let id: DonationID
    /// Who gives.
    public let donor: UserID
    /// In which currency, to all causes.
    public let currency: Currency
    /// What each cause gets, in the order in which the donor named them.
    public let legs: [Leg]
    /// True where nobody but the donor may learn who gave.
    public let isAnonymous: Bool
    /// The donor's words to the causes.
    public let message: String?
    /// Fields of a newer program.
    public var unknownFields = UnknownFields()

    /// What one cause gets.
    public struct Leg: Record, Hashable {
        /// The movement of the money: what the donor knows as the transaction.
        public let transfer: TransferID
        /// The cause.
        public let event: EventID
        /// Minor units.
        public let amount: Int64
        /// Fields of a newer program.
        public var unknownFields = UnknownFields()

        init(transfer: TransferID, event: EventID, amount: Int64) {
            self.transfer = transfer
            self.event = event
            self.amount = amount
        }

        /// Reads the fields.
        public init(from reader: inout RecordReader) throws(RecordError) {
            transfer = try reader.id(1)
            event = try reader.id(2)
            amount = try reader.signed(3)
        }

        /// Writes the fields.
        public func write(to writer: inout RecordWriter) {
            writer.id(1, transfer)
            writer.id(2, event)
            writer.signed(3, amount)
        }
    }

    /// What all causes get together.
    public var total: Money { Money(legs.reduce(0) { $0 + $1.amount }, currency) }

    init(id: DonationID, _ gift: Gift, transfers: [TransferID]) {
        self.id = id
        donor = gift.donor
        currency = gift.currency
        legs = zip(gift.allocations, transfers).map { allocation, transfer in
            Leg(transfer: transfer, event: allocation.event, amount: allocation.amount)
        }
        isAnonymous = gift.isAnonymous
        message = gift.message
    }

    /// Reads the fields.
    public init(from reader: inout RecordReader) throws(RecordError) {
        id = try reader.id(1)
        donor = try reader.id(2)
        guard let currency = Currency(try reader.text(3)) else { throw RecordError("field 3 is no currency") }
        self.currency = currency
        legs = try reader.records(4)
        isAnonymous = try reader.flag(ifPresent: 5) ?? false
        message = try reader.text(ifPresent: 6)
    }

    /// Writes the fields.
    public func write(to writer: inout RecordWriter) {
        writer.id(1, id)
        writer.id(2, donor)
        writer.text(3, currency.code)
        writer.records(4, legs)
        writer.flag(5, isAnonymous ? true : nil)
        writer.text(6, message)
    }
}

extension Table {
    /// user │ newest donation first → donation.
    static let donations = Table(0x2E)
    /// donation → its donor.
    static let donors = Table(0x2F)
}

/// Where donations lie.
///
///     donation   0x10 │ bucket of the donor │ 0x2E │ donor │ ~donation     Donation
///     donor      0x10 │ bucket of the id    │ 0x2F │ donation              DonorOf
enum DonationKeys {
    static func history(of donor: UserID) -> DomainKey { DomainKey(.donations, in: Bucket(of: donor)).appending(donor) }

    static func donation(_ id: DonationID, of donor: UserID) -> DomainKey {
        history(of: donor).appendingNewestFirst(id)
    }

    static func donor(of id: DonationID) -> DomainKey { DomainKey(.donors, in: id.bucket).appending(id) }
}

/// Whose donation an id is.
struct DonorOf: Record {
    let donor: UserID
    var unknownFields = UnknownFields()

    init(_ donor: UserID) { self.donor = donor }

    init(from reader: inout RecordReader) throws(RecordError) { donor = try reader.id(1) }

    func write(to writer: inout RecordWriter) { writer.id(1, donor) }
}
