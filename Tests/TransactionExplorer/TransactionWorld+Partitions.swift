internal import Raft

@testable internal import KVStore

/// What happens to partitions: entries, leaders, time.
extension TransactionWorld {
    /// Commits and applies the next entry.
    mutating func apply(_ site: Int) {
        guard !sites[site].pending.isEmpty else { return }
        let pending = sites[site].pending.removeFirst()
        let log = sites[site].applied.appending(pending.payload, in: pending.term)
        sites[site].applied = log
        if let trouble = log.trouble ?? troubleOnReading(site) { violation = "P\(site + 1): \(trouble)" }
        guard let number = pending.number, pending.term == sites[site].leader.participant.term else { return }
        happen(at: site) { participant, now, contents in
            if let outcome = log.outcome {
                participant.applied(number, outcome: outcome, now: now, contents: contents)
            } else {
                participant.expired(number, now: now, contents: contents)
            }
        }
    }

    mutating func confirm(_ site: Int, _ number: UInt64, isDeposed: Bool) {
        if isDeposed {
            sites[site].deposed?.confirming.removeAll { $0 == number }
        } else {
            sites[site].leader.confirming.removeAll { $0 == number }
        }
        happen(at: site, isDeposed: isDeposed) { participant, now, contents in
            if isDeposed {
                participant.unconfirmed(number, now: now, contents: contents)
            } else {
                participant.confirmed(number, now: now, contents: contents)
            }
        }
    }

    /// Another replica leads, which has the first `keeping` of the entries that are not committed, and has yet to apply
    /// the last `behind` of those that are.
    mutating func changeLeader(_ site: Int, keeping: Int, behind: Int, isUnaware: Bool) {
        faults.leaders[site] -= 1
        let term = sites[site].leader.participant.term.next
        var deposed = Leader(sites[site].leader.participant, applied: sites[site].applied)
        deposed.replies = sites[site].leader.replies
        deposed.confirming = sites[site].leader.confirming
        deposed.noteLatches()
        if faults.reproposals > 0 { sites[site].lost = Array(sites[site].pending.dropFirst(keeping)) }
        sites[site].pending = sites[site].pending.prefix(keeping).map {
            Site.Pending(payload: $0.payload, term: $0.term, number: nil, text: $0.text)
        }
        sites[site].lag(by: behind)
        sites[site].pending.append(Site.Pending(payload: .noop, term: term, number: nil, text: "no-op"))
        sites[site].leader = Leader(Participant(term: term))
        sites[site].deposed = deposed
        happen(at: site) { participant, _, _ in participant.begin() }
        if isUnaware {
            faults.unaware -= 1
        } else {
            endDeposed(site)
        }
    }

    /// A deposed leader learns that it leads no more, and tells everybody.
    mutating func endDeposed(_ site: Int) {
        // Before that it hears that nobody can tell what becomes of what it has proposed.
        let requests = sites[site].deposed?.participant.requests ?? [:]
        for number in requests.keys.sorted() {
            guard case .proposed = requests[number]?.stage else { continue }
            happen(at: site, isDeposed: true) { participant, now, contents in
                participant.lost(number, now: now, contents: contents)
            }
        }
        guard var deposed = sites[site].deposed else { return }
        sites[site].deposed = nil
        for action in deposed.participant.stepDown(leader: nil) {
            guard case .answer(let number, let response) = action, let reply = deposed.replies[number] else { continue }
            guard case .moved(_, let mayHappen) = response,
                let envelope = envelopes.first(where: { $0.name == reply.name && $0.trial == reply.trial })
            else { continue }
            resend(envelope.name, isCertain: envelope.isCertain && !mayHappen)
        }
        let term = deposed.participant.term
        wants.removeAll { want in
            if case .leader(site, term, _) = want.who { true } else { false }
        }
    }

    /// So much time passes that what is held has expired, and that those who wait look around.
    mutating func lapse() {
        moment.cluster = moment.cluster.advanced(by: .milliseconds(3))
        tick()
    }

    /// Some ticks pass: those who wait look around.
    mutating func tick() {
        for ticks in [1, 10] {
            moment.tick += ticks
            for site in sites.indices {
                for isDeposed in [false, true] where leader(site, isDeposed: isDeposed) != nil {
                    happen(at: site, isDeposed: isDeposed) { participant, now, contents in
                        participant.tick(now, contents: contents)
                    }
                }
            }
        }
    }

    /// The next leader's node proposes what was lost, as it is.
    mutating func repropose(_ pending: Site.Pending, at site: Int) {
        faults.reproposals -= 1
        sites[site].lost = []
        let term = sites[site].leader.participant.term
        let again = Site.Pending(payload: pending.payload, term: term, number: 0, text: "\(pending.text) once more")
        sites[site].pending.append(again)
    }

    /// Nobody may ask for anything from before now any more, in the first partition.
    mutating func collect() {
        faults.collections -= 1
        lastTimestamp = lastTimestamp.next
        let step = TransactionCommand.collect(safePoint: lastTimestamp, records: lastTimestamp, from: [], limit: 100)
        propose(step, at: 0)
    }

    /// The first partition gets another epoch.
    mutating func move() {
        faults.moves -= 1
        propose(.describe(FixedRouting(epoch: 2).descriptor(0)), at: 0)
    }

    private mutating func propose(_ step: TransactionCommand, at site: Int) {
        let term = sites[site].leader.participant.term
        // Numbers begin at 1: nobody waits for this one.
        sites[site].pending.append(Site.Pending(payload: Self.payload(step), term: term, number: 0, text: step.word))
    }
}
