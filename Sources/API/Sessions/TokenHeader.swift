internal import FoundationEssentials

/// What a token says about itself before anybody believes it.
struct TokenHeader: Decodable {
    let alg: String
    let kid: String
    let typ: String
    let crit: [String]?

    /// Reads the first of three parts; nil where it is not JSON with these members.
    init?(of token: String) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64.decodeForAddresses(parts[0]),
            let header = try? JSONDecoder().decode(TokenHeader.self, from: Data(bytes))
        else { return nil }
        self = header
    }
}
