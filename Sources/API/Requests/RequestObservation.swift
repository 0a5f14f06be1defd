internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// Counts and times each request, and logs it: at `debug` what went well, at `info` what did not or took a second.
struct RequestObservation: RouterMiddleware {
    typealias Context = APIContext

    let metrics: RequestMetrics
    private let clock = ContinuousClock()

    init(metrics: RequestMetrics) { self.metrics = metrics }

    func handle(
        _ request: Request,
        context: APIContext,
        next: NextResponder
    ) async throws -> Response {
        let start = clock.now
        let response = try await next(request, context)
        let took = clock.now - start
        let method = KnownMethods.contains(request.method) ? request.method.rawValue : "other"
        let route = Self.route(context.endpointPath)
        metrics.observe(route: route, method: method, status: response.status.code, took: took)
        let level: Logger.Level = response.status.code >= 500 || took >= .seconds(1) ? .info : .debug
        context.logger.log(
            level: level,
            "A request was answered.",
            metadata: [
                "method": .string(method), "route": .string(route),
                "status": .stringConvertible(response.status.code),
                "microseconds": .stringConvertible(Self.microseconds(took)),
                "client": .string(context.remoteAddress ?? "unknown"),
            ]
        )
        return response
    }

    /// The route's pattern; paths themselves stay out of logs and labels, since keys may be secret and are many.
    private static func route(_ pattern: String?) -> String {
        switch pattern {
        case nil, "NotFound": "unknown"
        case "/v1/kv/**": "/v1/kv/{key}"
        case let pattern?: pattern
        }
    }

    private static func microseconds(_ duration: Duration) -> Int {
        Int(duration.components.seconds) * 1_000_000 + Int(duration.components.attoseconds / 1_000_000_000_000)
    }
}
