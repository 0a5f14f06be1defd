import FoundationEssentials

/// The files of a cluster of three: certificates, an administrator, and a configuration for each node, made by the
/// tools that operators use.
struct ClusterFiles {
    static let nodes = 1...3

    let directory: String
    let binaries: Binaries
    let place: Enclosure.Place
    /// The administrator's token.
    let token: String

    /// The programs that are tried.
    struct Binaries {
        let gala: String
        let galactl: String

        init(directory: String) throws {
            gala = directory + "/gala"
            galactl = directory + "/galactl"
            for path in [gala, galactl] where !Files.exists(path) {
                throw Trouble("there is no \(path); build it, or name another place with --binaries")
            }
        }
    }

    /// Makes all files.
    init(directory: String, binaries: Binaries, place: Enclosure.Place) throws {
        self.directory = directory
        self.binaries = binaries
        self.place = place
        let security = "\(directory)/security"
        // Some days old, as they usually are: a clock that is set back must not find them to be of the future.
        let early = FakeClock.isAvailable ? ["faketime", "2 days ago"] : []
        try Program.run(early + [binaries.galactl, "cert", "create-ca", "--directory", security])
        for node in Self.nodes {
            let host = place == .namespaces ? ["--host", Network.address(of: node)] : []
            try Program.run(
                early + [binaries.galactl, "cert", "create-node", "\(node)", "--directory", security] + host
            )
        }
        let credentials = "\(directory)/security/admin.json"
        try Program.run(
            early + [
                binaries.gala, "create-admin", "--directory", security, "--credentials", credentials, "--cluster-id",
                "chaos",
            ]
        )
        token = try Self.token(credentials)
        for node in Self.nodes { try Files.write([UInt8](configuration(of: node)), to: configurationFile(of: node)) }
    }

    private static func token(_ path: String) throws -> String {
        struct Credentials: Decodable {
            let token: String
        }
        guard let text = Files.read(path) else { throw Trouble("there is no \(path)") }
        return try JSONDecoder().decode(Credentials.self, from: Data(text)).token
    }

    func configurationFile(of node: Int) -> String { "\(directory)/node\(node).json" }

    func logFile(of node: Int) -> String { "\(directory)/node\(node).log" }

    func host(of node: Int) -> String { place == .namespaces ? Network.address(of: node) : "127.0.0.1" }

    func httpPort(of node: Int) -> Int { 17_000 + node }

    func peerPort(of node: Int) -> Int { 17_100 + node }

    /// Where a node serves HTTP.
    func endpoint(of node: Int) -> String { "http://\(host(of: node)):\(httpPort(of: node))" }

    private struct Settings: Encodable {
        let cluster: Cluster
        let node: Node
        let http: HTTP
        let data: [String: String]
        let security: [String: String]
        let log = ["level": "info"]

        struct Cluster: Encodable {
            let id: String
            let peers: [String: String]
        }

        struct Node: Encodable {
            let id: Int
            let listen: String
            let certificate: String
            let key: String
            let authority: String
        }

        /// Nobody is held to a number of requests: what a node can do, and no more, is to be seen.
        struct HTTP: Encodable {
            let listen: String
            let userRequestsPerSecond = 1_000_000
            let signUpsPerMinute = 1_000_000
        }
    }

    private func configuration(of node: Int) throws -> Data {
        let security = "\(directory)/security"
        func peer(_ node: Int) -> String { "\(host(of: node)):\(peerPort(of: node))" }
        let settings = Settings(
            cluster: .init(
                id: "chaos",
                peers: Dictionary(uniqueKeysWithValues: Self.nodes.map { ("\($0)", peer($0)) })
            ),
            node: .init(
                id: node,
                listen: peer(node),
                certificate: "\(security)/node-\(node).pem",
                key: "\(security)/node-\(node).key",
                authority: "\(security)/ca.pem"
            ),
            http: .init(listen: "\(host(of: node)):\(httpPort(of: node))"),
            data: ["directory": "\(directory)/data\(node)"],
            security: ["accounts": "\(security)/accounts.json", "tokenKeys": "\(security)/token-keys.json"]
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(settings)
    }
}

/// A wall clock that is another for one process, by libfaketime. Monotonic time is left alone.
enum FakeClock {
    private static let libraries = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"]

    private static let library = libraries.map { $0 + "/faketime/libfaketimeMT.so.1" }.first { Files.exists($0) }

    static var isAvailable: Bool { library != nil && Files.program("faketime") != nil }

    /// Variables that give a process a clock which ``set(_:by:)`` can turn.
    static func environment(_ file: String) -> [String] {
        guard let library, isAvailable else { return [] }
        return [
            "LD_PRELOAD=\(library)", "FAKETIME_TIMESTAMP_FILE=\(file)", "FAKETIME_CACHE_DURATION=1",
            "FAKETIME_DONT_FAKE_MONOTONIC=1",
        ]
    }

    /// Turns it so far from the true time; it takes a second to be noticed.
    static func set(_ file: String, bySeconds seconds: Int) throws {
        try Files.write((seconds < 0 ? "" : "+") + "\(seconds)s\n", to: file)
    }
}
