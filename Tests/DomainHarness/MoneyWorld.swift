internal import Domain
internal import KVStore
internal import ModelStore

/// The platform of a campaign, and what was said about requests.
final class MoneyWorld: Sendable {
    static let currency = Currency("USD") ?? { preconditionFailure("the dollar is a currency") }()

    let model: ModelBackend
    let ids = CountingIDs()
    let journal = Journal()

    init(seed: UInt64) { model = ModelBackend(seed: seed) }

    /// A node that works on a request.
    struct Node {
        let donations: Donations
        let topUps: TopUps
        let events: Events
        let causes: Causes
        let wallets: Wallets
        let database: Database

        init(_ backend: any TransactionBackend, _ ids: CountingIDs) {
            database = Database(backend)
            let services = Services(database: database, ids: ids)
            donations = Donations(services)
            topUps = TopUps(services, gateway: SandboxGateway())
            events = Events(services, organizers: NoOrganizers())
            causes = Causes(services)
            wallets = Wallets(services)
        }
    }

    /// A node that does not die.
    var node: Node { Node(model, ids) }

    func open(_ count: Int, by organizer: UserID) async throws -> [EventID] {
        var events: [EventID] = []
        for number in 0..<count {
            let key = RequestKey(caller: organizer, route: "POST /v1/events", key: "\(number)", fingerprint: [])
            let draft = Events.Draft(
                owner: organizer,
                currency: Self.currency,
                details: EventDetails(name: "Cause \(number)")
            )
            let made = try await node.events.make(draft, once: key) { event in
                RecordedAnswer(status: 201, content: Array(event.id.description.utf8))
            }
            guard case .answered(let answer) = made.conclusion,
                let id = EventID(String(decoding: answer.content, as: UTF8.self))
            else { throw CampaignFailure("an event cannot be made") }
            events.append(id)
        }
        return events
    }

    /// Sends what nobody has got an answer to until there is one.
    func finish(_ plans: [Plan]) async throws {
        for plan in plans {
            for key in journal.openKeys(of: plan.user) {
                guard let planned = journal.planned(key) else { continue }
                let sent = await Sending.send(planned.action, key: key, user: plan.user, node)
                journal.note(key, planned, sent)
                if case .unknown = sent { throw CampaignFailure("request \(key) does not come to an end") }
            }
        }
        model.advance(by: .seconds(10))
        // Nobody looks at what is late any more: it settles by itself.
        var place: TopUps.Place?
        repeat { place = try await node.topUps.reconcile(from: place, limit: 5).next } while place != nil
    }
}

/// Nobody acts for organizations here.
struct NoOrganizers: Organizers {
    func mayOrganize(
        _ user: UserID,
        for organization: OrganizationID,
        in txn: Transaction
    ) async throws(TransactionError) -> Bool { false }
}
