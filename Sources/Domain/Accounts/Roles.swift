/// What a user may do on the platform; a user may have several roles. What he may do in an organization is another
/// matter: see ``OrganizationRole``.
///
/// Kept as bits, so that a role of a newer program survives an older one.
public struct Roles: OptionSet, Hashable, Sendable {
    /// One bit a role.
    public let rawValue: UInt64

    /// Wraps bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Gives. Everybody has it who signs up.
    public static let donor = Roles(rawValue: 1 << 0)
    /// Runs events and meetings.
    public static let organizer = Roles(rawValue: 1 << 1)
    /// Goes to where help is asked for.
    public static let associate = Roles(rawValue: 1 << 2)
    /// Answers support cases.
    public static let agent = Roles(rawValue: 1 << 3)
    /// May do everything, and give roles.
    public static let admin = Roles(rawValue: 1 << 4)

    /// All roles, and what they are called outside.
    public static let names: [(role: Roles, name: String)] = [
        (.donor, "donor"), (.organizer, "organizer"), (.associate, "associate"), (.agent, "agent"), (.admin, "admin"),
    ]

    /// A role by its name; nil if there is none of it.
    public init?(named name: String) {
        guard let found = Self.names.first(where: { $0.name == name }) else { return nil }
        self = found.role
    }

    /// The names of the roles, always in the same order.
    public var names: [String] { Self.names.filter { contains($0.role) }.map(\.name) }
}
