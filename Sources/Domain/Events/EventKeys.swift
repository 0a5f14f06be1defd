extension Table {
    /// event → event.
    static let events = Table(0x2A)
    /// event │ currency → there as long as the event takes gifts in this currency.
    static let openCauses = Table(0x2B)
    /// newest event first → listing.
    static let eventList = Table(0x2C)
    /// event → counter: how many gifts it got.
    static let giftCounts = Table(0x2D)
}

/// Where events lie.
///
///     event        0x10 │ bucket of the event │ 0x2A │ event               Event
///     open cause   0x10 │ bucket of the event │ 0x2B │ event │ currency    one byte
///     listing      0x10 │ bucket of "events"  │ 0x2C │ ~event              EventListing
///     gift count   0x10 │ bucket of the event │ 0x2D │ event               counter
///
/// A gift does not read the event: it checks that the open cause is there. That is one blind check for unknown, closed
/// and of another currency; and since the check is shared and nobody writes there but who closes the event, a thousand
/// gifts at once do not stand in each other's way.
enum EventKeys {
    static func event(_ id: EventID) -> DomainKey { DomainKey(.events, in: Bucket(of: id)).appending(id) }

    static func openCause(_ id: EventID, _ currency: Currency) -> DomainKey {
        DomainKey(.openCauses, in: Bucket(of: id)).appending(id).appending(currency.code)
    }

    static func giftCount(_ id: EventID) -> DomainKey { DomainKey(.giftCounts, in: Bucket(of: id)).appending(id) }

    /// All events. Few are made a second: one place for the list does not get hot, and is read from its beginning.
    static let list = DomainKey(.eventList, in: Bucket(of: "events"))

    static func listing(_ id: EventID) -> DomainKey { list.appendingNewestFirst(id) }

    /// What lies at an open cause.
    static let open: [UInt8] = [1]
}

/// That there is an event.
struct EventListing: Record {
    let id: EventID
    var unknownFields = UnknownFields()

    init(_ id: EventID) { self.id = id }

    init(from reader: inout RecordReader) throws(RecordError) { id = try reader.id(1) }

    func write(to writer: inout RecordWriter) { writer.id(1, id) }
}
