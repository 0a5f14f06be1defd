/// A cause or a happening: what people give to, and come to.
public struct Event: Record, Hashable {
    /// Names it for good.
    public let id: EventID
    /// Who made it.
    public let owner: UserID
    /// For which organization; nil for the owner's own person.
    public let organization: OrganizationID?
    /// In which gifts are made to it. It never changes.
    public let currency: Currency
    /// What its organizer may change.
    public internal(set) var details: EventDetails
    /// How far it is.
    public internal(set) var status: Status
    /// When it was made; nil where the commit that wrote this record was the making.
    public internal(set) var made: Instant?
    /// Fields of a newer program.
    public var unknownFields = UnknownFields()

    /// How far an event is.
    ///
    ///     open ──▶ closed ──▶ cancelled
    ///       └──────────────────▲
    public enum Status: UInt64, Hashable, Sendable {
        /// It takes gifts.
        case open = 1
        /// It takes no more; what was given stays given.
        case closed = 2
        /// It does not take place.
        case cancelled = 3

        /// As programs read it.
        public var name: String {
            switch self {
            case .open: "open"
            case .closed: "closed"
            case .cancelled: "cancelled"
            }
        }

        /// Where it may go from here.
        var next: [Status] {
            switch self {
            case .open: [.closed, .cancelled]
            case .closed: [.cancelled]
            case .cancelled: []
            }
        }
    }

    init(
        id: EventID,
        owner: UserID,
        organization: OrganizationID?,
        currency: Currency,
        details: EventDetails
    ) {
        self.id = id
        self.owner = owner
        self.organization = organization
        self.currency = currency
        self.details = details
        status = .open
    }

    /// Reads the fields.
    public init(from reader: inout RecordReader) throws(RecordError) {
        id = try reader.id(1)
        owner = try reader.id(2)
        organization = try reader.id(ifPresent: 3)
        guard let currency = Currency(try reader.text(4)) else { throw RecordError("field 4 is no currency") }
        self.currency = currency
        status = try reader.choice(5)
        details = try reader.record(6)
        made = try reader.instant(ifPresent: 7)
    }

    /// Writes the fields.
    public func write(to writer: inout RecordWriter) {
        writer.id(1, id)
        writer.id(2, owner)
        writer.id(3, organization)
        writer.text(4, currency.code)
        writer.choice(5, status)
        writer.record(6, details)
        writer.instant(7, made)
    }
}

/// What an organizer says of an event, and may change.
public struct EventDetails: Record, Hashable {
    /// What it is called.
    public var name: String
    /// What it is about.
    public var description: String?
    /// How much is to be raised, in minor units.
    public var goal: Int64?
    /// When it begins.
    public var starts: Instant?
    /// When it ends, not before it begins.
    public var ends: Instant?
    /// In which time zone its times are meant: a name of the IANA database.
    public var timeZone: String?
    /// Where it is.
    public var location: String?
    /// How many may come.
    public var capacity: Int64?
    /// Fields of a newer program.
    public var unknownFields = UnknownFields()

    /// The most that may come.
    public static let greatestCapacity: Int64 = 10_000_000

    /// Details with a name only.
    public init(name: String) { self.name = name }

    /// Looks whether the details make sense, and notes what does not.
    public func validate(_ faults: inout FaultCollector) {
        faults.check("/name", name, characters: 1...200)
        if let description { faults.check("/description", description, characters: 0...5_000, lines: true) }
        if let location { faults.check("/location", location, characters: 1...500) }
        if let goal, !(1...Money.greatestAmount).contains(goal) {
            faults.add("/goal", "out-of-range", "must be from 1 to \(Money.greatestAmount) minor units")
        }
        if let capacity, !(1...Self.greatestCapacity).contains(capacity) {
            faults.add("/capacity", "out-of-range", "must be from 1 to \(Self.greatestCapacity)")
        }
        if let starts, let ends, ends < starts {
            faults.add("/endsAt", "before-start", "must not lie before startsAt")
        }
        if let timeZone, !TimeZoneNames.contains(timeZone) {
            faults.add("/timeZone", "unknown-time-zone", "must be a name of the IANA time zone database")
        }
    }

    /// Reads the fields.
    public init(from reader: inout RecordReader) throws(RecordError) {
        name = try reader.text(1)
        description = try reader.text(ifPresent: 2)
        goal = try reader.signed(ifPresent: 3)
        starts = try reader.instant(ifPresent: 4)
        ends = try reader.instant(ifPresent: 5)
        timeZone = try reader.text(ifPresent: 6)
        location = try reader.text(ifPresent: 7)
        capacity = try reader.signed(ifPresent: 8)
    }

    /// Writes the fields.
    public func write(to writer: inout RecordWriter) {
        writer.text(1, name)
        writer.text(2, description)
        writer.signed(3, goal)
        writer.instant(4, starts)
        writer.instant(5, ends)
        writer.text(6, timeZone)
        writer.text(7, location)
        writer.signed(8, capacity)
    }
}
