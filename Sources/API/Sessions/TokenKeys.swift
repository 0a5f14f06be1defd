public import FoundationEssentials
internal import JWTKit

/// The keys that sign and verify access tokens, the same on every node: `{"keys": [{"kid", "d"}]}`, Ed25519 private
/// keys in base64url (RFC 8037).
///
/// The first signs. To change keys, put the new one behind the old on every node, then in front, and remove the old one
/// when its last token has expired.
public struct TokenKeys: Sendable {
    /// Why a file cannot be used.
    public struct Unusable: Error, CustomStringConvertible {
        /// The rule that is broken, and where.
        public let description: String
    }

    private struct Contents: Codable {
        struct Entry: Codable {
            let kid: String
            let d: String
        }

        let keys: [Entry]
    }

    private let contents: Contents
    let keys: [(id: String, key: EdDSA.PrivateKey)]

    /// A new key.
    public static func generate() throws -> TokenKeys {
        let key = try EdDSA.PrivateKey()
        let bytes = [UInt8](key.rawRepresentation)
        var random = SystemRandomNumberGenerator()
        let id = Base64.encodeForAddresses((0..<9).map { _ in UInt8.random(in: 0...255, using: &random) })
        return try TokenKeys(Contents(keys: [.init(kid: id, d: Base64.encodeForAddresses(bytes))]))
    }

    /// Reads a file's text.
    public init(text: Data) throws(Unusable) {
        let contents: Contents
        do {
            contents = try JSONDecoder().decode(Contents.self, from: text)
        } catch {
            throw Unusable(description: "must be {\"keys\": [{\"kid\": …, \"d\": …}]}")
        }
        try self.init(contents)
    }

    private init(_ contents: Contents) throws(Unusable) {
        guard !contents.keys.isEmpty else { throw Unusable(description: "keys: must have at least one") }
        var keys: [(id: String, key: EdDSA.PrivateKey)] = []
        for (position, entry) in contents.keys.enumerated() {
            guard !entry.kid.isEmpty, !keys.contains(where: { $0.id == entry.kid }) else {
                throw Unusable(description: "keys[\(position)].kid: must be there, and only once")
            }
            guard let bytes = Base64.decodeForAddresses(entry.d), bytes.count == 32,
                let key = try? EdDSA.PrivateKey(d: entry.d, curve: .ed25519)
            else { throw Unusable(description: "keys[\(position)].d: must be 32 bytes in base64url") }
            keys.append((entry.kid, key))
        }
        self.contents = contents
        self.keys = keys
    }

    /// The file's text.
    public var text: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            return try encoder.encode(contents)
        }
    }
}
