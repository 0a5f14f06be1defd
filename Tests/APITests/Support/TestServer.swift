import Domain
import DomainHarness
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import KVStore
import Logging
import ModelStore
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import API

/// The whole API over a model of the store, with a clock that tests turn, an operator and somebody who is none.
struct TestServer {
    let store = MemoryStore()
    let cluster = FixedCluster()
    let keys: TokenKeys
    let tokens: AccessTokens
    let admin: Account
    let user: Account
    /// What the domain stands on.
    let backend = ModelBackend()
    let users: UserAccounts
    let operators: Operators
    let checks = PasswordChecks(concurrent: 1, cost: Self.cost)
    private let clock: Clock
    let service: HTTPService

    final class Clock: Sendable {
        static let start: Int64 = 1_800_000_000
        private let seconds = NIOLockedValueBox(start)

        var now: Int64 { seconds.withLockedValue { $0 } }

        func advance(_ by: Int64) { seconds.withLockedValue { $0 += by } }
    }

    /// Cheap to check: what is tested is not how long it takes.
    static let cost = ScryptCost(logN: 10, r: 8, p: 1)

    init(
        _ options: HTTPOptions = HTTPOptions(host: "127.0.0.1", port: 0),
        failuresPerMinute: Int = 120,
        logger: Logger = Logger(label: "test") { JSONLogHandler(label: $0, level: .critical) },
        onServing: @escaping @Sendable (Int) async -> Void = { _ in }
    ) async throws {
        let clock = Clock()
        var options = options
        options.now = { UInt64(clock.now) * 1_000_000_000 }
        self.clock = clock
        admin = Account(
            id: "1",
            username: "admin",
            password: try #require(.of("secret", cost: Self.cost)),
            role: .admin
        )
        user = Account(id: "2", username: "eve", password: try #require(.of("public", cost: Self.cost)), role: .user)
        keys = try TokenKeys.generate()
        tokens = await AccessTokens(keys: keys, cluster: "test", now: { clock.now })
        let services = Services(database: Database(backend), ids: CountingIDs())
        let started = ContinuousClock.now
        users = UserAccounts(
            services,
            longestToken: .seconds(600),
            now: { started + .seconds(clock.now - Clock.start) }
        )
        operators = Operators(try AccountFile([admin, user]))
        let sessions = Sessions(
            operators: operators,
            users: users,
            tokens: tokens,
            checks: checks,
            lifetimeSeconds: 600,
            failuresPerMinute: failuresPerMinute,
            now: { clock.now }
        )
        service = HTTPService(
            options: options,
            store: store,
            inspector: cluster,
            operations: cluster,
            sessions: sessions,
            database: services.database,
            platform: Platform(services, gateway: SandboxGateway(), organizers: users.organizations),
            logger: logger,
            onServing: onServing
        )
    }

    var now: Int64 { clock.now }

    func advance(seconds: Int64) {
        clock.advance(seconds)
        backend.advance(by: .seconds(seconds))
    }

    /// As time goes on everywhere, and the node reads along.
    func readRevocations() async throws { try await users.revocations.read() }

    func adminToken() async throws -> String { try await tokens.issue(to: admin, seconds: 600) }

    /// Runs a script against the routes, or against a live server.
    func test<Value>(
        _ setup: TestingSetup = .router,
        _ script: @Sendable (Client) async throws -> Value
    ) async throws -> Value {
        let token = try await adminToken()
        try await users.revocations.read()
        return try await service.application().test(setup) { client in
            try await script(Client(client: client, token: token))
        }
    }

    /// Speaks as the administrator unless told otherwise.
    struct Client: Sendable {
        let client: any TestClientProtocol
        let token: String

        var port: Int? { client.port }

        func send(
            _ method: HTTPRequest.Method,
            _ uri: String,
            _ headers: HTTPFields = [:],
            body: [UInt8]? = nil
        ) async throws -> Answer {
            var headers = headers
            if headers[.authorization] == nil { headers[.authorization] = "Bearer \(token)" }
            if headers[.authorization] == "" { headers[.authorization] = nil }
            let response = try await client.executeRequest(
                uri: uri,
                method: method,
                headers: headers,
                body: body.map { ByteBuffer(bytes: $0) }
            )
            return Answer(response: response)
        }

        func send(
            _ method: HTTPRequest.Method,
            _ uri: String,
            _ headers: HTTPFields = [:],
            body: String
        ) async throws -> Answer { try await send(method, uri, headers, body: Array(body.utf8)) }
    }
}

/// What came back.
struct Answer: Sendable {
    let response: TestResponse

    var status: Int { response.status.code }
    var headers: HTTPFields { response.headers }
    var bytes: [UInt8] { Array(response.body.readableBytesView) }
    var text: String { String(decoding: bytes, as: UTF8.self) }
    /// The title that each code was seen with.
    private static let titles = NIOLockedValueBox<[String: String]>([:])

    /// A problem's code, if the answer is a problem in every respect: the title of each code is always the same.
    var code: String? {
        guard headers[.contentType] == "application/problem+json", let object = json.object,
            object["status"]?.int == status, object["type"]?.string?.hasPrefix("urn:gala:problem:") == true,
            let title = object["title"]?.string, !title.isEmpty, object["requestId"]?.string == headers[.requestID]
        else { return nil }
        let code = object["code"]?.string ?? ""
        let known = Self.titles.withLockedValue { titles in
            if titles[code] == nil { titles[code] = title }
            return titles[code]
        }
        return known == title ? code : nil
    }
    var json: ReadJSON { ReadJSON(bytes) }
}
