internal import Domain
package import DomainHarness
internal import IDGen
internal import KVStore
internal import Raft
package import Simulation

/// Donors at a simulated cluster: the services of the domain run on the real store loops of its nodes, while those die,
/// stand still and lose each other.
///
///     opening     causes are made, and a little money is in every wallet
///     troubles    each donor sends most of his plan twice at once, from two places, every request to any node until
///                 one answers; somebody looks through everything, now and at earlier moments
///     closing     what nobody knows of is sent until it is known; what is known is asked again, and must be told the same
///     audit       what is there is what was told, to the last cent; no id came twice; no money was taken for nothing
package final class DonationWorkload: ServiceWorkload {
    let journal = Journal()
    let gateway = WatchedGateway()
    let minted = MintedIDs()
    let users: [UserID]
    let causes: Int
    let leaseLength: Duration
    private let seed: UInt64

    static let organizer = MoneyCampaign.organizer
    /// More requests than a donor can make while there are faults.
    static let longestPlan = 300

    /// The donors of a seed.
    package init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed &* 31 &+ 11)
        func draw(_ count: UInt64) -> Int { Int(generator.next() % count) }
        users = (1...2 + draw(4)).map { UserID(UInt64($0)) }
        causes = 3 + draw(4)
        leaseLength = [.seconds(1), .seconds(3), .seconds(60)][draw(3)]
        self.seed = generator.next()
    }

    package func start(on node: SimulatedNode) -> MoneyNode {
        let surroundings = SnowflakeSource.Surroundings(now: { node.now }, sleep: { try await node.sleep($0) })
        let source = SnowflakeSource(Database(node), leaseLength: leaseLength, surroundings)
        node.begin { await source.keepLease() }
        return MoneyNode(node, WatchedIDs(source: source, minted: minted), gateway: gateway)
    }

    package func work(_ cluster: SimulatedCluster<MoneyNode>) async throws {
        let events = try await open(cluster)
        cluster.opened()
        try await withThrowingTaskGroup(of: Void.self) { group in
            var generator = SeededGenerator(seed: seed)
            for user in users {
                let plan = Plan(of: user, to: events, steps: Self.longestPlan, &generator)
                for place in 0..<2 {
                    let client = DonationClient(self, cluster, plan, place: place)
                    group.addTask { try await client.run() }
                }
            }
            group.addTask { try await self.lookAround(cluster) }
            try await group.waitForAll()
        }
        try await close(cluster, events)
    }

    /// Makes the causes, whatever happens meanwhile.
    private func open(_ cluster: SimulatedCluster<MoneyNode>) async throws -> [EventID] {
        var events: [EventID] = []
        while events.count < causes {
            let number = events.count
            let made = try? await cluster.ask(cluster.anyNode, patience: .seconds(3)) { node in
                try? await node.open(number, by: Self.organizer)
            }
            if let made = made ?? nil { events.append(made) } else { try await cluster.sleep(.milliseconds(50)) }
        }
        for user in users {
            let money = Plan.Action.take(Money(200, MoneyNode.currency), source: "tok_ok")
            try await bringToItsEnd("\(user)-opening", Plan.Planned(key: "\(user)-opening", action: money), cluster)
        }
        return events
    }

    /// What `galactl verify` does, again and again, at one moment each.
    private func lookAround(_ cluster: SimulatedCluster<MoneyNode>) async throws {
        var moments: [Timestamp] = []
        while cluster.isTroubled {
            try await cluster.sleep(.milliseconds(Int64(100 + cluster.draw(900))))
            let earlier = cluster.draw(3) == 0 && !moments.isEmpty ? moments[cluster.draw(moments.count)] : nil
            let looked = try? await cluster.ask(cluster.anyNode, patience: .seconds(4)) { node in
                await Looked { try await Verification(node.database).run(at: earlier) }
            }
            if let text = looked?.impossible { cluster.fail("a verification comes to \(text)") }
            guard let report = looked?.found else {
                cluster.count("verifications in vain")
                continue
            }
            moments.append(report.at)
            cluster.count("verifications")
            cluster.note(report.at.rawValue, "verified \(report.counts.entries) entries at \(report.at)")
            if let breach = report.breaches.first {
                cluster.fail("at \(report.at), of \(report.breachCount) breaches: \(breach.rule): \(breach.detail)")
            }
        }
    }

    /// Nothing that was said may contradict what was said before.
    func check(_ cluster: SimulatedCluster<MoneyNode>) {
        if let failure = journal.failure { cluster.fail(failure) }
        if let id = minted.twice { cluster.fail("id \(id) was minted twice") }
    }
}

extension SimulatedCluster {
    /// One of the nodes, whether it runs or not.
    var anyNode: NodeID { nodes[draw(nodes.count)] }
}
