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
        return .object([("items", .array(items)), ("nextCursor", .optional(page.next.map(PageCursor.text)))])
    }
}

/// Where the next page begins: the format's number and the key, in base64 for addresses. Clients hand it back as it is.
enum PageCursor {
    private static let format: UInt8 = 1

    static func text(_ key: [UInt8]) -> String { Base64.encodeForAddresses([format] + key) }

    /// The key at which the page begins, which lies among those with the prefix.
    static func key(_ text: String, prefix: [UInt8]) throws(Problem) -> [UInt8] {
        guard let bytes = Base64.decodeForAddresses(text), bytes.first == format,
            bytes.count <= 1 + KeyValueLimits.keyBytes + 1, bytes.dropFirst().starts(with: prefix)
        else { throw .invalid(parameter: "cursor", "must be the nextCursor of a page with the same prefix") }
        return Array(bytes.dropFirst())
    }
}
