internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import KVStore
internal import NIOCore

/// `/v1/organizations`: those that a user is in, and who else is.
struct OrganizationRoutes: Sendable {
    let organizations: Organizations
    let bodies: RequestBodies

    private static let bodyBytesLimit = 16 << 10
    private static let nameBytes = 0...4_096

    /// Routes for who is logged in.
    func addOwn(to router: some RouterMethods<APIContext>) {
        router.resource("/v1/organizations", [.get: list, .post: create])
        router.resource("/v1/organizations/{id}", [.get: organization, .patch: rename])
        router.resource("/v1/organizations/{id}/members", [.get: members])
        router.resource("/v1/organizations/{id}/members/{user}", [.put: setRole, .delete: remove])
    }

    /// Where the user is a member.
    private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        let page = try Lists.page(Query(of: request), of: request)
        let found = try await organizations.memberships(of: context.actor().user, page)
        return try Lists.answer(found, of: request, in: bodies.budget) { stored in
            .object([
                ("organizationId", .string(stored.record.organization.description)),
                ("role", .string(stored.record.role.name)),
                ("since", .string(stored.record.since.description)),
            ])
        }
    }

    private func create(_ request: Request, _ context: APIContext) async throws -> Response {
        let actor = try context.actor()
        let held = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        try BodyMembers.checkMediaType(request)
        let input = try JSONParser.parse(held.buffer)
        let name = try Self.name(BodyMembers(input, at: []))
        let key = try IdempotencyKey.optional(request, actor.user, input)
        var (response, concluded) = try await Conclusions.answer(key, location: "/v1/organizations") {
            try await organizations.create(name: name, actor, once: key) { made in
                RecordedAnswer(Self.json(made), status: 201, location: "/v1/organizations/\(made.id)")
            }
        }
        response.headers[.eTag] = Versions.tag(concluded.at)
        return response
    }

    private func organization(_ request: Request, _ context: APIContext) async throws -> Response {
        let found = try await organizations.organization(context.id("id"), context.actor())
        return Versions.answer(Self.json(found.record), found.version, request)
    }

    private func rename(_ request: Request, _ context: APIContext) async throws -> Response {
        let id: OrganizationID = try context.id("id")
        let version = try Versions.required(request.headers)
        let actor = try context.actor()
        let held = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        let name = try Self.name(BodyMembers(of: request, held.buffer))
        let renamed = try await organizations.rename(id, to: name, ifVersion: version, actor)
        return Versions.answer(Self.json(renamed.record), renamed.version, request)
    }

    private func members(_ request: Request, _ context: APIContext) async throws -> Response {
        let page = try Lists.page(Query(of: request), of: request)
        let found = try await organizations.members(of: context.id("id"), page, context.actor())
        return try Lists.answer(found, of: request, in: bodies.budget) { Self.json($0.record) }
    }

    private func setRole(_ request: Request, _ context: APIContext) async throws -> Response {
        let id: OrganizationID = try context.id("id")
        let user: UserID = try context.id("user")
        let held = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        var body = try BodyMembers(of: request, held.buffer)
        let text = try body.string("role", bytes: Self.nameBytes)
        guard let role = OrganizationRole(named: text) else {
            let names = OrganizationRole.allCases.map(\.name).joined(separator: ", ")
            throw Problem.invalid(pointer: body.pointer("role"), "must be one of \(names)")
        }
        try body.end()
        return .json(Self.json(try await organizations.setRole(role, of: user, in: id, context.actor())))
    }

    private func remove(_ request: Request, _ context: APIContext) async throws -> Response {
        let actor = try context.actor()
        let user: UserID = try context.id("user")
        do {
            try await organizations.remove(user, from: context.id("id"), actor)
        } catch let error as TransactionError where user == actor.user {
            // Whether he is a member he finds among his memberships; the members he may not see if he is none.
            throw Problem(error, location: "/v1/organizations")
        }
        return Response(status: .noContent)
    }

    private static func name(_ members: BodyMembers) throws(Problem) -> String {
        var body = members
        let name = try body.string("name", bytes: nameBytes)
        try body.end()
        return name
    }

    private static func json(_ organization: Organization) -> JSON {
        .object([
            ("id", .string(organization.id.description)), ("name", .string(organization.name)),
            ("createdAt", .string(organization.createdAt.description)),
            ("updatedAt", .string(organization.updatedAt.description)),
        ])
    }

    private static func json(_ membership: Membership) -> JSON {
        .object([
            ("userId", .string(membership.user.description)), ("role", .string(membership.role.name)),
            ("since", .string(membership.since.description)),
        ])
    }
}
