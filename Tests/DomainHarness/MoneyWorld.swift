internal import Domain
internal import KVStore
internal import ModelStore

/// The platform of a campaign, and what was said about requests.
final class MoneyWorld: Sendable {
    let model: ModelBackend
    let ids = CountingIDs()
    let journal = Journal()

    init(seed: UInt64) { model = ModelBackend(seed: seed) }

    /// A node that does not die.
    var node: MoneyNode { MoneyNode(model, ids) }

    func open(_ count: Int, by organizer: UserID) async throws -> [EventID] {
        var events: [EventID] = []
        for number in 0..<count { events.append(try await node.open(number, by: organizer)) }
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
