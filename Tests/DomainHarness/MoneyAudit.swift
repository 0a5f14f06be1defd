package import Domain
internal import KVStore

/// Compares what is there with what was answered, and looks whether it is sound by itself.
package struct MoneyAudit: Sendable {
    let node: MoneyNode
    let journal: Journal
    let users: [UserID]

    package init(_ node: MoneyNode, _ journal: Journal, of users: [UserID]) {
        self.node = node
        self.journal = journal
        self.users = users
    }

    /// Looks at everything.
    ///
    /// - Throws: ``CampaignFailure``; or what the store throws, upon which nothing is known.
    package func run(_ events: [EventID]) async throws {
        let report = try await Verification(node.database).run()
        if let breach = report.breaches.first { throw CampaignFailure("\(breach.rule): \(breach.detail)") }
        let answers = journal.answers
        for key in journal.declined {
            throw CampaignFailure("the gateway has declined nothing, and request \(key) is told so")
        }
        guard report.counts.holds == 0 else { throw CampaignFailure("money is held for nobody who knows of it") }
        for user in users { try await audit(user, answers) }
        for event in events { try await audit(event, answers) }
    }

    private func audit(
        _ user: UserID,
        _ answers: [(planned: Plan.Planned, answer: RecordedAnswer)]
    ) async throws {
        var expected: Int64 = 0
        var gifts: Set<String> = []
        for (planned, answer) in answers where planned.key.hasPrefix("\(user)-") {
            switch planned.action {
            case .take(let money, _): expected += money.amount
            case .give(let gift):
                expected -= gift.allocations.reduce(0) { $0 + $1.amount }
                gifts.insert(String(String(decoding: answer.content, as: UTF8.self).prefix { $0 != " " }))
            case .close, .look: break
            }
        }
        let history = try await MoneyNode.everything { try await node.donations.history(of: user, $0) }
        let listed = history.map(\.record.id.description)
        guard listed.count == gifts.count, Set(listed) == gifts else {
            throw CampaignFailure("user \(user) was told of gifts \(gifts.sorted()), the history has \(listed)")
        }
        let balances = try await node.wallets.balances(of: user)
        let actual = balances.reduce(0) { $0 + $1.available.amount }
        guard actual == expected else {
            throw CampaignFailure("user \(user) was told of \(expected), and has \(actual)")
        }
        guard listed == history.map(\.record.id).sorted(by: >).map(\.description) else {
            throw CampaignFailure("the history of \(user) is not in order")
        }
        let receipts = try await node.database.snapshot().receipts(of: user)
        guard Set(receipts) == gifts, receipts.count == gifts.count else {
            throw CampaignFailure("user \(user) gave \(gifts.sorted()), and gets receipts for \(receipts)")
        }
    }

    private func audit(
        _ event: EventID,
        _ answers: [(planned: Plan.Planned, answer: RecordedAnswer)]
    ) async throws {
        var raised: Int64 = 0
        var count: Int64 = 0
        for case (let planned, _) in answers {
            guard case .give(let gift) = planned.action else { continue }
            for allocation in gift.allocations where allocation.event == event {
                raised += allocation.amount
                count += 1
            }
        }
        let totals = try await node.causes.totals(of: event)
        guard totals.raised.amount == raised, totals.count == count else {
            throw CampaignFailure("event \(event) was given \(raised) in \(count) gifts, and shows \(totals)")
        }
        let history = try await MoneyNode.everything { try await node.causes.history(of: event, $0).page }
        guard history.reduce(0, { $0 + $1.entry.money.amount }) == raised, Int64(history.count) == count else {
            throw CampaignFailure("the history of event \(event) is not what it was given")
        }
        let stored = try await node.events.event(event)
        if stored.record.status != .open, let late = history.first(where: { $0.at > stored.version }) {
            throw CampaignFailure("event \(event) was given \(late.entry.money) after it was closed")
        }
    }
}

extension Snapshot {
    /// The donations of which a user is to be sent a receipt.
    fileprivate func receipts(of user: UserID) async throws -> [String] {
        var receipts: [String] = []
        for item in try await scan(DomainKey(Table(0x29), in: Bucket(of: user)).appending(user).range, limit: 10_000)
            .entries
        {
            guard case .bytes(let bytes) = item.entry.content else { continue }
            receipts.append(String(try OutboxEntry(encoded: bytes).reference))
        }
        return receipts
    }
}
