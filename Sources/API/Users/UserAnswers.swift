internal import Domain

/// Users as JSON.
enum UserAnswers {
    /// All of a user, for himself and for admins.
    static func json(_ user: User) -> JSON {
        .object([
            ("id", .string(user.id.description)), ("username", .string(user.username.description)),
            ("name", .string(user.profile.name)), ("email", .string(user.profile.email)),
            ("dateOfBirth", .optional(user.profile.dateOfBirth?.description)),
            ("location", .optional(user.profile.location)),
            ("roles", .array(user.roles.names.map(JSON.string))),
            ("createdAt", .string(user.createdAt.description)), ("updatedAt", .string(user.updatedAt.description)),
        ])
    }
}
