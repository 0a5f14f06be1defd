internal import Domain
internal import HTTPTypes
internal import Hummingbird

/// Finds out who is asking where that is told, and lets everybody through where it is not: for routes that are open to
/// all and tell some people more. A token that does not hold is refused all the same.
struct OptionalAuthentication: RouterMiddleware {
    typealias Context = APIContext

    let required: Authentication

    func handle(
        _ request: Request,
        context: APIContext,
        next: NextResponder
    ) async throws -> Response {
        guard request.headers[.authorization] != nil else { return try await next(request, context) }
        return try await required.handle(request, context: context, next: next)
    }
}

extension APIContext {
    /// Who is asking.
    ///
    /// - Throws: 401 where nobody says, 403 for one of the operators' accounts that is no user.
    func user() throws(Problem) -> UserID {
        guard let caller else { throw .unauthenticated }
        guard let user = UserID(caller.id) else { throw .forbidden }
        return user
    }

    /// Who is asking; nil where nobody says.
    var optionalUser: UserID? { caller.flatMap { UserID($0.id) } }

    /// Whether who is asking may see what is everybody's.
    var isAdmin: Bool { caller?.role == .admin }

    /// An id in the path; what is none names nothing.
    func id<ID: Identifier>(_ name: String, as type: ID.Type = ID.self) throws(Problem) -> ID {
        guard let text = parameters.get(name), let id = ID(text) else { throw .notFound() }
        return id
    }
}
