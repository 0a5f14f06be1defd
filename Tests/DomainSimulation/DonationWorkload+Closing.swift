internal import Domain
internal import DomainHarness
internal import KVStore
internal import Raft
internal import Simulation

/// The end: faults are over, and everything has to become known.
extension DonationWorkload {
    /// How long a request may take once there are no faults.
    private static let bound = Duration.seconds(20)

    func close(_ cluster: SimulatedCluster<MoneyNode>, _ events: [EventID]) async throws {
        let open = users.flatMap { user in journal.openKeys(of: user) }
        cluster.count("requests open at the end", by: open.count)
        for key in open {
            if let planned = journal.planned(key) { try await bringToItsEnd(key, planned, cluster) }
        }
        try await askAgain(cluster)
        try await cluster.sleep(.seconds(3))
        for topUp in journal.topUps() {
            try await patiently(cluster, "top-up \(topUp.id)") { node in
                try await node.topUps.look(at: topUp.id, of: topUp.user).status == .processing ? nil : ""
            }
        }
        try await audit(cluster, events)
        count(cluster)
    }

    /// Sends a request until it is known what became of it.
    func bringToItsEnd(
        _ key: String,
        _ planned: Plan.Planned,
        _ cluster: SimulatedCluster<MoneyNode>
    ) async throws {
        guard let user = UserID(String(key.prefix { $0 != "-" })) else { return }
        let began = cluster.elapsed
        while true {
            let heard = try? await cluster.ask(cluster.anyNode, patience: .seconds(6)) { node in
                await Sending.send(planned.action, key: key, user: user, node)
            }
            if let heard {
                journal.note(key, planned, heard)
                cluster.note(user.rawValue, "alone: key \(key), \(planned.action.brief): \(heard.brief)")
                check(cluster)
                if case .concluded = heard { return cluster.ended(.answered, since: began) }
            }
            guard cluster.elapsed - began <= Self.bound else {
                return cluster.fail("request \(key) does not come to an end: \(heard?.brief ?? "no answer")")
            }
            try await cluster.sleep(.milliseconds(20))
        }
    }

    /// Whoever asks again what he knows hears the same.
    private func askAgain(_ cluster: SimulatedCluster<MoneyNode>) async throws {
        let keys = journal.closedKeys
        for key in keys where cluster.draw(keys.count) < 40 {
            guard let planned = journal.planned(key) else { continue }
            cluster.count("requests asked again")
            try await bringToItsEnd(key, planned, cluster)
        }
    }

    private func audit(_ cluster: SimulatedCluster<MoneyNode>, _ events: [EventID]) async throws {
        let (journal, users) = (journal, users)
        try await patiently(cluster, "the audit") { node in
            do {
                try await MoneyAudit(node, journal, of: users).run(events)
                return ""
            } catch let failure as CampaignFailure {
                return failure.description
            }
        }
        let wallets = Set(journal.topUps().map(\.id.rawValue))
        for reference in gateway.taken where !wallets.contains(reference) {
            cluster.fail("the gateway has taken money under \(reference), and nobody was told of that")
        }
        check(cluster)
    }

    /// Does something at any node until one can, in time: what it finds wrong is a failure.
    private func patiently(
        _ cluster: SimulatedCluster<MoneyNode>,
        _ what: String,
        _ body: @escaping @Sendable (MoneyNode) async throws -> String?
    ) async throws {
        let began = cluster.elapsed
        while true {
            let looked = try? await cluster.ask(cluster.anyNode, patience: .seconds(10)) { node in
                await Looked { try await body(node) }
            }
            if let text = looked?.impossible { return cluster.fail("\(what) comes to \(text)") }
            if let text = looked?.found ?? nil { return text.isEmpty ? () : cluster.fail(text) }
            guard cluster.elapsed - began <= Self.bound else {
                return cluster.fail("\(what) does not come to an end: \(looked?.reason ?? "no answer")")
            }
            try await cluster.sleep(.milliseconds(50))
        }
    }

    private func count(_ cluster: SimulatedCluster<MoneyNode>) {
        for (planned, _) in journal.answers {
            switch planned.action {
            case .give: cluster.count("donations")
            case .take: cluster.count("top-ups")
            case .close: cluster.count("causes closed")
            case .look: break
            }
        }
        cluster.count("refusals", by: journal.closedKeys.count - journal.answers.count)
        cluster.count("ids", by: minted.count)
    }
}
