extension FaultLane {
    mutating func harmNetworks(_ kind: FaultKind) async throws {
        guard let network = cluster.network else { return }
        let victim = await victim()
        let others = Cluster.nodes.filter { $0 != victim }
        let other = dice.pick(others)
        switch kind {
        case .isolate:
            let rules = others.flatMap { [(victim, Network.Rule.dropFrom($0)), (victim, .dropTo($0))] }
            try await hold(network, kind, "node \(victim) from nodes", rules, dice.milliseconds(200...5_000))
        case .oneWay:
            let peers = dice.percent(50) ? others : [other]
            let isDeaf = dice.percent(50)
            let rules = peers.map { (victim, isDeaf ? Network.Rule.dropFrom($0) : .dropTo($0)) }
            try await hold(network, kind, describe(rules), rules, dice.milliseconds(200...5_000))
        case .link:
            let rules = [(victim, Network.Rule.dropFrom(other)), (victim, .dropTo(other))]
            try await hold(network, kind, "between nodes \(victim) and \(other)", rules, dice.milliseconds(200...5_000))
        case .loss:
            let rules = [(victim, Network.Rule.lose(percent: dice.from(5...50)))]
            try await hold(network, kind, describe(rules), rules, dice.milliseconds(500...4_000))
        case .reset:
            let rules = [(victim, Network.Rule.reset)]
            try await hold(network, kind, describe(rules), rules, dice.milliseconds(50...500))
        case .down:
            let time = dice.milliseconds(200...4_000)
            try await network.setLink(of: victim, isUp: false)
            await noting(kind, "node \(victim)") { await hold(time) }
            try await network.setLink(of: victim, isUp: true)
        case .kill, .killAll, .pause, .restart, .rolling, .drain, .transfer, .clock:
            preconditionFailure("this is no fault of networks")
        }
    }

    private func describe(_ rules: [(Int, Network.Rule)]) -> String {
        rules.map { "node \($0) \($1)" }.joined(separator: ", ")
    }

    private func hold(
        _ network: Network,
        _ kind: FaultKind,
        _ what: String,
        _ rules: [(Int, Network.Rule)],
        _ time: Duration
    ) async throws {
        let handle = try await network.add(rules.map { (node: $0, rule: $1) })
        await noting(kind, what) { await hold(time) }
        try await network.remove(handle)
    }
}
