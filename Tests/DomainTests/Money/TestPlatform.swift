import DomainHarness
import KVStore
import ModelStore

@testable import Domain

/// The services of money over a model store, and short ways to have them do things.
struct TestPlatform: Sendable {
    let model: ModelBackend
    let services: Services
    let wallets: Wallets
    let topUps: TopUps
    let events: Events
    let donations: Donations
    let causes: Causes

    static let usd = Currency("USD") ?? { preconditionFailure("the dollar is a currency") }()
    static let jpy = Currency("JPY") ?? { preconditionFailure("the yen is a currency") }()
    static let organizer = UserID(90)
    static let donor = UserID(7)

    init(_ model: ModelBackend = ModelBackend(), gateway: any PaymentGateway = SandboxGateway()) {
        self.model = model
        services = Services(database: Database(model), ids: CountingIDs())
        wallets = Wallets(services)
        topUps = TopUps(services, gateway: gateway)
        events = Events(services, organizers: OneOrganizer())
        donations = Donations(services)
        causes = Causes(services, organizers: OneOrganizer())
    }

    /// User 90 acts for organization 5, and nobody else for any.
    struct OneOrganizer: Organizers {
        func mayOrganize(
            _ user: UserID,
            for organization: OrganizationID,
            in view: some RecordView
        ) async throws(TransactionError) -> Bool { user == organizer && organization == OrganizationID(5) }
    }

    static func key(
        _ key: String,
        _ caller: UserID = donor,
        body: UInt8 = 0,
        route: String = "POST /v1/x"
    ) -> RequestKey {
        RequestKey(caller: caller, route: route, key: key, fingerprint: [body])
    }

    /// An event that takes gifts.
    func cause(
        _ currency: Currency = usd,
        by owner: UserID = organizer,
        organization: OrganizationID? = nil
    ) async throws -> EventID {
        let draft = Events.Draft(
            owner: owner,
            organization: organization,
            currency: currency,
            details: EventDetails(name: "A well for the village")
        )
        let made = try await events.make(draft, once: nil) { event in
            RecordedAnswer(status: 201, content: Array(event.id.description.utf8))
        }
        guard case .answered(let answer) = made.conclusion,
            let id = EventID(String(decoding: answer.content, as: UTF8.self))
        else { throw DomainError.notFound }
        return id
    }

    @discardableResult
    func take(
        _ amount: Int64,
        _ currency: Currency = usd,
        from source: String = "tok_ok",
        by user: UserID = donor,
        key: String
    ) async throws -> Concluded {
        let key = Self.key(key, user, route: "POST /v1/wallet/top-ups")
        return try await topUps.take(Money(amount, currency), from: source, once: key) { topUp in
            RecordedAnswer(
                status: topUp.status == .succeeded ? 201 : 202,
                content: Array(topUp.id.description.utf8)
            )
        }
    }

    @discardableResult
    func give(
        _ allocations: [(EventID, Int64)],
        _ currency: Currency = usd,
        from user: UserID = donor,
        key: String,
        body: UInt8 = 0,
        isAnonymous: Bool = false,
        message: String? = nil
    ) async throws -> Concluded {
        let gift = Gift(
            donor: user,
            allocations: allocations.map { Gift.Allocation(event: $0.0, amount: $0.1) },
            currency: currency,
            isAnonymous: isAnonymous,
            message: message
        )
        let key = Self.key(key, user, body: body, route: "POST /v1/donations")
        return try await donations.give(gift, once: key) { donation in
            let ids = [donation.id.rawValue] + donation.legs.map(\.transfer.rawValue)
            return RecordedAnswer(status: 201, content: Array(ids.map(String.init).joined(separator: " ").utf8))
        }
    }

    @discardableResult
    func bring(_ event: EventID, to status: Event.Status, by user: UserID = organizer) async throws -> Concluded {
        try await events.bring(event, to: status, by: user, once: nil) {
            RecordedAnswer(status: 200, content: [UInt8($0.status.rawValue)])
        }
    }

    func available(_ user: UserID = donor, _ currency: Currency = usd) async throws -> Int64 {
        try await wallets.balances(of: user).first { $0.available.currency == currency }?.available.amount ?? 0
    }

    func breaches() async throws -> [String] {
        try await Verification(services.database).run().breaches.map { "\($0.rule): \($0.detail)" }
    }
}

extension Concluded {
    /// The code of a refusal; nil for an answer.
    var refusal: String? { if case .refused(let error) = conclusion { error.code } else { nil } }
    /// The status of an answer; nil for a refusal.
    var status: Int? { if case .answered(let answer) = conclusion { answer.status } else { nil } }
    /// The ids that the tests' answers are made of.
    var ids: [UInt64] {
        guard case .answered(let answer) = conclusion else { return [] }
        return String(decoding: answer.content, as: UTF8.self).split(separator: " ").compactMap { UInt64($0) }
    }
}
