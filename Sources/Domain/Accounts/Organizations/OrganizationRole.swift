/// What a member may do in an organization.
public enum OrganizationRole: UInt64, Hashable, Comparable, Sendable, CaseIterable {
    /// Sees what members see.
    case member = 1
    /// Acts for the organization: its events, meetings, reports.
    case manager = 2
    /// All that, and says who else is a member.
    case owner = 3

    /// A role by its name; nil if there is none of it.
    public init?(named name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }

    /// What it is called outside.
    public var name: String {
        switch self {
        case .member: "member"
        case .manager: "manager"
        case .owner: "owner"
        }
    }

    /// Who may do less is less.
    public static func < (a: OrganizationRole, b: OrganizationRole) -> Bool { a.rawValue < b.rawValue }
}
