internal import KVStore

/// A page of entries as JSON: `{"items": [{"key", "value", "version"}], "nextCursor"}`.
///
/// Values are base64. A key that is UTF-8 is `key`; one that is not stands in base64 as `keyBase64` instead, since a
/// JSON string cannot hold it. `nextCursor` is null on the last page.
enum PageAnswer {
    static func json(_ page: KeyValuePage) -> JSON {
        let items = page.entries.map { entry -> JSON in
            let key: (name: String, value: JSON) =
                if let text = String(validating: entry.key, as: UTF8.self) {
                    ("key", .string(text))
                } else {
                    ("keyBase64", .base64(entry.key))
                }
            return .object([
                key, ("value", .base64(entry.value.bytes)),
                ("version", .string(String(entry.value.version.rawValue))),
            ])
        }
        let cursor = page.next.map { PageCursor(key: $0, timestamp: page.timestamp).text }
        return .object([("items", .array(items)), ("nextCursor", .optional(cursor))])
    }
}

/// Where the next page begins, and which moment all pages show: the format's number, the timestamp and the key, in base64
/// for addresses. Clients hand it back as it is.
struct PageCursor: Hashable {
    let key: [UInt8]
    /// Nil for pages of what one node has applied.
    let timestamp: Timestamp?

    private static let format: UInt8 = 2
    private static let headerBytes = 9

    init(key: [UInt8], timestamp: Timestamp?) {
        self.key = key
        self.timestamp = timestamp
    }

    var text: String {
        let moment = timestamp?.rawValue ?? 0
        let header = [Self.format] + (0..<8).map { UInt8(truncatingIfNeeded: moment >> (56 - 8 * $0)) }
        return Base64.encodeForAddresses(header + key)
    }

    /// Reads a cursor, which lies among the keys with the prefix.
    init(_ text: String, prefix: [UInt8]) throws(Problem) {
        guard let bytes = Base64.decodeForAddresses(text), bytes.first == Self.format,
            Self.headerBytes...Self.headerBytes + KeyValueLimits.keyBytes + 1 ~= bytes.count,
            bytes.dropFirst(Self.headerBytes).starts(with: prefix)
        else { throw .invalid(parameter: "cursor", "must be the nextCursor of a page with the same prefix") }
        key = Array(bytes.dropFirst(Self.headerBytes))
        let moment = bytes[1..<Self.headerBytes].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        timestamp = moment == 0 ? nil : Timestamp(moment)
    }
}
