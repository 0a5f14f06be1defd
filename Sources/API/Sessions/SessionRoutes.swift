internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// `/v1/sessions`: a name and a password for `{"accessToken", "refreshToken", "tokenType", "expiresIn"}`, the next pair
/// for a refresh token, and the end of it. An operator's account gets no refresh token.
struct SessionRoutes: Sendable {
    let sessions: Sessions
    let bodies: RequestBodies

    private static let bodyBytesLimit = 16 << 10
    private static let usernameBytes = 1...256
    private static let refreshTokenBytes = 1...256

    /// Routes for everybody.
    func add(to router: some RouterMethods<APIContext>) {
        router.resource("/v1/sessions", [.post: open])
        router.resource("/v1/sessions/refresh", [.post: refresh])
        router.resource("/.well-known/jwks.json", [.get: keys])
    }

    /// Routes for who is logged in.
    func addOwn(to router: some RouterMethods<APIContext>) {
        router.resource("/v1/sessions/current", [.delete: close])
    }

    private func open(_ request: Request, _ context: APIContext) async throws -> Response {
        let held = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        var body = try BodyMembers(of: request, held.buffer)
        let username = try body.string("username", bytes: Self.usernameBytes)
        let password = try PasswordRule.take("password", of: &body, bytes: PasswordRule.anyBytes)
        try body.end()
        let address = context.remoteAddress ?? ""
        return answer(try await sessions.open(username: username, password: password, address: address))
    }

    private func refresh(_ request: Request, _ context: APIContext) async throws -> Response {
        let held = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        var body = try BodyMembers(of: request, held.buffer)
        let text = try body.string("refreshToken", bytes: Self.refreshTokenBytes)
        try body.end()
        return answer(try await sessions.refresh(text))
    }

    private func close(_ request: Request, _ context: APIContext) async throws -> Response {
        let (user, session) = try context.sessionUser()
        try await sessions.close(session, of: user)
        return Response(status: .noContent)
    }

    /// The public keys of all tokens that may hold (RFC 7517, RFC 8037), for those who verify them elsewhere.
    private func keys(_ request: Request, _ context: APIContext) async throws -> Response {
        let keys = sessions.tokens.publicKeys.map { key in
            JSON.object([
                ("kty", .string("OKP")), ("crv", .string("Ed25519")), ("use", .string("sig")),
                ("alg", .string("EdDSA")), ("kid", .string(key.id)), ("x", .string(key.x)),
            ])
        }
        return .json(.object([("keys", .array(keys))]), headers: [.cacheControl: "public, max-age=300"])
    }

    private func answer(_ session: Sessions.Session) -> Response {
        var members: [(name: String, value: JSON)] = [("accessToken", .string(session.accessToken))]
        if let refreshToken = session.refreshToken { members.append(("refreshToken", .string(refreshToken))) }
        members += [("tokenType", .string("Bearer")), ("expiresIn", .int(Int(session.expiresInSeconds)))]
        return .json(.object(members), status: .created, headers: [.cacheControl: "no-store"])
    }
}
