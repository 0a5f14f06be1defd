internal import HTTPTypes
internal import Hummingbird
internal import KVStore
internal import Logging

/// Turns every error that a route throws into a problem, so that no answer leaves without a code.
struct ProblemAnswers: RouterMiddleware {
    typealias Context = APIContext

    func handle(
        _ request: Request,
        context: APIContext,
        next: NextResponder
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let problem as Problem {
            return problem.response(requestID: context.requestID)
        } catch let error as HTTPError where error.status == .notFound {
            let problem = KnownMethods.contains(request.method) ? Problem.notFound() : .methodUnknown
            return problem.response(requestID: context.requestID)
        } catch is CancellationError {
            // The client went, or the server is ending: nobody may be left who reads this.
            return Problem(.stopping, location: request.uri.path).response(requestID: context.requestID)
        } catch {
            context.logger.error("A route has failed.", metadata: ["error": "\(String(reflecting: error))"])
            return Problem.internalError.response(requestID: context.requestID)
        }
    }
}
