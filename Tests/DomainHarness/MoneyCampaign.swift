package import Domain
internal import KVStore
internal import ModelStore
internal import Raft

/// Users who give and take all at once over a store that fails, on nodes that die, with every request sent by two
/// copies at least; and then a look whether each request happened once or not at all, as its sender was told.
///
/// A seed decides everything. What is compared with is a model as plain as can be: the sum of what was answered.
public struct MoneyCampaign: Sendable {
    static let users: [UserID] = (1...3).map { UserID($0) }
    package static let organizer = UserID(99)
    private static let causes = 4

    let seed: UInt64
    let steps: Int

    /// A campaign.
    ///
    /// - Parameter steps: How many requests each user makes.
    public init(seed: UInt64, steps: Int = 16) {
        self.seed = seed
        self.steps = steps
    }

    /// What is wrong; nil where nothing is.
    public func run() async -> String? {
        let world = MoneyWorld(seed: seed)
        do {
            let events = try await world.open(Self.causes, by: Self.organizer)
            var generator = SeededGenerator(seed: seed &* 31 &+ 7)
            let perMille = Int(generator.next() % 60)
            world.model.failures = .each(perMille: perMille)
            let plans = Self.users.map { Plan(of: $0, to: events, steps: steps, &generator) }
            // Each user twice: the same requests with the same keys, at the same time.
            let turns = Turns(seed: seed, tasks: plans.count * 2)
            await withTaskGroup(of: Void.self) { group in
                for (place, plan) in (plans + plans).enumerated() {
                    let client = MoneyClient(number: place, world: world, turns: turns, seed: seed &+ UInt64(place))
                    group.addTask { await client.run(plan) }
                }
            }
            world.model.failures = .none
            world.model.settle()
            try await world.finish(plans)
            try await MoneyAudit(world.node, world.journal, of: Self.users).run(events)
        } catch let failure as CampaignFailure {
            return failure.description
        } catch {
            return "unexpected: \(error)"
        }
        return world.journal.failure
    }
}
