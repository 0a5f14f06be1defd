internal import HTTPTypes
internal import Hummingbird
internal import KVStore
internal import Logging

/// Gives each request an id, its own (`X-Request-Id`) or a new one, and says it in the answer and in every log line;
/// `traceparent` (W3C Trace Context) is echoed where it is well-formed.
struct RequestIdentity: RouterMiddleware {
    typealias Context = APIContext

    func handle(
        _ request: Request,
        context: APIContext,
        next: NextResponder
    ) async throws -> Response {
        var context = context
        let id = request.headers[.requestID].flatMap(Self.accepted) ?? Self.minted()
        context.requestID = id
        context.logger[metadataKey: "hb.request.id"] = nil
        context.logger[metadataKey: "requestId"] = .string(id)
        let identified = context
        var response = try await RequestTrace.$id.withValue(id) { try await next(request, identified) }
        response.headers[.requestID] = id
        if let trace = request.headers[.traceParent], Self.isTrace(trace) { response.headers[.traceParent] = trace }
        return response
    }

    /// An id that may stand in logs and headers as it is: at most 128 letters, digits, dots, dashes and underscores.
    private static func accepted(_ id: String) -> String? {
        guard (1...128).contains(id.utf8.count) else { return nil }
        let isPlain = id.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isPlain ? id : nil
    }

    /// 96 random bits: no two requests of any node share an id.
    private static func minted() -> String {
        var random = SystemRandomNumberGenerator()
        let low = random.next()
        let high = UInt32(truncatingIfNeeded: random.next())
        var bytes: [UInt8] = []
        bytes.reserveCapacity(12)
        withUnsafeBytes(of: low) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: high) { bytes.append(contentsOf: $0) }
        return Base64.encodeForAddresses(bytes)
    }

    /// `version-trace-parent-flags` in lower-case hexadecimal digits.
    private static func isTrace(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [2, 32, 16, 2] else { return false }
        return parts.allSatisfy { part in
            part.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        }
    }
}

extension HTTPField.Name {
    static let requestID = HTTPField.Name("X-Request-Id") ?? .server
    static let traceParent = HTTPField.Name("traceparent") ?? .server
}
