package import Domain
package import Raft

/// What a user is going to do.
package struct Plan: Sendable {
    package let user: UserID
    package private(set) var requests: [Planned] = []

    package struct Planned: Sendable {
        package let key: String
        package let action: Action

        package init(key: String, action: Action) {
            self.key = key
            self.action = action
        }
    }

    package enum Action: Sendable {
        case take(Money, source: String)
        case give(Gift)
        case close(EventID)
        case look
    }

    package init(of user: UserID, to events: [EventID], steps: Int, _ generator: inout SeededGenerator) {
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
            return .take(Money(Int64(1 + draw(200)), MoneyNode.currency), source: sources[draw(sources.count)])
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
                    currency: MoneyNode.currency,
                    isAnonymous: draw(2) == 0
                )
            )
        case 35: return .close(events[draw(events.count)])
        default: return .look
        }
    }
}
