internal import HTTPTypes
internal import Hummingbird

/// The methods that mean something to this server, on one resource or another.
enum KnownMethods {
    static let all: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .patch, .delete, .options, .trace, .connect,
    ]

    static func contains(_ method: HTTPRequest.Method) -> Bool { all.contains(method) }
}

extension RouterMethods where Context == APIContext {
    /// Adds a resource with its methods; every other method is answered with 405 and the list of those that it has.
    ///
    /// `HEAD` comes with `GET` by itself.
    ///
    /// - Parameter elsewhere: Methods that the resource has for other callers, and which are added by themselves.
    func resource(
        _ path: RouterPath,
        _ handlers: KeyValuePairs<
            HTTPRequest.Method, @Sendable (Request, APIContext) async throws -> Response
        >,
        elsewhere: [HTTPRequest.Method] = []
    ) {
        var allowed = elsewhere
        for (method, handler) in handlers {
            on(path, method: method, use: handler)
            allowed.append(method)
        }
        if allowed.contains(.get) { allowed.append(.head) }
        let problem = Problem.methodNotAllowed(allowed: allowed)
        for method in KnownMethods.all where !allowed.contains(method) {
            on(path, method: method) { _, _ -> Response in throw problem }
        }
    }
}

extension Response {
    /// An answer in JSON.
    static func json(_ json: JSON, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(status: status, headers: headers, body: .init(byteBuffer: json.text))
    }

    /// An answer in lines of text.
    static func text(
        _ text: String,
        status: HTTPResponse.Status = .ok,
        type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status,
            headers: [.contentType: type, .cacheControl: "no-store"],
            body: .init(byteBuffer: .init(string: text))
        )
    }
}
