internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import HummingbirdTLS
public import KVStore
public import Logging
internal import NIOCore
public import ServiceLifecycle

/// A node's HTTP side: from sockets to the store and back. Run it as one of the process's services.
///
/// On a graceful shutdown it accepts no more, answers what has come or comes whole within seconds, and returns.
public struct HTTPService: Service {
    private let options: HTTPOptions
    private let logger: Logger
    private let connections: ConnectionCount
    private let responder: RouterResponder<APIContext>
    /// Every method of every resource, those that are answered with 405 among them: tests look that none is forgotten.
    let routes: [(method: HTTPRequest.Method, path: String)]
    private let onServing: @Sendable (Int) async -> Void

    /// Builds all routes.
    ///
    /// - Parameters:
    ///   - store: Where `/v1/kv` reads and writes.
    ///   - inspector: What is known about the node and its cluster.
    ///   - operations: What operators may have the cluster do.
    ///   - sessions: Who may log in.
    ///   - database: Transactions over operators' keys; nil for a node that runs none.
    ///   - platform: The services of money; nil for a node that has none, whose API has no such routes.
    ///   - onServing: Called with the port once connections are accepted.
    public init(
        options: HTTPOptions,
        store: any KeyValueService,
        inspector: any ClusterInspector,
        operations: any ClusterOperator,
        sessions: Sessions,
        database: Database? = nil,
        platform: Platform? = nil,
        logger: Logger,
        onServing: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.options = options
        self.logger = logger
        self.onServing = onServing
        connections = ConnectionCount(limit: options.connectionsLimit)
        let metrics = RequestMetrics()
        let bodies = RequestBodies(budget: MemoryBudget(limitBytes: options.heldBytesLimit))
        let router = Router(context: APIContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: RequestIdentity())
        router.add(middleware: RequestObservation(metrics: metrics))
        router.add(middleware: ProblemAnswers())
        let health = HealthRoutes(
            cluster: inspector,
            requests: metrics,
            budget: bodies.budget,
            connections: connections,
            chores: platform?.chores
        )
        health.add(to: router)
        let users = UserRateLimit(
            limiter: RateLimiter(
                .init(name: "user", quota: options.userRequestsPerSecond, windowSeconds: 1),
                now: options.now
            )
        )
        let authenticated = router.group()
            .add(middleware: sessions.authentication)
            .add(middleware: users)
            .add(middleware: ProblemAnswers())
        let admins = authenticated.group().add(middleware: RequiredRole(role: .admin))
        ClusterRoutes(inspector: inspector, cluster: operations, bodies: bodies).add(to: admins)
        let keys = KeyValueRoutes(store: store, bodies: bodies, writePatience: options.writePatience)
        keys.add(to: admins)
        if let database { TransactionRoutes(database: database, keys: keys, bodies: bodies).add(to: admins) }
        let signUps = RateLimiter(
            .init(name: "sign-up", quota: options.signUpsPerMinute, windowSeconds: 60),
            now: options.now
        )
        AccountRoutes(sessions: sessions, bodies: bodies, signUps: signUps)
            .add(to: router, authenticated: authenticated, admins: admins)
        let open = router.group()
            .add(middleware: OptionalAuthentication(required: sessions.authentication))
            .add(middleware: users)
            .add(middleware: ProblemAnswers())
        platform?.add(to: open, operators: admins, bodies: bodies)
        routes = router.routes.map { ($0.method, $0.path.description) }
        responder = router.buildResponder()
    }

    /// Serves until the process shuts down gracefully, or the listening socket fails.
    public func run() async throws { try await application().run() }

    /// The routes behind a server, which tests may ask without one.
    func application() throws -> some ApplicationProtocol {
        Application(
            responder: responder,
            server: try server(),
            configuration: .init(
                address: .hostname(options.host, port: options.port),
                serverName: "gala",
                backlog: 1_024,
                // Some more are accepted than are served, to be told that they are not.
                availableConnectionsDelegate: MaximumAvailableConnections(
                    options.connectionsLimit + max(16, options.connectionsLimit / 10)
                )
            ),
            onServerRunning: { channel in await onServing(channel.localAddress?.port ?? options.port) },
            logger: logger
        )
    }

    private func server() throws -> HTTPServerBuilder {
        let patience = TimeAmount.seconds(options.transferSeconds)
        let endingPatience = TimeAmount.seconds(options.endingSeconds)
        let connections = connections
        let plain = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [
                    ConnectionGuard(count: connections, patience: patience, endingPatience: endingPatience)
                ],
                idleTimeout: .seconds(options.idleSeconds),
                httpDecoderConfiguration: .init(
                    // A key of 4 KiB takes 12 KiB in a path.
                    maxHeaderFieldSize: 16 << 10,
                    maxHeaderListSize: 32 << 10,
                    maxHeaderFieldCount: 100
                )
            )
        )
        guard let tls = options.tls else { return plain }
        return try .tls(plain, tlsConfiguration: try ServerCertificate(tls, logger: logger).configuration())
    }
}
