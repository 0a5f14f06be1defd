/// A non-profit organization: what owns events, meetings and reports. Users act for it as its members.
///
/// Every user also has a personal organization, which nobody has made: its id is his, and he alone is in it, as owner.
public struct Organization: Record, Hashable {
    /// Names it for good.
    public let id: OrganizationID
    /// What it is called. Public.
    public internal(set) var name: String
    /// When it was made.
    public let createdAt: Instant
    /// When this was last changed.
    public internal(set) var updatedAt: Instant
    /// Fields of a newer program.
    public var unknownFields = UnknownFields()

    init(id: OrganizationID, name: String, createdAt: Instant) {
        self.id = id
        self.name = name
        self.createdAt = createdAt
        updatedAt = createdAt
    }

    /// Reads it.
    public init(from reader: inout RecordReader) throws(RecordError) {
        id = try reader.id(1)
        name = try reader.text(2)
        createdAt = try reader.instant(3)
        updatedAt = try reader.instant(4)
    }

    /// Writes it.
    public func write(to writer: inout RecordWriter) {
        writer.id(1, id)
        writer.text(2, name)
        writer.instant(3, createdAt)
        writer.instant(4, updatedAt)
    }

    static func check(name: String) throws(DomainError) {
        var faults = FaultCollector()
        faults.check("/name", name, characters: 1...200)
        try faults.finish()
    }
}

extension OrganizationID {
    /// The personal organization of a user.
    public static func personal(_ user: UserID) -> OrganizationID { OrganizationID(user.rawValue) }
}

/// That somebody is a member of an organization.
public struct Membership: Record, Hashable {
    /// Where.
    public let organization: OrganizationID
    /// Who.
    public let user: UserID
    /// What he may do there.
    public internal(set) var role: OrganizationRole
    /// Since when he is a member.
    public let since: Instant
    /// Fields of a newer program.
    public var unknownFields = UnknownFields()

    init(organization: OrganizationID, user: UserID, role: OrganizationRole, since: Instant) {
        self.organization = organization
        self.user = user
        self.role = role
        self.since = since
    }

    /// Reads it.
    public init(from reader: inout RecordReader) throws(RecordError) {
        organization = try reader.id(1)
        user = try reader.id(2)
        role = try reader.choice(3)
        since = try reader.instant(4)
    }

    /// Writes it.
    public func write(to writer: inout RecordWriter) {
        writer.id(1, organization)
        writer.id(2, user)
        writer.choice(3, role)
        writer.instant(4, since)
    }
}

extension DomainKey {
    static func organization(_ id: OrganizationID) -> DomainKey {
        DomainKey(.organizations, in: Bucket(of: id)).appending(id)
    }

    /// All members of an organization.
    static func members(_ id: OrganizationID) -> DomainKey { DomainKey(.members, in: Bucket(of: id)).appending(id) }

    /// All organizations of a user.
    static func memberships(_ id: UserID) -> DomainKey { DomainKey(.memberships, in: Bucket(of: id)).appending(id) }
}
