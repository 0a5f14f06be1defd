internal import HTTPTypes
internal import KVStore
internal import NIOCore

/// What a connection is told that is ended by its guard: a problem, without the id of a request, since there is none.
struct Refusal {
    let head: HTTPResponse
    let body: ByteBuffer

    private init(_ problem: Problem) {
        body =
            JSON.object([
                ("type", .string("urn:gala:problem:\(problem.code)")), ("title", .string(problem.title)),
                ("status", .int(problem.status.code)), ("code", .string(problem.code)),
            ]).text
        var fields: HTTPFields = [
            .contentType: "application/problem+json", .contentLength: String(body.readableBytes),
            .connection: "close",
        ]
        fields[.retryAfter] = problem.status == .badRequest ? nil : "1"
        head = HTTPResponse(status: problem.status, headerFields: fields)
    }

    static let connections = Refusal(.overloaded("Too many connections."))
    static let slow = Refusal(
        Problem(status: .requestTimeout, code: "request-timeout", title: "The request did not come within its time.")
    )
    /// Nothing was done for a request that has not come whole.
    static let ending = Refusal(Problem(KeyValueError.stopping, location: ""))
    static let malformed = Refusal(.malformed(""))
}
