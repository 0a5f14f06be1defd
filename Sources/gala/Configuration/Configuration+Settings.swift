import KVStore
import Logging

extension Configuration {
    /// Checks every setting, and tells all that is wrong at once.
    init(_ settings: Settings) throws(InvalidConfiguration) {
        var check = Checks(settings)
        let nodeID = check.int(.nodeID, in: Configuration.nodeIDs) ?? 1
        let nodeListen = check.address(.nodeListen)
        let httpListen = check.address(.httpListen)
        let certificate = check.certificate(.nodeCertificate, .nodeKey)
        let authority = check.text(.nodeAuthority)
        if (certificate == nil) != (authority == nil) {
            check.fault(.nodeAuthority, "must be set together with node.certificate and node.key")
        }
        let peers = check.peers(self: UInt64(nodeID))
        let isLocal = ([nodeListen].compactMap { $0 } + peers.values).allSatisfy { $0.isLoopback }
        if certificate == nil, !isLocal {
            check.fault(.nodeCertificate, "must be set unless all nodes are on the loopback interface")
        }
        self.init(
            clusterID: check.clusterID(),
            peers: peers,
            nodeID: UInt64(nodeID),
            nodeListen: nodeListen ?? .nowhere,
            identity: certificate.flatMap { certificate in
                authority.map { Identity(certificate: certificate, authority: $0) }
            },
            httpListen: httpListen ?? .nowhere,
            httpCertificate: check.certificate(.httpCertificate, .httpKey),
            httpConnections: check.int(.httpConnections, in: 1...1_000_000, or: 10_000) ?? 0,
            userRequestsPerSecond: check.int(.httpUserRequestsPerSecond, in: 1...1_000_000, or: 200) ?? 0,
            signUpsPerMinute: check.int(.httpSignUpsPerMinute, in: 1...1_000_000, or: 600) ?? 0,
            dataDirectory: check.required(.dataDirectory),
            partitions: check.int(.storePartitions, in: PartitionLayout.counts, or: PartitionLayout.usualCount) ?? 0,
            accountsFile: check.required(.securityAccounts),
            tokenKeysFile: check.required(.securityTokenKeys),
            tokenSeconds: check.int(.securityTokenSeconds, in: 60...86_400, or: 900) ?? 0,
            logLevel: check.level()
        )
        if !check.faults.isEmpty { throw InvalidConfiguration(check.faults) }
    }
}

/// Reads settings one by one, and gathers what is wrong with them.
private struct Checks {
    let settings: Settings
    var faults: [Settings.Fault] = []

    init(_ settings: Settings) { self.settings = settings }

    mutating func fault(_ name: SettingName, _ rule: String) {
        let source = settings.value(name)?.source ?? .nowhere(name.rawValue)
        faults.append(Settings.Fault(source: source, rule: rule))
    }

    mutating func text(_ name: SettingName) -> String? {
        guard let value = settings.value(name)?.value else { return nil }
        guard case .text(let text) = value, !text.isEmpty else {
            fault(name, "must be a text that is not empty")
            return nil
        }
        guard !text.utf8.contains(0) else {
            fault(name, "must not contain NUL")
            return nil
        }
        return text
    }

    mutating func required(_ name: SettingName) -> String {
        if settings.value(name) == nil { fault(name, "must be set") }
        return text(name) ?? ""
    }

    mutating func int(_ name: SettingName, in range: ClosedRange<Int>, or fallback: Int? = nil) -> Int? {
        let number: Int?
        switch settings.value(name)?.value {
        case nil where fallback != nil: return fallback
        case nil:
            fault(name, "must be set")
            return nil
        case .number(let value): number = value
        case .text(let text): number = Int(text)
        case .table, .other: number = nil
        }
        guard let number, range.contains(number) else {
            fault(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func address(_ name: SettingName) -> Configuration.Address? {
        let text = required(name)
        guard !text.isEmpty else { return nil }
        guard let address = Configuration.Address(text) else {
            fault(name, "must be HOST:PORT, an IPv6 address in brackets")
            return nil
        }
        return address
    }

    mutating func certificate(_ chain: SettingName, _ key: SettingName) -> Configuration.Certificate? {
        switch (text(chain), text(key)) {
        case (nil, nil): return nil
        case (let chain?, let key?): return Configuration.Certificate(chain: chain, key: key)
        case (nil, .some): fault(chain, "must be set together with \(key.rawValue)")
        case (.some, nil): fault(key, "must be set together with \(chain.rawValue)")
        }
        return nil
    }

    mutating func clusterID() -> String {
        let text = required(.clusterID)
        let isPlain = text.utf8.allSatisfy { byte in
            (97...122).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "-")
        }
        if !isPlain || text.utf8.count > 16 { fault(.clusterID, "must be at most 16 of a-z, 0-9 and -") }
        return text
    }

    mutating func level() -> Logger.Level {
        guard let text = text(.logLevel) else { return .info }
        guard let level = Logger.Level(rawValue: text) else {
            fault(.logLevel, "must be one of " + Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))
            return .info
        }
        return level
    }

    /// The other nodes: a table in the file, `2=HOST:PORT,3=HOST:PORT` elsewhere. It may name the node itself, so that
    /// all nodes can have the same.
    mutating func peers(self node: UInt64) -> [UInt64: Configuration.Address] {
        let rule = "must give each node's number a HOST:PORT, as 2=127.0.0.1:7102,3=127.0.0.1:7103"
        var entries: [(id: String, address: String)] = []
        switch settings.value(.clusterPeers)?.value {
        case nil: return [:]
        case .table(let table): entries = table.map { ($0.key, $0.value) }
        case .text(let text):
            for entry in text.split(separator: ",", omittingEmptySubsequences: false) {
                let equals = entry.firstIndex(of: "=") ?? entry.endIndex
                entries.append((String(entry[..<equals]), String(entry[equals...].dropFirst())))
            }
        case .number, .other:
            fault(.clusterPeers, rule)
            return [:]
        }
        var peers: [UInt64: Configuration.Address] = [:]
        for entry in entries {
            guard let id = UInt64(entry.id), Configuration.nodeIDs.contains(Int(clamping: id)), peers[id] == nil,
                let address = Configuration.Address(entry.address)
            else {
                fault(.clusterPeers, rule)
                return [:]
            }
            peers[id] = address
        }
        peers[node] = nil
        if peers.count >= PlacementRecord.mostReplicas {
            fault(
                .clusterPeers,
                "must name at most \(PlacementRecord.mostReplicas) nodes: each holds a replica of every partition"
            )
        }
        return peers
    }
}

extension Configuration {
    /// The numbers that nodes can have.
    fileprivate static var nodeIDs: ClosedRange<Int> { 1...Int(Int32.max) }
}

extension Configuration.Address {
    /// Stands where an address is missing, which is told.
    fileprivate static let nowhere = Self(host: "", port: 0)

    /// Reads `HOST:PORT`; nil for anything else.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            return nil
        }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains("/"), !host.contains(" ") else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    fileprivate var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
}
