internal import Domain
internal import HTTPTypes
internal import Hummingbird
internal import KVStore
internal import NIOCore

/// Gifts, what they moved, and their histories.
struct DonationRoutes: Sendable {
    let donations: Donations
    let causes: Causes
    let moments: Moments
    let bodies: RequestBodies

    private static let bodyBytesLimit = 64 << 10

    func add(to router: some RouterMethods<APIContext>) {
        router.resource("/v1/donations", [.post: give])
        router.resource("/v1/donations/:donation", [.get: donation])
        router.resource("/v1/transactions/:transaction", [.get: transaction])
        router.resource("/v1/users/me/donations", [.get: ownHistory])
        router.resource("/v1/events/:event/donations", [.get: history])
        router.resource("/v1/events/:event/totals", [.get: totals])
    }

    // MARK: Giving

    private func give(_ request: Request, _ context: APIContext) async throws -> Response {
        let user = try context.user()
        let held = try await bodies.read(request, limitBytes: Self.bodyBytesLimit)
        try BodyMembers.checkMediaType(request)
        let body = try JSONParser.parse(held.buffer)
        let key = try IdempotencyKey.required(request, user, body)
        let gift = try gift(body, from: user)
        return try await Conclusions.answer(key, location: request.uri.path) {
            try await donations.give(gift, once: key) { donation in
                let location = "/v1/donations/\(donation.id)"
                return RecordedAnswer(DonationAnswers.json(donation), status: 201, location: location)
            }
        }.response
    }

    private func gift(_ body: JSONInput, from user: UserID) throws(Problem) -> Gift {
        var members = try BodyMembers(body, at: [])
        let currency = try members.currency("currency")
        let elements = try members.array("allocations")
        guard elements.count <= Gift.allocationsLimit else {
            throw .invalid(pointer: "/allocations", "must be at most \(Gift.allocationsLimit) causes")
        }
        var allocations: [Gift.Allocation] = []
        for (position, element) in elements.enumerated() {
            var members = try members.element(element, of: "allocations", at: position)
            let event: EventID = try members.id("eventId")
            allocations.append(Gift.Allocation(event: event, amount: try members.integer("amount")))
            try members.end()
        }
        var source = try members.object("source")
        let type = try source.string("type", bytes: 1...32)
        guard type == "wallet" else {
            throw .invalid([
                Problem.Fault(
                    place: .pointer("/source/type"),
                    code: "unsupported-source",
                    detail: "must be wallet: cards top up the wallet first"
                )
            ])
        }
        try source.end()
        let isAnonymous = try members.flag("anonymous")
        let message = try members.optionalString("message", bytes: 1...4 * Gift.messageLimit)
        try members.end()
        return Gift(
            donor: user,
            allocations: allocations,
            currency: currency,
            isAnonymous: isAnonymous,
            message: message
        )
    }

    // MARK: Looking

    private func donation(_ request: Request, _ context: APIContext) async throws -> Response {
        let found = try await donations.donation(
            context.id("donation"),
            for: context.user(),
            isPrivileged: context.isAdmin
        )
        let json = DonationAnswers.json(found.record, at: found.version)
        return .json(json, headers: [.cacheControl: "no-store"])
    }

    private func transaction(_ request: Request, _ context: APIContext) async throws -> Response {
        let (transfer, isGiver) = try await causes.transaction(
            context.id("transaction"),
            for: context.user(),
            isPrivileged: context.isAdmin
        )
        let json = DonationAnswers.json(transfer.record, at: transfer.version, isGiver: isGiver)
        return .json(json, headers: [.cacheControl: "no-store"])
    }

    private func ownHistory(_ request: Request, _ context: APIContext) async throws -> Response {
        let user = try context.user()
        let query = try Query(of: request)
        let page = try Lists.page(query, of: request)
        let found = try await donations.history(of: user, page, at: moments.timestamp(query))
        return try Lists.answer(found, of: request, in: bodies.budget, headers: [.cacheControl: "no-store"]) {
            DonationAnswers.json($0.record, at: $0.version)
        }
    }

    private func history(_ request: Request, _ context: APIContext) async throws -> Response {
        guard context.caller != nil else { throw Problem.unauthenticated }
        let event: EventID = try context.id("event")
        let query = try Query(of: request)
        let page = try Lists.page(query, of: request)
        let (viewer, found) = try await causes.history(
            of: event,
            for: context.optionalUser,
            page,
            at: moments.timestamp(query)
        )
        return try Lists.answer(found, of: request, in: bodies.budget, headers: [.cacheControl: "no-store"]) {
            DonationAnswers.json($0, of: event, for: viewer)
        }
    }

    private func totals(_ request: Request, _ context: APIContext) async throws -> Response {
        let moment = try await moments.timestamp(Query(of: request))
        let totals = try await causes.totals(of: context.id("event"), at: moment)
        let json = JSON.object([
            ("raised", .money(totals.raised)), ("count", .int(Int(totals.count))),
            ("at", .string(String(totals.at.rawValue))),
        ])
        return .json(json, headers: [.cacheControl: "no-store"])
    }
}

/// What gifts say of themselves, and to whom.
enum DonationAnswers {
    /// To the donor.
    ///
    /// - Parameter version: The commit that wrote the record; nil where the answer is given before it is known.
    static func json(_ donation: Donation, at version: Timestamp? = nil) -> JSON {
        let transactions = donation.legs.map { leg in
            JSON.object([
                ("id", .string(leg.transfer.description)), ("eventId", .string(leg.event.description)),
                ("amount", .int(Int(leg.amount))), ("currency", .string(donation.currency.code)),
                ("status", .string("succeeded")),
            ])
        }
        var members: [(name: String, value: JSON)] = [
            ("id", .string(donation.id.description)), ("status", .string("succeeded")),
            ("amount", .int(Int(donation.total.amount))), ("currency", .string(donation.currency.code)),
            ("anonymous", .bool(donation.isAnonymous)),
        ]
        if let message = donation.message { members.append(("message", .string(message))) }
        if let version { members.append(("createdAt", .string(version.instant.description))) }
        members.append(("transactions", .array(transactions)))
        return .object(members)
    }

    /// To somebody on one of the sides.
    ///
    /// - Parameter isGiver: True for who knows anyway whose money it was.
    static func json(_ transfer: Transfer, at version: Timestamp, isGiver: Bool) -> JSON {
        var members: [(name: String, value: JSON)] = [
            ("id", .string(transfer.id.description)), ("kind", .string(transfer.kind.name)),
            ("status", .string(status(transfer.state))), ("amount", .int(Int(transfer.money.amount))),
            ("currency", .string(transfer.money.currency.code)),
        ]
        switch transfer.kind {
        case .topUp: members.append(("topUpId", .string(String(transfer.reference))))
        case .donation:
            if case .cause(let event) = transfer.credit { members.append(("eventId", .string(event.description))) }
            members.append(("anonymous", .bool(transfer.isAnonymous)))
            if isGiver { members.append(("donationId", .string(String(transfer.reference)))) }
            if isGiver || !transfer.isAnonymous, case .wallet(let donor) = transfer.debit {
                members.append(("userId", .string(donor.description)))
            }
        }
        members.append(("createdAt", .string((transfer.begun ?? version.instant).description)))
        return .object(members)
    }

    /// To everybody who is logged in: what was given and when. What the giver said to it, and who he is unless the gift
    /// is anonymous, to organizers of the event only.
    static func json(_ posting: Posting, of event: EventID, for viewer: CauseViewer) -> JSON {
        var members: [(name: String, value: JSON)] = [
            ("id", .string(posting.transfer.description)), ("eventId", .string(event.description)),
            ("amount", .int(Int(posting.entry.money.amount))),
            ("currency", .string(posting.entry.money.currency.code)),
            ("anonymous", .bool(posting.entry.isAnonymous)),
            ("createdAt", .string(posting.at.instant.description)),
        ]
        if let message = posting.message(for: viewer) { members.append(("message", .string(message))) }
        if let donor = posting.donor(for: viewer) { members.append(("userId", .string(donor.description))) }
        return .object(members)
    }

    private static func status(_ state: Transfer.State) -> String {
        switch state {
        case .posted: "succeeded"
        case .pending: "processing"
        case .voided: "declined"
        case .expired: "expired"
        }
    }
}
