internal import HTTPTypes
internal import Hummingbird
internal import KVStore

/// The conditions of a request on a key (RFC 9110, section 13), as far as the store can keep them: a write may ask for
/// one version (`If-Match: "17"`) or for none at all (`If-None-Match: *`).
enum Conditions {
    /// What must hold for a write.
    static func ofWrite(_ headers: HTTPFields) throws(Problem) -> WriteCondition {
        switch (headers[.ifMatch], headers[.ifNoneMatch]) {
        case (nil, nil): return .none
        case (nil, "*"): return .isAbsent
        case (nil, .some): throw .invalid(parameter: "If-None-Match", "must be * on a write")
        case (let tag?, nil):
            guard EntityTag.isWellFormed(tag) else {
                throw .invalid(parameter: "If-Match", "must be one entity tag, as ETag said it")
            }
            // A tag that is not of our making, weak ones included, matches no version (strong comparison).
            guard let tag = EntityTag(tag) else { throw .preconditionFailed(nil) }
            return .hasVersion(tag.version)
        case (.some, .some):
            throw .invalid(parameter: "If-Match", "must not be given together with If-None-Match")
        }
    }

    /// Whether a reader says that it already has this version.
    static func readerHas(_ version: KeyVersion, _ headers: HTTPFields) -> Bool {
        guard let tags = headers[.ifNoneMatch] else { return false }
        if tags == "*" { return true }
        let current = EntityTag(version).text
        return tags.split(separator: ",").contains { tag in
            let tag = tag.drop { $0 == " " }.prefix { $0 != " " }
            return tag == current || tag == "W/" + current
        }
    }
}
