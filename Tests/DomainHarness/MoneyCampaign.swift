internal import Domain
internal import KVStore
internal import ModelStore
internal import Raft

/// Users who give and take all at once over a store that fails, on nodes that die, with every request sent by two
/// copies at least; and then a look whether each request happened once or not at all, as its sender was told.
///
/// A seed decides everything. What is compared with is a model as plain as can be: the sum of what was answered.
public struct MoneyCampaign: Sendable {
    static let users: [UserID] = (1...3).map { UserID($0) }
    static let organizer = UserID(99)
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
            try await world.audit(events)
        } catch let failure as CampaignFailure {
            return failure.description
        } catch {
            return "unexpected: \(error)"
        }
        return world.journal.failure
    }
}

/// A rule that was broken.
struct CampaignFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// What a user is going to do.
struct Plan: Sendable {
    let user: UserID
    var requests: [Planned] = []

    struct Planned: Sendable {
        let key: String
        let action: Action
    }

    enum Action: Sendable {
        case take(Money, source: String)
        case give(Gift)
        case close(EventID)
        case look
    }

    init(of user: UserID, to events: [EventID], steps: Int, _ generator: inout SeededGenerator) {
        self.user = user
        for step in 0..<steps {
            requests.append(Planned(key: "\(user)-\(step)", action: Self.action(user, events, &generator)))
        }
    }

    private static func action(
        _ user: UserID,
        _ events: [EventID],
        _ generator: inout SeededGenerator
    ) -> Action {
        func draw(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }
        switch draw(40) {
        case 0..<14:
            let sources = ["tok_ok", "tok_ok", "tok_ok", "tok_declined", "tok_late", "tok_timeout", "tok_twice"]
            return .take(Money(Int64(1 + draw(200)), MoneyWorld.currency), source: sources[draw(sources.count)])
        case 14..<35:
            let count = 1 + draw(3)
            let first = draw(events.count)
            let allocations = (0..<count).map { place in
                Gift.Allocation(event: events[(first + place) % events.count], amount: Int64(1 + draw(25)))
            }
            return .give(
                Gift(
                    donor: user,
                    allocations: allocations,
                    currency: MoneyWorld.currency,
                    isAnonymous: draw(2) == 0
                )
            )
        case 35: return .close(events[draw(events.count)])
        default: return .look
        }
    }
}
