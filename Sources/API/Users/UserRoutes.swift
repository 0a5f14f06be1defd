internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import KVStore
internal import NIOCore

/// `/v1/users`: signing up, and what a user says of himself.
struct UserRoutes: Sendable {
    let accounts: Accounts
    let sessions: Sessions
    let bodies: RequestBodies
    let signUps: RateLimiter

    private static let bodyBytesLimit = 16 << 10
    /// Above what the domain takes, which says so in its own words.
    private static let textBytes = 0...4_096

    /// Routes for everybody.
    func add(to router: some RouterMethods<APIContext>) {
        router.resource("/v1/users", [.post: signUp], elsewhere: [.get])
    }

    /// Routes for who is logged in.
    func addOwn(to router: some RouterMethods<APIContext>) {
        router.resource("/v1/users/me", [.get: own, .patch: change])
        router.resource("/v1/users/me/password", [.put: changePassword])
    }

    // MARK: Signing up

    private func signUp(_ request: Request, _ context: APIContext) async throws -> Response {
        let allowance = signUps.take(context.remoteAddress ?? "")
        guard allowance.isGranted else { throw Problem.rateLimited(allowance) }
        let held = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        try BodyMembers.checkMediaType(request)
        let input = try JSONParser.parse(held.buffer)
        var body = try BodyMembers(input, at: [])
        let username = try Self.username(&body)
        let password = try PasswordRule.take("password", of: &body, bytes: PasswordRule.newBytes)
        let profile = Profile(
            name: try body.string("name", bytes: Self.textBytes),
            email: try body.string("email", bytes: Self.textBytes),
            dateOfBirth: try Self.date(&body),
            location: try body.optionalString("location", bytes: Self.textBytes)
        )
        try body.end()
        let key = try SignUpKey.optional(request, username, input)
        if key == nil { try await accounts.check(username, profile) }
        let hash = try await sessions.checks.hash(password)
        let signUp = Accounts.SignUp(username: username, passwordHash: hash.text, profile: profile)
        var response = try await answer(signUp, key, request)
        allowance.add(to: &response.headers)
        return response
    }

    private func answer(_ signUp: Accounts.SignUp, _ key: RequestKey?, _ request: Request) async throws -> Response {
        guard let key else {
            let user = try await accounts.signUp(signUp)
            let json = UserAnswers.json(user.record)
            return Versions.answer(json, user.version, request, status: .created, location: Self.path(user.record.id))
        }
        // Nobody could look up the outcome without being logged in: it is asked for by sending the same again.
        var (response, concluded) = try await Conclusions.answer(nil, location: "/v1/users") {
            try await accounts.signUp(signUp, once: key) { user in
                RecordedAnswer(UserAnswers.json(user), status: 201, location: Self.path(user.id))
            }
        }
        response.headers[.eTag] = Versions.tag(concluded.at)
        return response
    }

    private static func path(_ id: UserID) -> String { "/v1/users/\(id)" }

    private static func username(_ body: inout BodyMembers) throws(Problem) -> Username {
        let text = try body.string("username", bytes: textBytes)
        guard let username = Username(new: text) else {
            throw .invalid(
                pointer: body.pointer("username"),
                "must be 1 to 64 of a-z, A-Z, 0-9 and . _ - + @, and not digits only"
            )
        }
        return username
    }

    private static func date(_ body: inout BodyMembers) throws(Problem) -> CalendarDate? {
        guard let text = try body.optionalString("dateOfBirth", bytes: textBytes) else { return nil }
        guard let date = CalendarDate(text) else {
            throw .invalid(pointer: body.pointer("dateOfBirth"), "must be a day as 1990-12-31")
        }
        return date
    }

    // MARK: A user's own

    private func own(_ request: Request, _ context: APIContext) async throws -> Response {
        let user = try await accounts.user(try context.sessionUser().user)
        return Versions.answer(UserAnswers.json(user.record), user.version, request)
    }

    /// Members that are absent stay as they are; `null` takes away what may be absent.
    private func change(_ request: Request, _ context: APIContext) async throws -> Response {
        let id = try context.sessionUser().user
        let version = try Versions.required(request.headers)
        let held = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        let change = try Change(BodyMembers(of: request, held.buffer))
        let user = try await accounts.update(id, ifVersion: version) { change.apply(to: &$0) }
        return Versions.answer(UserAnswers.json(user.record), user.version, request)
    }

    private struct Change: Sendable {
        let name: String?
        let email: String?
        /// nil to leave it, a nil in it to take it away.
        let dateOfBirth: CalendarDate??
        let location: String??

        init(_ members: BodyMembers) throws(Problem) {
            var body = members
            name = body.contains("name") ? try body.string("name", bytes: UserRoutes.textBytes) : nil
            email = body.contains("email") ? try body.string("email", bytes: UserRoutes.textBytes) : nil
            dateOfBirth = body.contains("dateOfBirth") ? .some(try UserRoutes.date(&body)) : nil
            location =
                body.contains("location")
                ? .some(try body.optionalString("location", bytes: UserRoutes.textBytes)) : nil
            try body.end()
        }

        func apply(to profile: inout Profile) {
            if let name { profile.name = name }
            if let email { profile.email = email }
            if let dateOfBirth { profile.dateOfBirth = dateOfBirth }
            if let location { profile.location = location }
        }
    }

    private func changePassword(_ request: Request, _ context: APIContext) async throws -> Response {
        let (user, session) = try context.sessionUser()
        let held = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        var body = try BodyMembers(of: request, held.buffer)
        let old = try PasswordRule.take("currentPassword", of: &body, bytes: PasswordRule.anyBytes)
        let new = try PasswordRule.take("newPassword", of: &body, bytes: PasswordRule.newBytes)
        try body.end()
        try await sessions.changePassword(
            of: user,
            in: session,
            from: old,
            to: new,
            address: context.remoteAddress ?? ""
        )
        return Response(status: .noContent)
    }
}
