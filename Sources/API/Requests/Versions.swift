internal import HTTPTypes
internal import Hummingbird
internal import KVStore

/// Versions of the domain's resources as entity tags: a change names the version that it is about.
enum Versions {
    /// How a version stands in a header field.
    static func tag(_ version: Timestamp) -> String { EntityTag(KeyVersion(UInt128(version.rawValue))).text }

    /// The version that a change is about.
    ///
    /// - Throws: 428 where none is named, 422 for what is no entity tag, 412 for one that no resource ever had.
    static func required(_ headers: HTTPFields) throws(Problem) -> Timestamp {
        guard let text = headers[.ifMatch] else { throw .preconditionRequired }
        guard EntityTag.isWellFormed(text) else {
            throw .invalid(parameter: "If-Match", "must be one entity tag, as ETag said it")
        }
        guard let tag = EntityTag(text), let version = UInt64(exactly: tag.version.rawValue) else {
            throw .preconditionFailed(nil)
        }
        return Timestamp(version)
    }

    /// An answer with a resource that has a version; empty for a reader who has it already.
    static func answer(
        _ json: JSON,
        _ version: Timestamp,
        _ request: Request,
        status: HTTPResponse.Status = .ok,
        location: String? = nil
    ) -> Response {
        var headers: HTTPFields = [.eTag: tag(version), .cacheControl: "private, no-cache"]
        headers[.location] = location
        let isRead = request.method == .get || request.method == .head
        if isRead, Conditions.readerHas(KeyVersion(UInt128(version.rawValue)), request.headers) {
            return Response(status: .notModified, headers: headers)
        }
        return .json(json, status: status, headers: headers)
    }
}
