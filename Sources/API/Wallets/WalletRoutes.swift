internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import KVStore
internal import NIOCore

/// `/v1/wallet`: what a user has, how he came by it, and how more comes in.
struct WalletRoutes: Sendable {
    let wallets: Wallets
    let topUps: TopUps
    let moments: Moments
    let bodies: RequestBodies

    private static let bodyBytesLimit = 16 << 10
    private static let sourceBytes = 1...200

    func add(to router: some RouterMethods<APIContext>) {
        router.resource("/v1/wallet", [.get: wallet])
        router.resource("/v1/wallet/entries", [.get: entries])
        router.resource("/v1/wallet/top-ups", [.post: take])
        router.resource("/v1/wallet/top-ups/:topUp", [.get: topUp])
    }

    private func wallet(_ request: Request, _ context: APIContext) async throws -> Response {
        let user = try context.user()
        let moment = try await moments.timestamp(Query(of: request))
        let balances = try await wallets.balances(of: user, at: moment).map { balance in
            JSON.object([
                ("amount", .int(Int(balance.available.amount))),
                ("currency", .string(balance.available.currency.code)),
                ("held", .int(Int(balance.held))), ("incoming", .int(Int(balance.incoming))),
            ])
        }
        return .json(.object([("balances", .array(balances))]), headers: [.cacheControl: "no-store"])
    }

    private func entries(_ request: Request, _ context: APIContext) async throws -> Response {
        let user = try context.user()
        let query = try Query(of: request)
        let page = try Lists.page(query, of: request)
        let found = try await wallets.entries(of: user, page, at: moments.timestamp(query))
        let headers: HTTPFields = [.cacheControl: "no-store"]
        return try Lists.answer(found, of: request, in: bodies.budget, headers: headers, WalletAnswers.entry)
    }

    private func take(_ request: Request, _ context: APIContext) async throws -> Response {
        let user = try context.user()
        let held = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        try BodyMembers.checkMediaType(request)
        let body = try JSONParser.parse(held.buffer)
        let key = try IdempotencyKey.required(request, user, body)
        var members = try BodyMembers(body, at: [])
        let amount = try members.integer("amount")
        let currency = try members.currency("currency")
        let source = try members.string("source", bytes: Self.sourceBytes)
        try members.end()
        return try await Conclusions.answer(key, location: request.uri.path) {
            try await topUps.take(Money(amount, currency), from: source, once: key, answer: WalletAnswers.topUp)
        }.response
    }

    private func topUp(_ request: Request, _ context: APIContext) async throws -> Response {
        let topUp = try await topUps.look(at: context.id("topUp"), of: context.user())
        return .json(WalletAnswers.json(topUp), headers: [.cacheControl: "no-store"])
    }
}

/// What wallets say of themselves.
enum WalletAnswers {
    /// 201 where the money is there, 202 where nobody can tell yet.
    static func topUp(_ topUp: TopUp) -> RecordedAnswer {
        RecordedAnswer(
            json(topUp),
            status: topUp.status == .succeeded ? 201 : 202,
            location: "/v1/wallet/top-ups/\(topUp.id)"
        )
    }

    static func json(_ topUp: TopUp) -> JSON {
        .object([
            ("id", .string(topUp.id.description)), ("status", .string(topUp.status.name)),
            ("amount", .int(Int(topUp.money.amount))), ("currency", .string(topUp.money.currency.code)),
            ("createdAt", .string(topUp.begun.description)),
        ])
    }

    static func entry(_ posting: Posting) -> JSON {
        var members: [(name: String, value: JSON)] = [
            ("id", .string(posting.transfer.description)), ("kind", .string(posting.entry.kind.name)),
            ("amount", .int(Int(posting.entry.money.amount))),
            ("currency", .string(posting.entry.money.currency.code)),
            ("createdAt", .string(posting.at.instant.description)),
        ]
        switch posting.entry.kind {
        case .topUp: members.append(("topUpId", .string(String(posting.entry.reference))))
        case .donation:
            members.append(("donationId", .string(String(posting.entry.reference))))
            if case .cause(let event) = posting.entry.counterpart {
                members.append(("eventId", .string(event.description)))
            }
        }
        return .object(members)
    }
}

extension BodyMembers {
    /// A currency by its code of ISO 4217.
    mutating func currency(_ name: String) throws(Problem) -> Currency {
        let text = try string(name, bytes: 1...16)
        guard let currency = Currency(text) else {
            throw .invalid(pointer: pointer(name), "must be a currency's code of ISO 4217")
        }
        return currency
    }

    /// An id: its decimal digits, in a string.
    mutating func id<ID: Identifier>(_ name: String, as type: ID.Type = ID.self) throws(Problem) -> ID {
        let text = try string(name, bytes: 1...32)
        guard let id = ID(text) else { throw .invalid(pointer: pointer(name), "must be an id") }
        return id
    }

    /// The same, or nil where it is absent or null.
    mutating func optionalID<ID: Identifier>(_ name: String, as type: ID.Type = ID.self) throws(Problem) -> ID? {
        guard let text = try optionalString(name, bytes: 1...32) else { return nil }
        guard let id = ID(text) else { throw .invalid(pointer: pointer(name), "must be an id") }
        return id
    }

    /// A time of RFC 3339, or nil where it is absent or null.
    mutating func optionalInstant(_ name: String) throws(Problem) -> Instant? {
        guard let text = try optionalString(name, bytes: 1...64) else { return nil }
        guard let instant = Instant(rfc3339: text) else {
            throw .invalid(pointer: pointer(name), "must be a time of RFC 3339")
        }
        return instant
    }
}
