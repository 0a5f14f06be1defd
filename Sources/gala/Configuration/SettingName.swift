/// Every setting that there is.
enum SettingName: String, CaseIterable {
    case clusterID = "cluster.id"
    case clusterPeers = "cluster.peers"
    case nodeID = "node.id"
    case nodeListen = "node.listen"
    case nodeCertificate = "node.certificate"
    case nodeKey = "node.key"
    case nodeAuthority = "node.authority"
    case httpListen = "http.listen"
    case httpCertificate = "http.certificate"
    case httpKey = "http.key"
    case httpConnections = "http.connections"
    case httpUserRequestsPerSecond = "http.userRequestsPerSecond"
    case httpSignUpsPerMinute = "http.signUpsPerMinute"
    case dataDirectory = "data.directory"
    case storePartitions = "store.partitions"
    case securityAccounts = "security.accounts"
    case securityTokenKeys = "security.tokenKeys"
    case securityTokenSeconds = "security.tokenSeconds"
    case logLevel = "log.level"

    /// The first parts of all names.
    static let sections = Set(allCases.compactMap { $0.rawValue.split(separator: ".").first.map(String.init) })

    /// `GALA_SECURITY_TOKEN_KEYS`.
    var variable: String { "GALA_" + words(separator: "_").uppercased() }

    /// `--security-token-keys`.
    var option: String { "--" + words(separator: "-") }

    private func words(separator: String) -> String {
        rawValue.reduce(into: "") { words, character in
            if character == "." {
                words += separator
            } else if character.isUppercase, words.last?.isLowercase == true {
                words += separator + character.lowercased()
            } else {
                words += character.lowercased()
            }
        }
    }
}
