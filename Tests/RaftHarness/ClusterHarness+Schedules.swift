import Raft

/// Courses of events that chance alone would take too long to find: each is possible, and some rule of the core is there
/// for nothing else. They begin and end with a group that is well.
extension ClusterHarness {
    /// Reads go on after clients have given up on all that waited, in as many rounds as may be on their way.
    mutating func giveUpReads() throws(Violation) {
        guard let leader = healthyLeader else { return }
        for _ in 0..<2 {
            let token = ReadToken(lastRead + 1)
            try read(leader, mayGather: false)
            try cancelRead(token)
        }
        // The answers come while nobody waits.
        try runRound()
        try serve()
    }

    /// A sleeping leader that takes a proposal is awake for it: what is lost on its way is sent again.
    mutating func wakeForLostProposal() throws(Violation) {
        guard let leader = healthyLeader else { return }
        let before = checker.committed
        try proposeOne(leader)
        network.removeAll()
        try untilWell("a proposal commits though its appends were lost") { $0.checker.committed > before }
    }

    /// The process of a sleeping group's leader starts anew, before anybody has missed it.
    mutating func restartSleepingLeader() throws(Violation) {
        guard let leader = healthyLeader, replicas[leader].core.isQuiet else { return }
        timeline.record { "\(replicas[leader].id) dies asleep" }
        replicas[leader].crash(keepingWrites: replicas[leader].writes.count)
        try restart(leader)
        for position in replicas.indices { try reportNodes(position) }
        try untilWell("a sleeping group goes on after its leader has started anew")
    }

    /// A leader is cut off with writes that its disk has not finished; the others commit other entries, and less of
    /// them, and cut their logs. It is sent a snapshot, and only then do its writes end.
    mutating func overtakeStalledLeader() throws(Violation) {
        guard let leader = healthyLeader, replicas[leader].core.configuration.voters.count >= 3 else { return }
        let id = replicas[leader].id
        timeline.record { "\(id) is cut off, and its disk stalls" }
        coverage.count(.stalledDisk)
        stalledDisks = [id]
        for other in replicas where other.id != id { cuts += [(id, other.id), (other.id, id)] }
        for _ in 0..<12 {
            lastCommand += 1
            _ = try? replicas[leader].core.propose([[UInt8(truncatingIfNeeded: lastCommand)]])
            try finish(leader, mayGather: false)
        }
        for position in replicas.indices where position != leader && replicas[position].isUp {
            try feed(.silence(id), to: position)
            try finish(position, mayGather: false)
        }
        for _ in 0..<(4 * mix.options.electionTicks) { try runRound() }
        for position in replicas.indices where position != leader && replicas[position].isUp {
            replicas[position].flushState()
            replicas[position].compact(through: replicas[position].disk.flushed.index)
            replicas[position].returns.append(id)
        }
        openLinks()
        for position in replicas.indices { try reportNodes(position) }
        for _ in 0..<mix.options.electionTicks { try runRound() }
        stalledDisks.removeAll()
        try untilWell("\(id) finds its place again, with a slow disk")
    }

    /// All see the leader die, but a voter of a later term tells so only when votes are asked for.
    mutating func standAgainAfterLaterTerm() throws(Violation) {
        guard let leader = healthyLeader, !mix.options.usesLeases,
            replicas[leader].core.configuration.voters.count >= 5, let ahead = anyVoter(but: leader)
        else { return }
        let id = replicas[leader].id
        let late = replicas[ahead].id
        timeline.record { "\(late) hears of a later term, and \(id) dies" }
        replicas[ahead].crash(keepingWrites: replicas[ahead].writes.count)
        let state = replicas[ahead].disk.hardState
        replicas[ahead].disk.hardState = HardState(term: state.term.next.next, vote: nil, commit: state.commit)
        try restart(ahead)
        replicas[leader].crash(keepingWrites: replicas[leader].writes.count)
        for position in replicas.indices where position != ahead && replicas[position].isUp {
            try feed(.connectionLost(id), to: position)
            try finish(position, mayGather: false)
        }
        for _ in 0..<mix.options.electionTicks {
            // The first word of the later term is the answer to a vote.
            network.removeAll { envelope in
                guard envelope.from == late || envelope.to == late else { return false }
                if case .voteRequest = envelope.message { return false }
                if case .voteReply = envelope.message { return false }
                return true
            }
            try runRound()
        }
        try restart(leader)
        for position in replicas.indices { try reportNodes(position) }
        try untilWell("\(id) and \(late) find their places again")
    }
}
