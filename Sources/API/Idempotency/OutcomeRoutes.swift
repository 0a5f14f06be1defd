internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import KVStore
internal import NIOCore

/// Where the outcome of a request can be looked up by who sent it: what it asked for and under which key, in base64 for
/// addresses. Whose request it is, the token says.
enum OutcomeAddress {
    private static let format: UInt8 = 1
    /// No route that takes a key is nearly as long, and what is much longer is no key of the store.
    private static let routeBytesLimit = 512

    static func path(_ key: RequestKey) -> String {
        "/v1/outcomes/" + Base64.encodeForAddresses([format] + Array(key.route.utf8) + [0] + Array(key.key.utf8))
    }

    /// Where it can be seen what a request without a key has come to: at what it was to change. Some of what can be
    /// changed cannot be looked at itself, or not by who asked for it, but what it belongs to can.
    static func resource(of path: String) -> String {
        let parts = path.split(separator: "/")
        switch parts.last {
        case _ where parts.starts(with: ["v1", "sessions"]) || parts == ["v1", "users"]: return "/v1/users/me"
        case "password", "roles": break
        case _ where parts.dropLast().last == "members": break
        default: return path
        }
        return "/" + parts.dropLast().joined(separator: "/")
    }

    /// The route and the key; nil where the text is no such address.
    static func parts(_ text: String) -> (route: String, key: String)? {
        guard let bytes = Base64.decodeForAddresses(text), bytes.first == format,
            let end = bytes.firstIndex(of: 0), end <= routeBytesLimit,
            let route = String(validating: bytes[1..<end], as: UTF8.self),
            let key = String(validating: bytes[(end + 1)...], as: UTF8.self),
            (1...RequestKey.keyBytesLimit).contains(key.utf8.count)
        else { return nil }
        return (route, key)
    }
}

/// `GET /v1/outcomes/{…}`: what became of a request of which nobody could tell at once.
///
/// - `{"status": "completed", "response": {"status", "location"?, "body"}}`: as it was answered, or would have been
/// - `{"status": "processing"}`: it has begun and goes on
/// - `{"status": "absent"}`: it had no effect so far; sent again with its key, it takes effect once
struct OutcomeRoutes: Sendable {
    let requests: Requests
    let topUps: TopUps

    func add(to router: some RouterMethods<APIContext>) {
        router.resource("/v1/outcomes/:outcome", [.get: outcome])
    }

    private func outcome(_ request: Request, _ context: APIContext) async throws -> Response {
        let user = try context.user()
        guard let parts = OutcomeAddress.parts(try context.parameters.require("outcome")) else {
            throw Problem.notFound()
        }
        switch try await requests.outcome(caller: user, route: parts.route, key: parts.key) {
        case .absent: return .json(.object([("status", .string("absent"))]), headers: [.cacheControl: "no-store"])
        case .begun(let topUp): return try await begun(topUp, user, context)
        case .concluded(.answered(let answer)):
            return completed(answer.status, answer.location, ByteBuffer(bytes: answer.content))
        case .concluded(.refused(let error)): return refused(error, context)
        }
    }

    /// What a request that nobody has answered would be answered now: as far as its top-up is.
    private func begun(_ id: TransferID?, _ user: UserID, _ context: APIContext) async throws -> Response {
        if let id {
            let topUp = try await topUps.look(at: id, of: user)
            switch topUp.status {
            case .processing: break
            case .succeeded:
                let answer = WalletAnswers.topUp(topUp)
                return completed(answer.status, answer.location, ByteBuffer(bytes: answer.content))
            case .declined: return refused(topUp.refusal, context)
            }
        }
        return .json(.object([("status", .string("processing"))]), headers: [.cacheControl: "no-store"])
    }

    private func refused(_ error: DomainError, _ context: APIContext) -> Response {
        let problem = Problem(error)
        return completed(problem.status.code, nil, problem.json(requestID: context.requestID).text)
    }

    private func completed(_ status: Int, _ location: String?, _ body: ByteBuffer) -> Response {
        var text = ByteBuffer()
        text.writeString(#"{"status":"completed","response":{"status":\#(status),"location":"#)
        JSON.optional(location).write(into: &text)
        text.writeStaticString(",\"body\":")
        text.writeImmutableBuffer(body)
        text.writeStaticString("}}")
        return Response(
            status: .ok,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: text)
        )
    }
}
