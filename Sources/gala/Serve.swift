import ArgumentParser
import FoundationEssentials
import Logging

/// Runs a node until it is told to end.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run a node until SIGTERM or SIGINT.",
        discussion: """
            Every option can also stand in the file that --config names, or in the environment: --http-listen is \
            "http": {"listen": …} there and GALA_HTTP_LISTEN here. Options win over the environment, and that over the \
            file. Paths are relative to the working directory.

            With --bootstrap and GALA_ADMIN_PASSWORD, a missing file of accounts is made with an account "admin" that has \
            this password; a missing file of keys, too, for a node without peers.
            """
    )

    @Option(help: ArgumentHelp("The JSON file with settings.", valueName: "file"))
    var config: String?
    @Option(help: ArgumentHelp("The cluster's id, the same on every node.", valueName: "name"))
    var clusterId: String?
    @Option(help: ArgumentHelp("All nodes: 1=HOST:PORT,2=HOST:PORT,…", valueName: "list"))
    var clusterPeers: String?
    @Option(help: ArgumentHelp("This node's number.", valueName: "number"))
    var nodeId: String?
    @Option(help: ArgumentHelp("Where to listen for other nodes.", valueName: "host:port"))
    var nodeListen: String?
    @Option(help: ArgumentHelp("The certificate shown to other nodes.", valueName: "file"))
    var nodeCertificate: String?
    @Option(help: ArgumentHelp("The key of that certificate.", valueName: "file"))
    var nodeKey: String?
    @Option(help: ArgumentHelp("The certificate of the cluster's authority.", valueName: "file"))
    var nodeAuthority: String?
    @Option(help: ArgumentHelp("Where to listen for HTTP.", valueName: "host:port"))
    var httpListen: String?
    @Option(help: ArgumentHelp("The certificate chain for HTTP; without it, HTTP is plain.", valueName: "file"))
    var httpCertificate: String?
    @Option(help: ArgumentHelp("The key of that certificate.", valueName: "file"))
    var httpKey: String?
    @Option(help: ArgumentHelp("The most HTTP connections at once.", valueName: "number"))
    var httpConnections: String?
    @Option(help: ArgumentHelp("The most requests of a user in a second.", valueName: "number"))
    var httpUserRequestsPerSecond: String?
    @Option(help: ArgumentHelp("The most sign-ups from an address in a minute.", valueName: "number"))
    var httpSignUpsPerMinute: String?
    @Option(help: ArgumentHelp("Where everything is kept.", valueName: "directory"))
    var dataDirectory: String?
    @Option(help: ArgumentHelp("With how many partitions a new cluster begins.", valueName: "number"))
    var storePartitions: String?
    @Option(help: ArgumentHelp("The file of operators' accounts.", valueName: "file"))
    var securityAccounts: String?
    @Option(help: ArgumentHelp("The file of the keys that sign tokens.", valueName: "file"))
    var securityTokenKeys: String?
    @Option(help: ArgumentHelp("How long a login's token holds, in seconds.", valueName: "number"))
    var securityTokenSeconds: String?
    @Option(help: ArgumentHelp("The least level that is logged: debug, info, notice, …", valueName: "level"))
    var logLevel: String?

    @Flag(help: "Begin a new cluster: make the first replicas, if this node has none. Only for its first start.")
    var bootstrap = false

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        var file: [UInt8]?
        if let path = config ?? environment["GALA_CONFIG"] {
            guard let data = try? Data(contentsOf: URL(filePath: path)) else {
                let source = config == nil ? "GALA_CONFIG" : "--config"
                throw InvalidConfiguration([.init(source: .commandLine(source), rule: "\(path) cannot be read")])
            }
            file = [UInt8](data)
        }
        let settings = try Settings(file: file, environment: environment, commandLine: options)
        let configuration = try Configuration(settings)
        if bootstrap, let password = environment[FirstAdministrator.variable] {
            try FirstAdministrator.makeMissingFiles(configuration, password: password)
        }
        try await Server(configuration: configuration, isBootstrapping: bootstrap).run()
    }

    private var options: [String: String] {
        let given: [SettingName: String?] = [
            .clusterID: clusterId, .clusterPeers: clusterPeers, .nodeID: nodeId, .nodeListen: nodeListen,
            .nodeCertificate: nodeCertificate, .nodeKey: nodeKey, .nodeAuthority: nodeAuthority,
            .httpListen: httpListen, .httpCertificate: httpCertificate, .httpKey: httpKey,
            .httpConnections: httpConnections, .httpUserRequestsPerSecond: httpUserRequestsPerSecond,
            .httpSignUpsPerMinute: httpSignUpsPerMinute, .dataDirectory: dataDirectory,
            .storePartitions: storePartitions, .securityAccounts: securityAccounts,
            .securityTokenKeys: securityTokenKeys, .securityTokenSeconds: securityTokenSeconds, .logLevel: logLevel,
        ]
        var options: [String: String] = [:]
        for (name, value) in given { options[name.rawValue] = value }
        return options
    }
}
