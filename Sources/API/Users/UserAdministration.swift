internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import KVStore
internal import NIOCore

/// `/v1/users` for admins: who there is, and what they may do.
struct UserAdministration: Sendable {
    let users: UserAccounts
    let bodies: RequestBodies

    private static let bodyBytesLimit = 16 << 10

    func add(to router: some RouterMethods<APIContext>) {
        router.on("/v1/users", method: .get, use: list)
        router.resource("/v1/users/{id}", [.get: user])
        router.resource("/v1/users/{id}/roles", [.put: setRoles])
    }

    /// All users, the newest first; with `?username=` the one who has the name.
    private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        let actor = try context.actor()
        let query = try Query(of: request)
        if let text = try query.text("username") {
            var found: [Stored<User>] = []
            if let name = Username(text), let user = try await users.accounts.user(named: name) { found = [user] }
            let page = Page(items: found, places: found.map { _ in [] }, next: nil)
            return try Lists.answer(page, of: request, in: bodies.budget) { UserAnswers.json($0.record) }
        }
        let page = try await users.accounts.users(Lists.page(query, of: request), actor)
        return try Lists.answer(page, of: request, in: bodies.budget) { UserAnswers.json($0.record) }
    }

    private func user(_ request: Request, _ context: APIContext) async throws -> Response {
        let user = try await users.accounts.user(context.id("id"))
        return Versions.answer(UserAnswers.json(user.record), user.version, request)
    }

    /// `{"roles": ["donor", "organizer"]}`: these, and no others.
    private func setRoles(_ request: Request, _ context: APIContext) async throws -> Response {
        let actor = try context.actor()
        let id: UserID = try context.id("id")
        let version = try Versions.required(request.headers)
        let held = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        var body = try BodyMembers(of: request, held.buffer)
        let roles = try Self.roles(&body)
        try body.end()
        let (user, revocation) = try await users.accounts.setRoles(roles, of: id, ifVersion: version, actor)
        users.revocations.note(revocation)
        return Versions.answer(UserAnswers.json(user.record), user.version, request)
    }

    private static func roles(_ body: inout BodyMembers) throws(Problem) -> Roles {
        var roles = Roles()
        for (position, element) in try body.array("roles").enumerated() {
            guard case .string(let name) = element, let role = Roles(named: name) else {
                let names = Roles.names.map(\.name).joined(separator: ", ")
                throw .invalid(pointer: body.pointer("roles") + "/\(position)", "must be one of \(names)")
            }
            roles.formUnion(role)
        }
        guard !roles.isEmpty else { throw .invalid(pointer: body.pointer("roles"), "must have at least one") }
        return roles
    }
}
