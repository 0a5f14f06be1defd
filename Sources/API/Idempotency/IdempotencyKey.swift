internal import Domain
internal import HTTPTypes
internal import Hummingbird

/// The `Idempotency-Key` of a request.
enum IdempotencyKey {
    /// The key of a request that moves money or stock, which must have one.
    ///
    /// - Throws: 400 where there is none, or one that is longer than 255 bytes.
    static func required(
        _ request: Request,
        _ caller: UserID,
        _ body: JSONInput?
    ) throws(Problem) -> RequestKey {
        guard let key = try optional(request, caller, body) else {
            throw .idempotencyKey("An Idempotency-Key must come along: one for each attempt that is to count.")
        }
        return key
    }

    /// The key of any other request; nil where there is none.
    static func optional(
        _ request: Request,
        _ caller: UserID,
        _ body: JSONInput?
    ) throws(Problem) -> RequestKey? {
        let fields = request.headers[values: .idempotencyKey]
        guard let key = fields.first else { return nil }
        guard fields.count == 1 else { throw .idempotencyKey("There must be one Idempotency-Key.") }
        guard (1...RequestKey.keyBytesLimit).contains(key.utf8.count) else {
            throw .idempotencyKey("An Idempotency-Key is 1 to \(RequestKey.keyBytesLimit) bytes.")
        }
        // A path has one meaning however many slashes it is written with, and so its keys have one scope.
        let path = request.uri.path.split(separator: "/").map { "/" + $0 }.joined()
        let route = "\(request.method.rawValue) \(path)"
        return RequestKey(caller: caller, route: route, key: key, fingerprint: BodyDigest.of(body))
    }
}

extension Problem {
    fileprivate static func idempotencyKey(_ detail: String) -> Problem {
        Problem(
            status: .badRequest,
            code: "idempotency-key-missing",
            title: "The request needs an Idempotency-Key.",
            detail: detail
        )
    }
}

extension HTTPField.Name {
    static let idempotencyKey = HTTPField.Name("Idempotency-Key") ?? .server
    static let idempotentReplayed = HTTPField.Name("Idempotent-Replayed") ?? .server
}
