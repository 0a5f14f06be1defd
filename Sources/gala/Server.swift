import API
import FoundationEssentials
import KVStore
import Logging
import ServiceLifecycle
import UnixSignals

/// A node and its HTTP side, in one process. Ends in the order that loses nothing: first the node says that it is not
/// ready any more and hands over what it leads, then no more requests are taken and those that came are answered, then
/// it closes its files.
struct Server {
    /// What ``Server/openNode(_:_:)`` makes.
    struct NodeParts {
        /// Keys and values of the whole cluster.
        let store: any KeyValueService
        let inspector: any ClusterInspector
        let operations: any ClusterOperator
        /// Transactions over any keys; nil for a node that runs none, whose API has the store's keys and the cluster.
        let database: Database?
        /// Runs the node until graceful shutdown, then hands over and closes it.
        let service: any Service
        /// After graceful shutdown has begun, lets the node go on serving until others lead.
        let retreat: any Service
    }

    let configuration: Configuration

    /// True where the first replicas of a new cluster may be made.
    let isBootstrapping: Bool

    func run() async throws {
        let level = configuration.logLevel
        let node = "\(configuration.nodeID)"
        LoggingSystem.bootstrap { JSONLogHandler(label: $0, level: level, metadata: ["node": "\(node)"]) }
        let logger = Logger(label: "gala")
        let files = try readFiles()
        let descriptors = FileDescriptors.raiseLimit()
        let connections = min(configuration.httpConnections, FileDescriptors.connections(of: descriptors))
        if connections < configuration.httpConnections {
            logger.warning(
                "The system's limit of open files allows fewer connections than configured.",
                metadata: ["openFiles": "\(descriptors)", "connections": "\(connections)"]
            )
        }
        let parts = try await openNode(logger)
        let platform = parts.database.map { Self.platform($0) }
        let checks = PasswordChecks()
        let operators = Operators(files.accounts)
        let follower = OperatorsFollower(
            path: configuration.accountsFile,
            operators: operators,
            text: files.accountsText,
            logger: logger
        )
        let sessions = Sessions(
            operators: operators,
            users: platform?.users,
            tokens: await AccessTokens(keys: files.keys, cluster: configuration.clusterID),
            checks: checks,
            lifetimeSeconds: Int64(configuration.tokenSeconds)
        )
        let http = HTTPService(
            options: httpOptions(connections: connections),
            store: parts.store,
            inspector: parts.inspector,
            operations: parts.operations,
            sessions: sessions,
            database: parts.database,
            platform: platform?.money,
            logger: logger,
            onServing: { port in logger.notice("HTTP is served.", metadata: ["port": .stringConvertible(port)]) }
        )
        var group = ServiceGroupConfiguration(
            // They end from the last to the first.
            services: [parts.service] + (platform?.services ?? []) + [follower, http, parts.retreat],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        group.maximumGracefulShutdownDuration = .seconds(30)
        do {
            try await ServiceGroup(configuration: group).run()
        } catch {
            throw StartFailure("the node has ended: \(error)")
        }
        try await checks.shutDown()
        logger.notice("The node has ended in good order.")
    }

    private func httpOptions(connections: Int) -> HTTPOptions {
        var options = HTTPOptions(
            host: configuration.httpListen.host,
            port: configuration.httpListen.port,
            tls: configuration.httpCertificate.map { .init(certificateChain: $0.chain, privateKey: $0.key) }
        )
        options.connectionsLimit = connections
        options.userRequestsPerSecond = configuration.userRequestsPerSecond
        options.signUpsPerMinute = configuration.signUpsPerMinute
        return options
    }

    /// Accounts and keys, read and checked before anything else is touched, as files of certificates are.
    private func readFiles() throws -> (accountsText: Data, accounts: AccountFile, keys: TokenKeys) {
        var faults = configuration.certificateFaults
        func contents(_ name: SettingName, _ path: String) -> Data? {
            let data = try? Data(contentsOf: URL(filePath: path))
            if data == nil { faults.append(.init(source: .file(name.rawValue), rule: "\(path) cannot be read")) }
            return data
        }
        var accounts: AccountFile?
        var keys: TokenKeys?
        let accountsText = contents(.securityAccounts, configuration.accountsFile)
        if let text = accountsText {
            do { accounts = try AccountFile(text: text) } catch {
                faults.append(.init(source: .file(SettingName.securityAccounts.rawValue), rule: "\(error)"))
            }
        }
        if let text = contents(.securityTokenKeys, configuration.tokenKeysFile) {
            do { keys = try TokenKeys(text: text) } catch {
                faults.append(.init(source: .file(SettingName.securityTokenKeys.rawValue), rule: "\(error)"))
            }
        }
        guard faults.isEmpty, let accountsText, let accounts, let keys else { throw InvalidConfiguration(faults) }
        return (accountsText, accounts, keys)
    }
}
