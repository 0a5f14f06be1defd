import Domain
import DomainHarness
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import KVStore
import Logging
import ModelStore
import Testing

@testable import API

/// The API with the services of money over a model store, and three people who may ask.
struct MoneyServer {
    let model = ModelBackend()
    let services: Services
    let platform: Platform
    let tokens: AccessTokens
    let service: HTTPService

    /// Who asks.
    enum Person: String, CaseIterable, Sendable {
        case donor = "7"
        case stranger = "8"
        case organizer = "90"
        case admin = "1"

        var id: UserID { UserID(UInt64(rawValue) ?? 0) }

        /// As an operator's account, which needs no records.
        var account: Account {
            get throws {
                Account(
                    id: rawValue,
                    username: rawValue,
                    password: try #require(.of("secret", cost: TestServer.cost)),
                    role: self == .admin ? .admin : .user
                )
            }
        }
    }

    /// Nobody acts for organizations here.
    struct NoOrganizers: Organizers {
        func mayOrganize(
            _ user: UserID,
            for organization: OrganizationID,
            in view: some RecordView
        ) async throws(TransactionError) -> Bool { false }
    }

    init(heldBytesLimit: Int? = nil) async throws {
        tokens = await AccessTokens(keys: try TokenKeys.generate(), cluster: "test", now: { 1_800_000_000 })
        let sessions = Sessions(
            operators: Operators(try AccountFile(Person.allCases.map { try $0.account })),
            users: nil,
            tokens: tokens,
            checks: PasswordChecks(concurrent: 1),
            lifetimeSeconds: 600,
            now: { 1_800_000_000 }
        )
        let cluster = FixedCluster()
        services = Services(database: Database(model), ids: CountingIDs())
        platform = Platform(services, gateway: SandboxGateway(), organizers: NoOrganizers())
        var options = HTTPOptions(host: "127.0.0.1", port: 0)
        options.userRequestsPerSecond = 1_000_000
        if let heldBytesLimit { options.heldBytesLimit = heldBytesLimit }
        service = HTTPService(
            options: options,
            store: MemoryStore(),
            inspector: cluster,
            operations: cluster,
            sessions: sessions,
            platform: platform,
            logger: Logger(label: "test") { JSONLogHandler(label: $0, level: .critical) }
        )
    }

    /// Runs a script against the routes.
    func test(_ script: @Sendable (Client) async throws -> Void) async throws {
        var headers: [Person: String] = [:]
        for person in Person.allCases {
            headers[person] = "Bearer " + (try await tokens.issue(to: person.account, seconds: 600))
        }
        let authorizations = headers
        try await service.application().test(.router) { client in
            try await script(Client(client: client, authorizations: authorizations))
        }
    }

    struct Client: Sendable {
        let client: any TestClientProtocol
        let authorizations: [Person: String]

        func send(
            _ method: HTTPRequest.Method,
            _ uri: String,
            as person: Person? = .donor,
            key: String? = nil,
            _ headers: HTTPFields = [:],
            body: String? = nil
        ) async throws -> Answer {
            try await send(method, uri, as: person, key: key, headers, bytes: body.map { Array($0.utf8) })
        }

        func send(
            _ method: HTTPRequest.Method,
            _ uri: String,
            as person: Person? = .donor,
            key: String? = nil,
            _ headers: HTTPFields = [:],
            bytes: [UInt8]?
        ) async throws -> Answer {
            var headers = headers
            if let person { headers[.authorization] = authorizations[person] }
            if let key { headers[.idempotencyKey] = key }
            let response = try await client.executeRequest(
                uri: uri,
                method: method,
                headers: headers,
                body: bytes.map { ByteBuffer(bytes: $0) }
            )
            return Answer(response: response)
        }

        /// An event that is as large as events get.
        func largeEvent() async throws -> String {
            let text = String(repeating: "\u{1F3D7}", count: 5_000)
            let body = #"{"name": "A well", "currency": "USD", "description": "\#(text)"}"#
            let answer = try await send(.post, "/v1/events", as: .organizer, body: body)
            #expect(answer.status == 201)
            return try #require(answer.json["id"].string)
        }

        /// An event that takes gifts in dollars.
        func event(_ currency: String = "USD") async throws -> String {
            let body = #"{"name": "A well for the village", "currency": "\#(currency)"}"#
            let answer = try await send(.post, "/v1/events", as: .organizer, body: body)
            #expect(answer.status == 201)
            return try #require(answer.json["id"].string)
        }

        func topUp(
            _ amount: Int,
            _ source: String = "tok_ok",
            as person: Person = .donor,
            key: String
        ) async throws -> Answer {
            let body = #"{"amount": \#(amount), "currency": "USD", "source": "\#(source)"}"#
            return try await send(.post, "/v1/wallet/top-ups", as: person, key: key, body: body)
        }

        func give(
            _ allocations: [(String, Int)],
            as person: Person = .donor,
            key: String,
            more: String = ""
        ) async throws -> Answer {
            let items = allocations.map { #"{"eventId": "\#($0.0)", "amount": \#($0.1)}"# }.joined(separator: ", ")
            let body = #"{"allocations": [\#(items)], "currency": "USD", "source": {"type": "wallet"}\#(more)}"#
            return try await send(.post, "/v1/donations", as: person, key: key, body: body)
        }
    }
}
