internal import KVStore

/// The key within a path: everything behind `/v1/kv/`, percent-decoded, slashes and all.
///
/// Read from the path as it came, since a router's segments would swallow empty ones: `/v1/kv/a//b` is the key `a//b`.
enum KeyInPath {
    static let root = "/v1/kv"

    /// The key's bytes; nil where the path has none, being that of all keys.
    static func key(_ path: String) throws(Problem) -> [UInt8]? {
        let prefix = root + "/"
        guard path.hasPrefix(prefix) else {
            if path == root { return nil }
            throw .notFound()
        }
        let text = path.utf8.dropFirst(prefix.utf8.count)
        if text.isEmpty { return nil }
        // Bytes of the request line that are no UTF-8 have been replaced before they came here: they cannot be told.
        guard !path.unicodeScalars.contains("\u{FFFD}") else {
            throw .invalid(parameter: "key", "must be percent-encoded where it is not ASCII")
        }
        guard let key = PercentEncoding.decode(text) else {
            throw .malformed("A percent sign of the path is not followed by two hexadecimal digits.")
        }
        guard key.count <= KeyValueLimits.keyBytes else {
            throw .invalid(parameter: "key", "must be at most \(KeyValueLimits.keyBytes) bytes")
        }
        return key
    }
}
