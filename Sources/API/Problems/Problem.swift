internal import HTTPTypes
internal import Hummingbird

/// An answer other than success, as RFC 9457 has it: `application/problem+json`, with a `code` that programs may rely
/// on. Everything that a client is told about an error is made here or in the extensions beside.
struct Problem: Error, Sendable {
    /// What is wrong with one part of the request.
    struct Fault: Hashable, Sendable {
        /// Where in the request the part is.
        enum Place: Hashable, Sendable {
            /// A JSON pointer (RFC 6901) into the body.
            case pointer(String)
            /// A part of the path or of the query, or a header field.
            case parameter(String)
        }

        let place: Place
        let code: String
        let detail: String
    }

    let status: HTTPResponse.Status
    /// Stable, for programs: `no-leader`.
    let code: String
    /// One line for people, the same for each problem with this code.
    let title: String
    /// What is particular to this request.
    var detail: String?
    var faults: [Fault] = []
    /// Further members, for example `outcome`.
    var members: [(name: String, value: JSON)] = []
    var headers: HTTPFields = [:]

    /// The answer.
    func response(requestID: String) -> Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        headers[.cacheControl] = "no-store"
        return Response(status: status, headers: headers, body: .init(byteBuffer: json(requestID: requestID).text))
    }

    /// The answer's body.
    func json(requestID: String) -> JSON {
        var object: [(name: String, value: JSON)] = [
            ("type", .string("urn:gala:problem:\(code)")),
            ("title", .string(title)),
            ("status", .int(status.code)),
            ("code", .string(code)),
        ]
        if let detail { object.append(("detail", .string(detail))) }
        if !faults.isEmpty { object.append(("errors", .array(faults.map(\.json)))) }
        object += members
        object.append(("requestId", .string(requestID)))
        return .object(object)
    }
}

extension Problem.Fault {
    fileprivate var json: JSON {
        let place: (name: String, value: JSON) =
            switch self.place {
            case .pointer(let pointer): ("pointer", .string(pointer))
            case .parameter(let name): ("parameter", .string(name))
            }
        return .object([place, ("code", .string(code)), ("detail", .string(detail))])
    }
}
