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
        let allowance = signUps.take(ClientNetwork.name(of: context.remoteAddress ?? ""))
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
        guard !sessions.isOperator(username) else { throw Accounts.usernameTaken }
        let applicant = Applicant(
            username: username,
            password: password,
            profile: profile,
            address: context.remoteAddress ?? ""
        )
        var response: Response
        if let key = try SignUpKey.optional(request, username, input) {
            response = try await signUp(applicant, once: key)
        } else {
            response = try await signUp(applicant, request)
        }
        allowance.add(to: &response.headers)
        return response
    }

    /// Who signs up.
    private struct Applicant: Sendable {
        let username: Username
        let password: String
        let profile: Profile
        let address: String
    }

    private func signUp(_ applicant: Applicant, _ request: Request) async throws -> Response {
        try await accounts.check(applicant.username, applicant.profile)
        let user = try await accounts.signUp(hashed(applicant))
        let json = UserAnswers.json(user.record)
        return Versions.answer(json, user.version, request, status: .created, location: Self.ownPath)
    }

    /// Nobody could look up the outcome without being logged in: it is asked for by sending the same again.
    ///
    /// The same is what has the same password, too. A fast digest of it must not lie in the store, so it is no part of
    /// what the record knows: the earlier answer is given to who knows the password of the user that came of it.
    private func signUp(_ applicant: Applicant, once key: RequestKey) async throws -> Response {
        var (response, concluded) = try await Conclusions.answer(nil, location: Self.ownPath) {
            let concluded = try await conclude(applicant, key)
            guard concluded.isReplay, case .answered = concluded.conclusion else { return concluded }
            let isSame = try await sessions.isPassword(
                applicant.password,
                of: applicant.username,
                address: applicant.address
            )
            guard isSame else { throw DomainError.keyReused }
            return concluded
        }
        response.headers[.eTag] = Versions.tag(concluded.at)
        return response
    }

    private func conclude(_ applicant: Applicant, _ key: RequestKey) async throws -> Concluded {
        do {
            try await accounts.check(applicant.username, applicant.profile)
        } catch let error as DomainError where error == Accounts.usernameTaken {
            // Perhaps by an earlier copy. No password is hashed for a name that is not to be had.
            return try await accounts.signUpForTakenName(once: key)
        }
        return try await accounts.signUp(hashed(applicant), once: key) { user in
            RecordedAnswer(UserAnswers.json(user), status: 201, location: Self.ownPath)
        }
    }

    private func hashed(_ applicant: Applicant) async throws -> Accounts.SignUp {
        let hash = try await sessions.checks.hash(applicant.password)
        return Accounts.SignUp(username: applicant.username, passwordHash: hash.text, profile: applicant.profile)
    }

    /// Where who has signed up sees himself: by his id only administrators find him.
    private static let ownPath = "/v1/users/me"

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
