extension Table {
    /// user │ id → outbox entry.
    static let outbox = Table(0x29)
}

/// Something that has to be told to the world because of a change, written in the commit of the change: the one is
/// never without the other, and a slow world delays nobody.
///
/// An entry stays until whoever delivers it has done so. It is known by its kind and its reference: delivering twice is
/// told apart by them.
public struct OutboxEntry: Record, Hashable {
    /// What is to be told.
    public let kind: Kind
    /// Whom.
    public let user: UserID
    /// What it is about.
    public let reference: UInt64
    /// Fields of a newer program.
    public var unknownFields = UnknownFields()

    /// What is to be told.
    public enum Kind: UInt64, Hashable, Sendable {
        /// A gift has arrived: the giver's receipt.
        case donationReceipt = 1
    }

    init(_ kind: Kind, to user: UserID, about reference: UInt64) {
        self.kind = kind
        self.user = user
        self.reference = reference
    }

    /// Reads the fields.
    public init(from reader: inout RecordReader) throws(RecordError) {
        kind = try reader.choice(1)
        user = try reader.id(2)
        reference = try reader.number(3)
    }

    /// Writes the fields.
    public func write(to writer: inout RecordWriter) {
        writer.choice(1, kind)
        writer.id(2, user)
        writer.number(3, reference)
    }

    /// Where it lies: with the user whom it is for.
    var place: DomainKey { DomainKey(.outbox, in: Bucket(of: user)).appending(user).appending(reference) }
}
