internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import KVStore
internal import Logging
internal import NIOHTTP1

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
            return answer(problem, because: problem.detail ?? problem.title, context)
        } catch let error as DomainError {
            return Problem(error).response(requestID: context.requestID)
        } catch let error as TransactionError {
            let place = OutcomeAddress.resource(of: request.uri.path)
            return answer(Problem(error, location: place), because: error, context)
        } catch let error as HTTPError where error.status == .notFound {
            let problem = KnownMethods.contains(request.method) ? Problem.notFound() : .methodUnknown
            return problem.response(requestID: context.requestID)
        } catch let error as HTTPParserError {
            // The body is no HTTP from some byte on; what follows has no beginning.
            var problem = Problem.malformed("The body breaks off the protocol: \(error).")
            problem.headers[.connection] = "close"
            return problem.response(requestID: context.requestID)
        } catch is CancellationError {
            // The client went, or the server is ending: nobody may be left who reads this.
            return Problem(KeyValueError.stopping, location: request.uri.path).response(requestID: context.requestID)
        } catch {
            return answer(.internalError, because: error, context)
        }
    }

    /// An answer of which the server is to blame says that the log tells more: here it does.
    private func answer(_ problem: Problem, because error: Any, _ context: APIContext) -> Response {
        if problem.status == .internalServerError {
            context.logger.error("A route has failed.", metadata: ["error": "\(String(reflecting: error))"])
        }
        return problem.response(requestID: context.requestID)
    }
}
