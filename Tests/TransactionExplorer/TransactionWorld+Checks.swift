internal import Raft

@testable internal import KVStore

/// What must be so.
extension TransactionWorld {
    /// Looks whether counters are within the loosest of the bounds that their additions name, at every timestamp there
    /// was. What is applied holds them whatever becomes of what is pending.
    func troubleOnReading(_ site: Int) -> String? {
        if facts.bounded.isEmpty { return nil }
        let contents = contents(site, isDeposed: false)
        for key in facts.bounded where FixedRouting.site(of: key) == site {
            let floor = facts.floors[key]
            let ceiling = facts.ceilings[key]
            for rawValue in 4...lastTimestamp.rawValue {
                guard case .entries(let entries) = contents.read([key], at: Timestamp(rawValue)),
                    case .counter(let value)?? = entries.first.map({ $0?.content })
                else { continue }
                if let floor, value < floor { return "\(key.text) is \(value) at \(rawValue), below \(floor)" }
                if let ceiling, value > ceiling { return "\(key.text) is \(value) at \(rawValue), above \(ceiling)" }
            }
        }
        return nil
    }

    /// Lets everything come to its end, and looks at what clients were told, what lies there, and what is left over.
    func violationAtTheEnd() -> String? {
        var world = self
        world.faults = Scenario.Faults()
        if let unfinished = world.drain() { return unfinished }
        if let violation = world.violation { return violation }
        for client in world.clients where scenario.oldest.contains(client.plan.name) {
            if case .committed? = client.outcome { continue }
            return "\(client.plan.name) does not commit, and nobody is older"
        }
        for site in world.sites.indices {
            if let difference = world.sites[site].applied.differenceOnReplay() { return difference }
        }
        return Judgement(of: world).violation
    }

    /// Lets everything come to its end, without judging it.
    mutating func comeToAnEnd() {
        faults = Scenario.Faults()
        _ = drain()
    }

    private mutating func drain() -> String? {
        for round in 0..<Self.mostRounds {
            for _ in 0..<Self.mostSteps {
                guard violation == nil, let choice = ordinaryChoices.first else { break }
                take(choice)
            }
            if violation != nil { return nil }
            guard let left = leftOver else { return nil }
            if scenario.leavesNothing { return "only time will tell: \(left)" }
            if round == Self.mostRounds - 1 { return "it does not come to an end: \(left)" }
            if round < Self.roundsInTime { tick() } else { lapse() }
        }
        return nil
    }

    private static let mostSteps = 1_000
    private static let mostRounds = 20
    /// Those who wait give way to each other before anything expires.
    private static let roundsInTime = 4

    /// What is not over yet.
    private var leftOver: String? {
        if let client = clients.first(where: { !$0.isOver && $0.stage != .waiting }) {
            return "\(client.plan.name) waits for its answer"
        }
        if let choice = ordinaryChoices.first { return "\(choice)" }
        for site in sites.indices {
            let contents = contents(site, isDeposed: false)
            if let holder = contents.holders(expiredAt: .max).first {
                return "\(name(of: holder.id)) still holds something in P\(site + 1)"
            }
            let participant = sites[site].leader.participant
            guard participant.isIdle, participant.latches.isEmpty, participant.queue.isEmpty else {
                return "somebody waits at P\(site + 1)'s leader"
            }
        }
        return nil
    }
}

extension [UInt8] {
    var text: String { String(decoding: self, as: UTF8.self) }
}
