internal import HTTPTypes
internal import Hummingbird

/// Holds every user to a number of requests a second, and tells in each answer how many are left
/// (draft-ietf-httpapi-ratelimit-headers); errors have to be answers by then. Who does not say who he is passes.
struct UserRateLimit: RouterMiddleware {
    typealias Context = APIContext

    let limiter: RateLimiter

    func handle(
        _ request: Request,
        context: APIContext,
        next: NextResponder
    ) async throws -> Response {
        guard let caller = context.caller else { return try await next(request, context) }
        let allowance = limiter.take(caller.id)
        guard allowance.isGranted else { throw Problem.rateLimited(allowance) }
        var response = try await next(request, context)
        allowance.add(to: &response.headers)
        return response
    }
}

extension RateLimiter.Allowance {
    /// Tells the limit and what is left of it.
    func add(to headers: inout HTTPFields) {
        headers[.rateLimitPolicy] = "\"\(policy.name)\";q=\(policy.quota);w=\(policy.windowSeconds)"
        headers[.rateLimit] = "\"\(policy.name)\";r=\(remaining);t=\(seconds)"
    }
}

extension Problem {
    /// Somebody has asked for more than he may.
    static func rateLimited(_ allowance: RateLimiter.Allowance) -> Problem {
        var problem = rateLimited(retryAfterSeconds: allowance.seconds)
        allowance.add(to: &problem.headers)
        return problem
    }
}

extension HTTPField.Name {
    static let rateLimitPolicy = HTTPField.Name("RateLimit-Policy") ?? .server
    static let rateLimit = HTTPField.Name("RateLimit") ?? .server
}
