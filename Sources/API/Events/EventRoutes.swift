internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import KVStore
internal import NIOCore

/// `/v1/events`: causes and happenings. Everybody may look at them; whoever made one may change and end it.
struct EventRoutes: Sendable {
    let events: Events
    let bodies: RequestBodies

    private static let bodyBytesLimit = 64 << 10

    func add(to router: some RouterMethods<APIContext>) {
        router.resource("/v1/events", [.get: list, .post: make])
        router.resource("/v1/events/:event", [.get: event, .patch: change])
        router.resource("/v1/events/:event/close", [.post: close])
        router.resource("/v1/events/:event/cancel", [.post: cancel])
    }

    // MARK: Looking

    private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        let page = try await events.list(Lists.page(Query(of: request), of: request))
        return try Lists.answer(page, of: request, in: bodies.budget) { EventAnswers.json($0.record, at: $0.version) }
    }

    private func event(_ request: Request, _ context: APIContext) async throws -> Response {
        let found = try await events.event(context.id("event"))
        let headers: HTTPFields = [.eTag: Versions.tag(found.version), .cacheControl: "no-cache"]
        if Conditions.readerHas(KeyVersion(found.version), request.headers) {
            return Response(status: .notModified, headers: headers)
        }
        let json = EventAnswers.json(found.record, at: found.version)
        return try .json(json.text, headers: headers, in: bodies.budget)
    }

    // MARK: Changing

    private func make(_ request: Request, _ context: APIContext) async throws -> Response {
        let user = try context.user()
        let held = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        try BodyMembers.checkMediaType(request)
        let body = try JSONParser.parse(held.buffer)
        let key = try IdempotencyKey.optional(request, user, body)
        var members = try BodyMembers(body, at: [])
        let currency = try members.currency("currency")
        let organization = try members.optionalID("organizationId", as: OrganizationID.self)
        var details = EventDetails(name: try members.string("name", bytes: 0...4_000))
        try EventMembers.take(&members, into: &details, currency)
        try members.end()
        let draft = Events.Draft(owner: user, organization: organization, currency: currency, details: details)
        var (response, concluded) = try await Conclusions.answer(key, location: "/v1/events") {
            try await events.make(draft, once: key) { event in
                RecordedAnswer(EventAnswers.json(event), status: 201, location: "/v1/events/\(event.id)")
            }
        }
        response.headers[.eTag] = Versions.tag(concluded.at)
        return response
    }

    private func change(_ request: Request, _ context: APIContext) async throws -> Response {
        let user = try context.user()
        let id: EventID = try context.id("event")
        let version = try Versions.required(request.headers)
        let held = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        let body = try BodyMembers(of: request, held.buffer)
        let changed: Stored<Event>
        do {
            changed = try await events.change(id, seen: version, by: user) { event in
                var body = body
                var details = event.details
                if body.contains("name") { details.name = try body.string("name", bytes: 0...4_000) }
                try EventMembers.take(&body, into: &details, event.currency)
                try body.end()
                return details
            }
        } catch let error as TransactionError {
            throw Problem(error, location: request.uri.path)
        }
        return Versions.answer(EventAnswers.json(changed.record, at: changed.version), changed.version, request)
    }

    private func close(_ request: Request, _ context: APIContext) async throws -> Response {
        try await bring(request, context, to: .closed)
    }

    private func cancel(_ request: Request, _ context: APIContext) async throws -> Response {
        try await bring(request, context, to: .cancelled)
    }

    private func bring(_ request: Request, _ context: APIContext, to status: Event.Status) async throws -> Response {
        let user = try context.user()
        let id: EventID = try context.id("event")
        let held = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        if held.buffer.readableBytes > 0 { try BodyMembers(of: request, held.buffer).end() }
        let key = try IdempotencyKey.optional(request, user, nil)
        var (response, concluded) = try await Conclusions.answer(key, location: "/v1/events/\(id)") {
            try await events.bring(id, to: status, by: user, once: key) { event in
                RecordedAnswer(EventAnswers.json(event), status: 200)
            }
        }
        response.headers[.eTag] = Versions.tag(concluded.at)
        return response
    }
}

/// What a client may say of an event besides its name, when it is made and later.
enum EventMembers {
    static func take(
        _ members: inout BodyMembers,
        into details: inout EventDetails,
        _ currency: Currency
    ) throws(Problem) {
        if members.contains("description") {
            details.description = try members.optionalString("description", bytes: 0...20_000)
        }
        if members.contains("goal") { details.goal = try goal(&members, currency) }
        if members.contains("startsAt") { details.starts = try members.optionalInstant("startsAt") }
        if members.contains("endsAt") { details.ends = try members.optionalInstant("endsAt") }
        if members.contains("timeZone") {
            details.timeZone = try members.optionalString("timeZone", bytes: 1...100)
        }
        if members.contains("location") {
            details.location = try members.optionalString("location", bytes: 1...2_000)
        }
        if members.contains("capacity") { details.capacity = try members.optionalInteger("capacity") }
    }

    /// Minor units, or an amount with its currency, which is the event's.
    private static func goal(_ members: inout BodyMembers, _ currency: Currency) throws(Problem) -> Int64? {
        guard let value = members.optional("goal") else { return nil }
        if case .integer(let amount) = value { return amount }
        guard case .object = value else {
            throw .invalid(pointer: members.pointer("goal"), "must be an amount of money, or whole minor units")
        }
        var money = try BodyMembers(value, at: ["goal"])
        let amount = try money.integer("amount")
        guard try money.currency("currency") == currency else {
            throw .invalid([
                Problem.Fault(
                    place: .pointer(money.pointer("currency")),
                    code: "currency-mismatch",
                    detail: "must be the event's, \(currency)"
                )
            ])
        }
        try money.end()
        return amount
    }
}

/// What events say of themselves.
enum EventAnswers {
    /// - Parameter version: The commit that wrote the record; nil where the answer is given before it is known.
    static func json(_ event: Event, at version: Timestamp? = nil) -> JSON {
        let details = event.details
        var members: [(name: String, value: JSON)] = [
            ("id", .string(event.id.description)), ("name", .string(details.name)),
            ("status", .string(event.status.name)), ("currency", .string(event.currency.code)),
            ("ownerId", .string(event.owner.description)),
        ]
        func add(_ name: String, _ value: JSON?) { if let value { members.append((name, value)) } }
        add("organizationId", event.organization.map { .string($0.description) })
        add("description", details.description.map(JSON.string))
        add("goal", details.goal.map { .money(Money($0, event.currency)) })
        add("startsAt", details.starts.map { .string($0.description) })
        add("endsAt", details.ends.map { .string($0.description) })
        add("timeZone", details.timeZone.map(JSON.string))
        add("location", details.location.map(JSON.string))
        add("capacity", details.capacity.map { .int(Int($0)) })
        add("createdAt", (event.made ?? version?.instant).map { .string($0.description) })
        return .object(members)
    }
}

extension JSON {
    /// An amount of money: `{"amount", "currency"}`.
    static func money(_ money: Money) -> JSON {
        .object([("amount", .int(Int(money.amount))), ("currency", .string(money.currency.code))])
    }
}
