internal import KVStore

/// An entity tag (RFC 9110, section 8.8.3) of a key: its version in decimal digits, between quotes; always strong.
struct EntityTag: Hashable, Sendable {
    let version: KeyVersion

    init(_ version: KeyVersion) { self.version = version }

    /// What a client says; nil where no key ever had such a tag.
    init?(_ text: some StringProtocol) {
        guard text.utf8.count >= 3, text.first == "\"", text.last == "\"" else { return nil }
        let digits = text.dropFirst().dropLast()
        // One spelling a version: no sign, no leading zero.
        guard let number = UInt128(digits), String(number) == digits else { return nil }
        version = KeyVersion(number)
    }

    /// As it stands in a header field.
    var text: String { "\"\(version.rawValue)\"" }

    /// Whether a text has the form of an entity tag at all, weak ones included.
    static func isWellFormed(_ text: some StringProtocol) -> Bool {
        let opaque = text.hasPrefix("W/") ? text.dropFirst(2) : text[...]
        return opaque.utf8.count >= 2 && opaque.hasPrefix("\"") && opaque.hasSuffix("\"")
            && !opaque.dropFirst().dropLast().contains("\"")
    }
}
