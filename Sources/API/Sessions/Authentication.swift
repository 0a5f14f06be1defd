internal import Domain
internal import HTTPTypes
internal import Hummingbird

/// Finds out who is asking (RFC 6750) before a route is reached that must know.
struct Authentication: RouterMiddleware {
    typealias Context = APIContext

    let tokens: AccessTokens
    let operators: Operators
    /// Which tokens have ended early; nil where there are no users.
    let revocations: RevocationFollower?

    func handle(
        _ request: Request,
        context: APIContext,
        next: NextResponder
    ) async throws -> Response {
        guard let header = request.headers[.authorization] else { throw Problem.unauthenticated }
        let parts = header.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { throw Problem.unauthenticated }
        guard let caller = await tokens.caller(String(parts[1])) else { throw Problem.invalidToken }
        try await check(caller)
        var context = context
        context.caller = caller
        return try await next(request, context)
    }

    private func check(_ caller: Caller) async throws(Problem) {
        guard caller.session != nil else {
            guard operators.holds(caller) else { throw .invalidToken }
            return
        }
        switch await revocations?.verdict(on: caller) {
        case .holds: return
        case .revoked: throw .invalidToken
        case .unknown, nil: throw .overloaded("This node cannot tell at the moment which tokens hold.")
        }
    }
}

/// Lets through who has a role.
struct RequiredRole: RouterMiddleware {
    typealias Context = APIContext

    let role: Account.Role

    func handle(
        _ request: Request,
        context: APIContext,
        next: NextResponder
    ) async throws -> Response {
        guard context.caller?.role == role else { throw Problem.forbidden }
        return try await next(request, context)
    }
}
