internal import HTTPTypes
internal import Hummingbird

/// Finds out who is asking (RFC 6750) before a route is reached that must know.
struct Authentication: RouterMiddleware {
    typealias Context = APIContext

    let tokens: AccessTokens

    func handle(
        _ request: Request,
        context: APIContext,
        next: NextResponder
    ) async throws -> Response {
        guard let header = request.headers[.authorization] else { throw Problem.unauthenticated }
        let parts = header.split(separator: " ", omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { throw Problem.unauthenticated }
        guard let caller = await tokens.caller(String(parts[1])) else { throw Problem.invalidToken }
        var context = context
        context.caller = caller
        return try await next(request, context)
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
