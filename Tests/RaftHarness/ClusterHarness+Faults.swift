import Raft

/// Crashes, partitions, changes of the members, and what the runtime reports about other nodes.
extension ClusterHarness {
    mutating func crash() throws(Violation) {
        guard let position = victim() else { return }
        let id = replicas[position].id
        let kept = number(replicas[position].writes.count + 1)
        coverage.count(.crash)
        if kept < replicas[position].writes.count { coverage.count(.lostWrite) }
        timeline.record { "\(id) crashes, \(kept) of \(replicas[position].writes.count) writes are durable" }
        replicas[position].crash(keepingWrites: kept)
        // The kernel closes its connections: some notice at once, all notice the silence in time.
        let noticesAtOnce = chance(50)
        for other in replicas.indices where other != position && replicas[other].isUp {
            replicas[other].silences.append(id)
            if chance(20) { try reportNodes(other) }
            guard noticesAtOnce, chance(70) else { continue }
            coverage.count(.earlyCampaign)
            try feed(.connectionLost(id), to: other)
            try finish(other)
        }
    }

    /// A replica that runs, the leader if the mix is after leaders.
    mutating func victim() -> Int? {
        if chance(mix.aimPercent), let leader = anyReplica(where: { $0.isUp && $0.core.role == .leader }) {
            return leader
        }
        return anyReplica(where: \.isUp)
    }

    mutating func restart() throws(Violation) {
        guard let position = anyReplica(where: { !$0.isUp }) else { return }
        try restart(position)
    }

    mutating func restart(_ position: Int) throws(Violation) {
        coverage.count(.restart)
        timeline.record { "\(replicas[position].id) restarts with a log to \(replicas[position].disk.lastIndex)" }
        replicas[position].restart(seed: random.next())
        let id = replicas[position].id
        // It may be back before its silence was noticed; that it has started anew is noticed all the same.
        let isSwift = chance(50)
        if isSwift { coverage.count(.unnoticedRestart) }
        for other in replicas.indices where other != position && replicas[other].isUp {
            if isSwift { replicas[other].silences.removeAll { $0 == id } }
            replicas[other].returns.append(id)
        }
        try finish(position)
    }

    mutating func partition() {
        coverage.count(.partition)
        isClogging = chance(mix.clogPercent)
        let ids = replicas.map(\.id)
        switch number(4) {
        case 0:
            // One side cannot hear the other, in either direction.
            let side = ids.filter { _ in chance(50) }
            for inside in side {
                for outside in ids where !side.contains(outside) {
                    cuts.append((inside, outside))
                    cuts.append((outside, inside))
                }
            }
        case 1:
            let lonely = victim().map { replicas[$0].id } ?? ids[0]
            for other in ids where other != lonely {
                if chance(80) { cuts.append((lonely, other)) }
                if chance(50) { cuts.append((other, lonely)) }
            }
        case 2:
            let id = victim().map { replicas[$0].id } ?? ids[0]
            stopped = id
            isClogging = true
            for other in ids where other != id {
                cuts.append((id, other))
                cuts.append((other, id))
            }
        default:
            cuts.append((ids[number(ids.count)], ids[number(ids.count)]))
        }
        timeline.record { "cuts \(cuts), stopped \(stopped.map(\.description) ?? "none")" }
        for cut in cuts {
            if let position = position(of: cut.to), replicas[position].isUp {
                replicas[position].silences.append(cut.from)
            }
        }
    }

    mutating func heal() throws(Violation) {
        for cut in cuts {
            if let position = position(of: cut.to), replicas[position].isUp {
                replicas[position].returns.append(cut.from)
            }
        }
        // A process that goes on takes what its clients ask before it looks at what has arrived.
        if let stopped, let position = position(of: stopped), replicas[position].isUp, chance(50) {
            try read(position)
        }
        openLinks()
        timeline.record { "all cuts heal" }
    }

    /// What has waited for a link comes before all else.
    mutating func openLinks() {
        cuts.removeAll()
        stopped = nil
        network.insert(contentsOf: clogged, at: 0)
        clogged.removeAll()
    }

    mutating func reportSilence() throws(Violation) {
        guard let position = anyReplica(where: { $0.isUp && !($0.silences.isEmpty && $0.returns.isEmpty) }) else {
            return
        }
        try reportNodes(position)
    }

    /// Reports what the runtime has seen of other nodes, in the order in which it was.
    mutating func reportNodes(_ position: Int) throws(Violation) {
        for id in replicas[position].silences {
            try feed(.silence(id), to: position)
            try finish(position)
        }
        for id in replicas[position].returns {
            try feed(.returned(id), to: position)
            try finish(position)
        }
        replicas[position].silences.removeAll()
        replicas[position].returns.removeAll()
    }

    mutating func breakConnection() throws(Violation) {
        guard let position = anyReplica(where: \.isUp) else { return }
        coverage.count(.earlyCampaign)
        try feed(.connectionLost(replicas[number(replicas.count)].id), to: position)
        try finish(position)
    }

    // MARK: Members

    mutating func changeMembers() throws(Violation) {
        guard let position = anyReplica(where: { $0.isUp && $0.core.role == .leader }) else { return }
        let configuration = replicas[position].core.configuration
        var steps: [MembershipChange.Step] = []
        var newcomers: [NodeID] = []
        let mayGrow = configuration.members.count < 6 && replicas.count < 12
        for _ in 0...number(2) {
            switch number(6) {
            case 0 where mayGrow, 1 where mayGrow:
                let id = NodeID(nextID + UInt64(newcomers.count))
                newcomers.append(id)
                steps.append(chance(75) ? .add(id) : .addLearner(id))
            case 2:
                if let learner = configuration.learners.first { steps.append(.promote(learner.id)) }
            case 3:
                steps.append(.demote(configuration.voters[number(configuration.voters.count)]))
            case 4:
                if let retired = configuration.retired.first { steps.append(.add(retired)) }
            default:
                let members = configuration.members
                steps.append(.remove(members[number(members.count)]))
            }
        }
        guard (try? replicas[position].core.proposeMembership(MembershipChange(steps))) != nil else { return }
        timeline.record { "\(replicas[position].id) proposes \(steps)" }
        for case .promote(let id) in steps { requestedPromotions.insert(id) }
        nextID += UInt64(newcomers.count)
        for id in newcomers { addReplica(id, Configuration(voters: [])) }
        try finish(position)
    }

    /// Destroys replicas that were removed, as soon as a leader says that nobody needs them.
    mutating func destroyRemoved() {
        guard let id = destroyable.popLast(), let position = position(of: id) else { return }
        coverage.count(.memberDestroyed)
        timeline.record { "\(id) is destroyed" }
        replicas.remove(at: position)
        known.remove(at: position)
    }
}
