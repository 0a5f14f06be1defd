/// Money that a user takes from elsewhere into the wallet. Its id is that of its transfer.
public struct TopUp: Record, Hashable {
    /// Names it for good.
    public let id: TransferID
    /// Whose wallet it is for.
    public let user: UserID
    /// How much.
    public let money: Money
    /// From where: a gateway's token.
    public let source: String
    /// When it was begun.
    public let begun: Instant
    /// How far it is.
    public internal(set) var status: Status
    /// Why it failed, where it did.
    public internal(set) var reason: String?
    /// Fields of a newer program.
    public var unknownFields = UnknownFields()

    /// How far a top-up is.
    public enum Status: UInt64, Hashable, Sendable {
        /// Nobody knows yet whether the gateway has taken the money. It is never given up by a time-out.
        case processing = 1
        /// The money is in the wallet.
        case succeeded = 2
        /// The gateway has declined.
        case declined = 3

        /// As programs read it.
        public var name: String {
            switch self {
            case .processing: "processing"
            case .succeeded: "succeeded"
            case .declined: "declined"
            }
        }
    }

    /// What is told of one that was declined.
    public var refusal: DomainError {
        DomainError(.declined, "payment-declined", reason ?? "The payment was declined.")
    }

    /// What the gateway is asked for.
    var charge: Charge { Charge(reference: id.rawValue, money: money, source: source) }

    init(id: TransferID, user: UserID, money: Money, source: String, begun: Instant) {
        self.id = id
        self.user = user
        self.money = money
        self.source = source
        self.begun = begun
        status = .processing
    }

    /// Reads the fields.
    public init(from reader: inout RecordReader) throws(RecordError) {
        id = try reader.id(1)
        user = try reader.id(2)
        money = try reader.money(3)
        source = try reader.text(4)
        begun = try reader.instant(5)
        status = try reader.choice(6)
        reason = try reader.text(ifPresent: 7)
    }

    /// Writes the fields.
    public func write(to writer: inout RecordWriter) {
        writer.id(1, id)
        writer.id(2, user)
        writer.money(3, money)
        writer.text(4, source)
        writer.instant(5, begun)
        writer.choice(6, status)
        writer.text(7, reason)
    }
}

extension Table {
    /// user │ newest top-up first → top-up.
    static let topUps = Table(0x30)
}

/// Where top-ups lie.
///
///     top-up   0x10 │ bucket of the user │ 0x30 │ user │ ~top-up     TopUp
enum WalletKeys {
    static func topUp(_ id: TransferID, of user: UserID) -> DomainKey {
        DomainKey(.topUps, in: Bucket(of: user)).appending(user).appendingNewestFirst(id)
    }
}
