internal import Domain
internal import DomainHarness
internal import NIOConcurrencyHelpers
internal import Raft
internal import Simulation

/// One of the two who send a donor's requests: he asks any node, another one when that is silent, with the same key as
/// long as nobody can tell; and at times under a new one where he was told that nothing happened.
final class DonationClient: Sendable {
    private let workload: DonationWorkload
    private let cluster: SimulatedCluster<MoneyNode>
    private let plan: Plan
    private let name: String
    /// True for the one of the two who leaves some requests to the other: where nobody sends them again, all depends on
    /// what was told of them.
    private let isSecond: Bool
    /// What he remembers.
    private let memory = NIOLockedValueBox(Memory())

    private struct Memory {
        var favourite: NodeID?
        /// Gifts of which he was told.
        var gifts: [String] = []
        /// Top-ups of which he was told that nobody knows yet.
        var topUps: [TransferID] = []
    }

    init(_ workload: DonationWorkload, _ cluster: SimulatedCluster<MoneyNode>, _ plan: Plan, place: Int) {
        self.workload = workload
        self.cluster = cluster
        self.plan = plan
        name = "donor \(plan.user).\(place)"
        isSecond = place > 0
    }

    /// Carries out the plan as long as there are faults.
    func run() async throws {
        for (step, planned) in plan.requests.enumerated() {
            guard cluster.isTroubled else { return }
            // Or all would be closed too soon.
            if case .close = planned.action, step % 4 != 0 { continue }
            if isSecond, step % 3 == 0 { continue }
            try await cluster.sleep(.microseconds(Int64(cluster.draw(cluster.draw(6) == 0 ? 100_000 : 4_000))))
            if case .look = planned.action { try await look() } else { try await carryOut(planned) }
        }
    }

    private func carryOut(_ planned: Plan.Planned) async throws {
        for generation in 0..<3 {
            let key = "\(planned.key)-\(generation)"
            for _ in 0..<4 {
                switch try await send(planned, key) {
                case .concluded: return try await lookAtTopUps()
                case .nothing where cluster.draw(4) != 0: break
                case .unknown, .nothing, .impossible, nil:
                    try await cluster.sleep(.milliseconds(Int64(1 + cluster.draw(60))))
                    continue
                }
                break
            }
        }
    }

    /// Sends a request once; nil where it went nowhere.
    private func send(_ planned: Plan.Planned, _ key: String) async throws -> Heard? {
        let began = cluster.elapsed
        let node = chosenNode()
        let user = plan.user
        // Where none is doubled, what had no effect never has one.
        let mayBeDoubled = cluster.draw(2) == 0
        let heard: Heard
        do throws(NoAnswer) {
            heard = try await cluster.ask(node, patience: patience(), mayBeDoubled: mayBeDoubled) { node in
                await Sending.send(planned.action, key: key, user: user, node)
            }
        } catch {
            memory.withLockedValue { $0.favourite = nil }
            if error == .unreachable { return nil }
            heard = .unknown
        }
        workload.journal.note(key, planned, heard, mayBeDoubled: mayBeDoubled)
        remember(planned, heard, at: node)
        cluster.ended(heard.end, since: began)
        cluster.note(plan.user.rawValue, "\(name), key \(key), \(planned.action.brief): \(heard.brief)")
        workload.check(cluster)
        return heard
    }

    private func chosenNode() -> NodeID {
        let favourite = memory.withLockedValue { $0.favourite }
        return cluster.draw(10) < 7 ? favourite ?? cluster.anyNode : cluster.anyNode
    }

    private func patience() -> Duration {
        .milliseconds(Int64(cluster.draw(3) == 0 ? 20 + cluster.draw(200) : 300 + cluster.draw(2500)))
    }

    private func remember(_ planned: Plan.Planned, _ heard: Heard, at node: NodeID) {
        memory.withLockedValue { memory in
            memory.favourite = heard == .unknown ? nil : node
            guard case .concluded(.answered(let answer)) = heard else { return }
            let content = String(decoding: answer.content, as: UTF8.self)
            switch planned.action {
            case .give: memory.gifts.append(String(content.prefix { $0 != " " }))
            case .take: if answer.status == 202, let id = TransferID(content) { memory.topUps.append(id) }
            case .close, .look: break
            }
        }
    }

    /// Whoever was told that nobody knows yet asks at times what became of it.
    private func lookAtTopUps() async throws {
        guard cluster.draw(4) == 0 else { return }
        let user = plan.user
        for id in memory.withLockedValue({ $0.topUps.suffix(3) }) {
            let status = try? await cluster.ask(chosenNode(), patience: patience()) { node in
                try? await node.topUps.look(at: id, of: user).status
            }
            guard let status = status ?? nil, status != .processing else { continue }
            memory.withLockedValue { $0.topUps.removeAll { $0 == id } }
        }
    }

    /// Looks at the wallet, and for every gift that he was told of.
    private func look() async throws {
        let (user, gifts) = (plan.user, memory.withLockedValue { $0.gifts })
        let looked = try? await cluster.ask(chosenNode(), patience: patience()) { node in
            await Looked { try await node.look(at: user, told: gifts) ?? "" }
        }
        if let text = looked?.impossible { cluster.fail("a look at a wallet comes to \(text)") }
        // What cannot be read now is read later.
        guard let wrong = looked?.found else { return }
        cluster.count("looks at wallets")
        if !wrong.isEmpty { cluster.fail(wrong) }
    }
}

extension Heard {
    var end: RequestEnd {
        switch self {
        case .concluded: .answered
        case .unknown: .unknown
        case .nothing, .impossible: .refused
        }
    }

    var brief: String {
        switch self {
        case .concluded(.answered(let answer)): "\(answer.status) \(String(decoding: answer.content, as: UTF8.self))"
        case .concluded(.refused(let error)): error.code
        case .nothing(let reason): "nothing happened: \(reason)"
        case .unknown: "unknown"
        case .impossible(let text): "impossible: \(text)"
        }
    }
}

extension Plan.Action {
    var brief: String {
        switch self {
        case .take(let money, let source): "takes \(money) from \(source)"
        case .give(let gift):
            "gives " + gift.allocations.map { "\($0.amount) to \($0.event)" }.joined(separator: ", ")
        case .close(let event): "closes \(event)"
        case .look: "looks"
        }
    }
}
