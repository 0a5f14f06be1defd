package import Domain
package import KVStore

/// A node that works on requests for money.
package struct MoneyNode: Sendable {
    package static let currency = Currency("USD") ?? { preconditionFailure("the dollar is a currency") }()

    package let donations: Donations
    package let topUps: TopUps
    package let events: Events
    package let causes: Causes
    package let wallets: Wallets
    package let database: Database

    package init(
        _ backend: any TransactionBackend,
        _ ids: any IdentifierSource,
        gateway: any PaymentGateway = SandboxGateway()
    ) {
        database = Database(backend)
        let services = Services(database: database, ids: ids)
        donations = Donations(services)
        topUps = TopUps(services, gateway: gateway)
        events = Events(services, organizers: NoOrganizers())
        causes = Causes(services, organizers: NoOrganizers())
        wallets = Wallets(services)
    }

    /// Makes a cause, once for its number; throws where nobody can tell whether it was made.
    package func open(_ number: Int, by organizer: UserID) async throws -> EventID {
        let key = RequestKey(caller: organizer, route: "POST /v1/events", key: "\(number)", fingerprint: [])
        let draft = Events.Draft(
            owner: organizer,
            currency: Self.currency,
            details: EventDetails(name: "Cause \(number)")
        )
        let made = try await events.make(draft, once: key) { event in
            RecordedAnswer(status: 201, content: Array(event.id.description.utf8))
        }
        guard case .answered(let answer) = made.conclusion,
            let id = EventID(String(decoding: answer.content, as: UTF8.self))
        else { throw CampaignFailure("an event cannot be made") }
        return id
    }

    /// At any moment a wallet is the sum of its history and not below zero, and the donor finds every gift that he was
    /// told of before.
    ///
    /// - Returns: what is wrong; nil where nothing is.
    package func look(at user: UserID, told gifts: [String] = []) async throws -> String? {
        let moment = try await database.snapshot().timestamp
        let balances = try await wallets.balances(of: user, at: moment)
        for balance in balances where balance.available.amount < 0 {
            return "wallet of \(user) is at \(balance.available)"
        }
        let entries = try await Self.everything { try await wallets.entries(of: user, $0, at: moment) }
        let sum = entries.reduce(0) { $0 + $1.entry.money.amount }
        if sum != balances.reduce(0, { $0 + $1.available.amount }) {
            return "the history of \(user) adds up to \(sum), not to \(balances)"
        }
        if gifts.isEmpty { return nil }
        let history = try await Self.everything { try await donations.history(of: user, $0, at: moment) }
        let listed = Set(history.map(\.record.id.description))
        return gifts.first { !listed.contains($0) }.map { "user \(user) was told of gift \($0), and does not find it" }
    }

    /// A whole list, page by page.
    static func everything<Item>(_ page: (PageRequest) async throws -> Page<Item>) async throws -> [Item] {
        var items: [Item] = []
        var after: [UInt8]?
        repeat {
            let found = try await page(PageRequest(after: after))
            items += found.items
            after = found.next
        } while after != nil
        return items
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
