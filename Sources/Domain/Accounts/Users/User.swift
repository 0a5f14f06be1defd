/// A user as others and he himself may see him. How he proves who he is lies elsewhere: see ``Credentials``.
public struct User: Record, Hashable {
    /// Names him for good.
    public let id: UserID
    /// By which he logs in.
    public let username: Username
    /// What he says of himself.
    public internal(set) var profile: Profile
    /// What he may do.
    public internal(set) var roles: Roles
    /// When he signed up.
    public let createdAt: Instant
    /// When this was last changed.
    public internal(set) var updatedAt: Instant
    /// Fields of a newer program.
    public var unknownFields = UnknownFields()

    init(id: UserID, username: Username, profile: Profile, roles: Roles, createdAt: Instant) {
        self.id = id
        self.username = username
        self.profile = profile
        self.roles = roles
        self.createdAt = createdAt
        updatedAt = createdAt
    }

    /// Reads it.
    public init(from reader: inout RecordReader) throws(RecordError) {
        id = try reader.id(1)
        guard let username = Username(try reader.text(2)) else { throw RecordError("a user's name breaks its rule") }
        self.username = username
        let name = try reader.text(3)
        let email = try reader.text(4)
        var dateOfBirth: CalendarDate?
        if let days = try reader.text(ifPresent: 5) {
            guard let date = CalendarDate(days) else { throw RecordError("a date of birth is no date") }
            dateOfBirth = date
        }
        let location = try reader.text(ifPresent: 6)
        profile = Profile(name: name, email: email, dateOfBirth: dateOfBirth, location: location)
        roles = Roles(rawValue: try reader.number(7))
        createdAt = try reader.instant(8)
        updatedAt = try reader.instant(9)
    }

    /// Writes it.
    public func write(to writer: inout RecordWriter) {
        writer.id(1, id)
        writer.text(2, username.description)
        writer.text(3, profile.name)
        writer.text(4, profile.email)
        writer.text(5, profile.dateOfBirth?.description)
        writer.text(6, profile.location)
        writer.number(7, roles.rawValue)
        writer.instant(8, createdAt)
        writer.instant(9, updatedAt)
    }
}

/// What a user says of himself.
public struct Profile: Hashable, Sendable {
    /// What he is called.
    public var name: String
    /// Where mail reaches him.
    public var email: String
    /// Private; for reports it becomes part of a group.
    public var dateOfBirth: CalendarDate?
    /// Where he lives, in his own words.
    public var location: String?

    /// Makes a profile, which nobody has looked at yet.
    public init(name: String, email: String, dateOfBirth: CalendarDate? = nil, location: String? = nil) {
        self.name = name
        self.email = email
        self.dateOfBirth = dateOfBirth
        self.location = location
    }

    /// Looks whether it keeps to the rules.
    func check(today: CalendarDate, _ faults: inout FaultCollector) {
        faults.check("/name", name, characters: 1...200)
        if !Self.isAddress(email) { faults.add("/email", "no-address", "must be an e-mail address") }
        if let location { faults.check("/location", location, characters: 1...200) }
        if let dateOfBirth, dateOfBirth > today || dateOfBirth.year < 1900 {
            faults.add("/dateOfBirth", "out-of-range", "must be a day from 1900 to today")
        }
    }

    /// Whether mail could be sent there (RFC 5321's lengths, without quoted names and address literals).
    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= 254, (1...64).contains(parts[0].utf8.count),
            text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F && !$0.properties.isWhitespace })
        else { return false }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.unicodeScalars.allSatisfy {
                    $0.value >= 0x80 || $0.properties.isAlphabetic || $0 == "-" || ("0"..."9").contains($0)
                }
        }
    }
}

/// The way from a name to a user.
struct UsernameEntry: Record {
    let user: UserID
    var unknownFields = UnknownFields()

    init(_ user: UserID) { self.user = user }

    init(from reader: inout RecordReader) throws(RecordError) { user = try reader.id(1) }

    func write(to writer: inout RecordWriter) { writer.id(1, user) }
}
