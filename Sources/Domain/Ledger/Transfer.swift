/// One movement between two accounts: double entry, in one record. Immutable, but for one resolution.
///
/// What the first design of the platform calls a transaction, `{amount, user, event, status, timestamp}`, is a transfer
/// from a user's wallet to an event's cause.
public struct Transfer: Record, Hashable {
    /// Names it for good, and says where it lies.
    public let id: TransferID
    /// Where the money comes from.
    public let debit: LedgerAccount
    /// Where it goes to.
    public let credit: LedgerAccount
    /// How much, from 1 to ``Money/greatestAmount``.
    public let money: Money
    /// Why.
    public let kind: Kind
    /// How far it is.
    public internal(set) var state: State
    /// What it belongs to: a donation, a top-up.
    public let reference: UInt64
    /// True where nobody but the giver may learn who gave.
    public let isAnonymous: Bool
    /// When it was begun; nil where the commit that wrote this record was the beginning.
    public internal(set) var begun: Instant?
    /// Fields of a newer program.
    public var unknownFields = UnknownFields()

    /// Why money moves.
    public enum Kind: UInt64, Hashable, Sendable {
        /// gateway-clearing → wallet.
        case topUp = 1
        /// wallet → cause.
        case donation = 2

        /// As programs read it.
        public var name: String {
            switch self {
            case .topUp: "top-up"
            case .donation: "donation"
            }
        }
    }

    /// How far a transfer is.
    public enum State: UInt64, Hashable, Sendable {
        /// The debit account cannot spend the amount any more; the credit account has not got it yet.
        case pending = 1
        /// It took place.
        case posted = 2
        /// It did not, and will not.
        case voided = 3
        /// Its time was over before it could.
        case expired = 4

        /// As programs read it.
        public var name: String {
            switch self {
            case .pending: "pending"
            case .posted: "posted"
            case .voided: "voided"
            case .expired: "expired"
            }
        }
    }

    init(
        id: TransferID,
        from debit: LedgerAccount,
        to credit: LedgerAccount,
        _ money: Money,
        _ kind: Kind,
        reference: UInt64,
        isAnonymous: Bool = false
    ) {
        precondition((1...Money.greatestAmount).contains(money.amount), "a transfer moves something")
        precondition(debit != credit, "a transfer has two sides")
        self.id = id
        self.debit = debit
        self.credit = credit
        self.money = money
        self.kind = kind
        state = .posted
        self.reference = reference
        self.isAnonymous = isAnonymous
    }

    /// Reads the fields.
    public init(from reader: inout RecordReader) throws(RecordError) {
        id = try reader.id(1)
        debit = try reader.account(2)
        credit = try reader.account(3)
        money = try reader.money(4)
        kind = try reader.choice(5)
        state = try reader.choice(6)
        reference = try reader.number(7)
        isAnonymous = try reader.flag(ifPresent: 8) ?? false
        begun = try reader.instant(ifPresent: 9)
        guard (1...Money.greatestAmount).contains(money.amount), debit != credit else {
            throw RecordError("a transfer that moves nothing")
        }
    }

    /// Writes the fields.
    public func write(to writer: inout RecordWriter) {
        writer.id(1, id)
        writer.account(2, debit)
        writer.account(3, credit)
        writer.money(4, money)
        writer.choice(5, kind)
        writer.choice(6, state)
        writer.number(7, reference)
        writer.flag(8, isAnonymous ? true : nil)
        writer.instant(9, begun)
    }
}

/// One side of a transfer, in the history of its account.
public struct LedgerEntry: Record, Hashable {
    /// What the account gained; negative for what it lost.
    public let money: Money
    /// Why.
    public let kind: Transfer.Kind
    /// The other side.
    public let counterpart: LedgerAccount
    /// What the transfer belongs to: a donation, a top-up.
    public let reference: UInt64
    /// True where nobody but the giver may learn who gave.
    public let isAnonymous: Bool
    /// Words of the giver, for who receives.
    public let message: String?
    /// Fields of a newer program.
    public var unknownFields = UnknownFields()

    /// The debit account's side.
    init(debitOf transfer: Transfer) {
        money = Money(-transfer.money.amount, transfer.money.currency)
        kind = transfer.kind
        counterpart = transfer.credit
        reference = transfer.reference
        isAnonymous = transfer.isAnonymous
        message = nil
    }

    /// The credit account's side.
    init(creditOf transfer: Transfer, message: String? = nil) {
        money = transfer.money
        kind = transfer.kind
        counterpart = transfer.debit
        reference = transfer.reference
        isAnonymous = transfer.isAnonymous
        self.message = message
    }

    /// Reads the fields.
    public init(from reader: inout RecordReader) throws(RecordError) {
        money = try reader.money(1)
        kind = try reader.choice(2)
        counterpart = try reader.account(3)
        reference = try reader.number(4)
        isAnonymous = try reader.flag(ifPresent: 5) ?? false
        message = try reader.text(ifPresent: 6)
    }

    /// Writes the fields.
    public func write(to writer: inout RecordWriter) {
        writer.money(1, money)
        writer.choice(2, kind)
        writer.account(3, counterpart)
        writer.number(4, reference)
        writer.flag(5, isAnonymous ? true : nil)
        writer.text(6, message)
    }
}

extension RecordWriter {
    /// An account: its kind in one byte, then its owner in eight.
    mutating func account(_ field: Int, _ account: LedgerAccount) {
        let (kind, owner) = account.parts
        bytes(field, [kind] + (0..<8).map { UInt8(truncatingIfNeeded: owner >> (56 - 8 * UInt64($0))) })
    }
}

extension RecordReader {
    /// An account.
    mutating func account(_ field: Int) throws(RecordError) -> LedgerAccount {
        let bytes = try bytes(field)
        guard bytes.count == 9,
            let account = LedgerAccount(kind: bytes[0], owner: bytes[1...].reduce(0) { $0 << 8 | UInt64($1) })
        else { throw RecordError("field \(field) is no account") }
        return account
    }
}
