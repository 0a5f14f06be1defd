internal import FoundationEssentials
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// `POST /v1/sessions`: `{"username", "password"}` for `{"accessToken", "tokenType", "expiresIn"}`.
struct SessionRoutes: Sendable {
    let sessions: Sessions
    let bodies: RequestBodies

    private static let bodyBytesLimit = 16 << 10
    private static let usernameBytesLimit = 256

    private struct Credentials: Decodable {
        let username: String
        let password: String
    }

    func add(to router: some RouterMethods<APIContext>) {
        router.resource("/v1/sessions", [.post: open])
    }

    private func open(_ request: Request, _ context: APIContext) async throws -> Response {
        let body = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        let credentials = try JSONBody.decode(Credentials.self, request, body.buffer)
        guard (1...Self.usernameBytesLimit).contains(credentials.username.utf8.count) else {
            throw Problem.invalid(pointer: "/username", "must be 1 to \(Self.usernameBytesLimit) bytes")
        }
        guard (1...PasswordHash.passwordBytesLimit).contains(credentials.password.utf8.count) else {
            throw Problem.invalid(pointer: "/password", "must be 1 to \(PasswordHash.passwordBytesLimit) bytes")
        }
        // HMAC, on which scrypt rests, cannot tell a password from the same with NULs behind it.
        guard !credentials.password.utf8.contains(0) else {
            throw Problem.invalid(pointer: "/password", "must not contain NUL")
        }
        let session = try await sessions.open(
            username: credentials.username,
            password: credentials.password,
            address: context.remoteAddress ?? ""
        )
        let answer = JSON.object([
            ("accessToken", .string(session.accessToken)), ("tokenType", .string("Bearer")),
            ("expiresIn", .int(Int(session.expiresInSeconds))),
        ])
        return .json(answer, status: .created, headers: [.cacheControl: "no-store"])
    }
}
