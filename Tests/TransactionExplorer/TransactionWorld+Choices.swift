internal import Raft

@testable internal import KVStore

extension TransactionWorld {
    /// What may happen. The description is how scripts and timelines name it.
    enum Choice: Hashable, CustomStringConvertible {
        case deliver(Copy, toDeposed: Bool)
        case mint(Want)
        case hand(Want)
        case confirm(Int, UInt64, isDeposed: Bool, label: String)
        case apply(Int, text: String)
        case resend(String)
        case surrender(String)
        case changeLeader(Int, keeping: Int, behind: Int, isUnaware: Bool)
        case endDeposed(Int)
        case crash(Int, name: String)
        case lapse
        case pause
        case repropose(Int, Site.Pending)
        case collect
        case move

        var description: String {
            switch self {
            case .deliver(let copy, let toDeposed):
                "\(copy.name)\(copy.trial > 1 ? " again" : "")\(toDeposed ? " comes to the deposed leader" : "")"
            case .mint(let want): "time for \(want.name)"
            case .hand(let want): "\(want.name) gets its time"
            case .confirm(_, _, let isDeposed, let label): "\(isDeposed ? "denied" : "confirmed"): \(label)"
            case .apply(let site, let text): "P\(site + 1) applies \(text)"
            case .resend(let name): "again: \(name)"
            case .surrender(let name): "given up: \(name)"
            case .changeLeader(let site, let keeping, let behind, let isUnaware):
                "P\(site + 1) gets another leader, keeping \(keeping)\(behind > 0 ? ", \(behind) behind" : "")"
                    + (isUnaware ? ", behind the old one's back" : "")
            case .endDeposed(let site): "P\(site + 1)'s old leader learns of it"
            case .crash(_, let name): "\(name) crashes"
            case .lapse: "time passes"
            case .pause: "a moment passes"
            case .repropose(let site, let pending): "P\(site + 1) proposes once more: \(pending.text)"
            case .collect: "P1 collects"
            case .move: "P1 moves"
            }
        }
    }

    var isQuiet: Bool { ordinaryChoices.isEmpty }

    var choices: [Choice] {
        if violation != nil { return [] }
        let ordinary = ordinaryChoices
        let rest = extraordinaryChoices
        return ordinary + rest
    }

    /// What happens where nothing goes wrong, sooner or later.
    var ordinaryChoices: [Choice] {
        var choices: [Choice] = []
        for site in sites.indices {
            if let pending = sites[site].pending.first { choices.append(.apply(site, text: pending.text)) }
            if sites[site].hasCaughtUp {
                for number in sites[site].leader.confirming {
                    let label = sites[site].leader.label(number)
                    choices.append(.confirm(site, number, isDeposed: false, label: label))
                }
            }
            if let deposed = sites[site].deposed {
                choices.append(.endDeposed(site))
                for number in deposed.confirming {
                    choices.append(.confirm(site, number, isDeposed: true, label: deposed.label(number)))
                }
            }
        }
        for want in wants { choices.append(want.minted == nil ? .mint(want) : .hand(want)) }
        for copy in copies {
            choices.append(.deliver(copy, toDeposed: false))
            // Who was turned down by one asks the other the next time.
            if sites[copy.site].deposed != nil, copy.trial == 1 { choices.append(.deliver(copy, toDeposed: true)) }
        }
        return choices
    }

    /// What may go wrong yet, where it matters.
    private var extraordinaryChoices: [Choice] {
        var choices: [Choice] = []
        if faults.resends > 0 || faults.surrenders > 0 {
            for envelope in envelopes where envelope.request.isTried {
                if faults.resends > 0, envelope.trial < 2 { choices.append(.resend(envelope.name)) }
                if faults.surrenders > 0 { choices.append(.surrender(envelope.name)) }
            }
        }
        for site in sites.indices where faults.leaders[site] > 0 && sites[site].deposed == nil {
            for keeping in Set([0, sites[site].pending.count]).sorted() {
                for behind in 0...faults.lag where sites[site].canLag(by: behind) {
                    choices.append(.changeLeader(site, keeping: keeping, behind: behind, isUnaware: false))
                    guard faults.unaware > 0 else { continue }
                    choices.append(.changeLeader(site, keeping: keeping, behind: behind, isUnaware: true))
                }
            }
        }
        if faults.crashes > 0 {
            for client in clients.indices where clients[client].stage == .committing {
                choices.append(.crash(client, name: clients[client].plan.name))
            }
        }
        if faults.lapses > 0 { choices.append(.lapse) }
        if faults.moments > 0 { choices.append(.pause) }
        if faults.reproposals > 0 {
            for site in sites.indices { choices += sites[site].lost.map { .repropose(site, $0) } }
        }
        if faults.collections > 0 { choices.append(.collect) }
        if faults.moves > 0 { choices.append(.move) }
        return choices
    }

    mutating func take(_ choice: Choice) {
        switch choice {
        case .deliver(let copy, let toDeposed): deliver(copy, toDeposed: toDeposed)
        case .mint(let want): mint(want)
        case .hand(let want): hand(want)
        case .confirm(let site, let number, let isDeposed, _): confirm(site, number, isDeposed: isDeposed)
        case .apply(let site, _): apply(site)
        case .resend(let name):
            faults.resends -= 1
            resend(name, isCertain: false)
        case .surrender(let name):
            faults.surrenders -= 1
            surrender(name)
        case .changeLeader(let site, let keeping, let behind, let isUnaware):
            changeLeader(site, keeping: keeping, behind: behind, isUnaware: isUnaware)
        case .endDeposed(let site): endDeposed(site)
        case .crash(let client, _): crash(client)
        case .lapse:
            faults.lapses -= 1
            lapse()
        case .repropose(let site, let pending): repropose(pending, at: site)
        case .pause:
            faults.moments -= 1
            tick()
        case .collect: collect()
        case .move: move()
        }
        settle()
    }

    /// What is not told apart from its cause happens now.
    private mutating func settle() {
        let grain = scenario.grain
        while violation == nil {
            if !grain.delaysApplying, let site = sites.firstIndex(where: { !$0.pending.isEmpty }) {
                apply(site)
            } else if !grain.delaysConfirming,
                let site = sites.firstIndex(where: { $0.hasCaughtUp && !$0.leader.confirming.isEmpty })
            {
                confirm(site, sites[site].leader.confirming[0], isDeposed: false)
            } else if let copy = copies.first(where: { isImmediate($0) }) {
                deliver(copy, toDeposed: false)
            } else {
                return
            }
        }
    }

    /// Nobody can tell when a record is closed, and, where that is not asked, when a commit is passed on.
    private func isImmediate(_ copy: Copy) -> Bool {
        switch copy.request {
        case .settle: true
        case .resolve: !scenario.grain.delaysResolving
        default: false
        }
    }
}

extension PartitionRequest {
    /// True for what a client waits for, and so may be in doubt about.
    fileprivate var isTried: Bool {
        switch self {
        case .commitOnce, .prepare, .commit, .decide: true
        default: false
        }
    }
}
