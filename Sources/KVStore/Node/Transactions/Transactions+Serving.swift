internal import Raft

/// The leader's side: requests in, actions carried out.
extension Transactions {
    /// Takes in a request for a partition. `reply` is called once, unless the loop fails before.
    func serve(
        _ request: PartitionRequest,
        of partition: PartitionID,
        from node: NodeID,
        reply: @escaping (PartitionResponse) -> Void
    ) {
        guard served[partition] != nil, let contents = contents(of: partition) else {
            return reply(.moved(to: loop.store.leader(of: partition), mayHappen: false))
        }
        if case .timestamps(let count, let clock, let hasTime) = request {
            guard partition == StoreLoop.metaPartition, oracle != nil else {
                return reply(.moved(to: nil, mayHappen: false))
            }
            return mint(count, from: node, clock: clock, hasTime: hasTime, reply: reply)
        }
        if let timestamp = request.snapshot, liesAhead(timestamp) { return reply(.moved(to: nil, mayHappen: false)) }
        guard let number = served[partition]?.participant.receive(request, now: moment, contents: contents) else {
            return
        }
        served[partition]?.replies[number] = reply
        carryOut(partition)
    }

    /// True for a timestamp that lies so far ahead that no oracle seems to have given it to anybody: what is prepared behind a
    /// read at it would have to commit above it. It may be this node that is behind, after time has stepped forward: it
    /// asks for the time, and is asked again.
    private func liesAhead(_ timestamp: Timestamp) -> Bool {
        if timestamp <= moment.cluster.advanced(by: Self.longestLead) { return false }
        ticksWithoutTime = max(ticksWithoutTime, options.timeTicks)
        return true
    }

    /// How far the oracle may be ahead of what this node knows of the time.
    private static var longestLead: Duration { .seconds(10) }

    /// Ends a leadership.
    func stepDown(_ partition: PartitionID) {
        if partition == StoreLoop.metaPartition { endOracle() }
        guard var ended = served.removeValue(forKey: partition) else { return }
        addCounts(of: ended.participant)
        let leader = loop.store.leader(of: partition).flatMap { $0 == loop.node ? nil : $0 }
        for action in ended.participant.stepDown(leader: leader) {
            if case .answer(let number, let response) = action { ended.replies.removeValue(forKey: number)?(response) }
        }
    }

    /// Carries out what a partition's participant wants done.
    func carryOut(_ partition: PartitionID) {
        guard let actions = served[partition]?.participant.takeActions() else { return }
        for action in actions {
            switch action {
            case .confirm(let number): confirm(number, partition)
            case .fetchTimestamp(let number): fetchTimestamp(number, partition)
            case .propose(let number, let proposal): propose(proposal, number, partition)
            case .ask(let holder, let key): ask(about: holder, at: key, partition)
            case .answer(let number, let response): served[partition]?.replies.removeValue(forKey: number)?(response)
            }
        }
    }

    /// Lets something happen to the participant of this leadership, if it lasts still.
    private func event(
        _ partition: PartitionID,
        term: Term?,
        _ body: (inout Participant, Moment, AppliedContents) -> Void
    ) {
        guard let term, served[partition]?.participant.term == term, let contents = contents(of: partition) else {
            return
        }
        guard var participant = served[partition]?.participant else { return }
        served[partition]?.participant = Participant(term: term)
        body(&participant, moment, contents)
        served[partition]?.participant = participant
        carryOut(partition)
    }

    private func confirm(_ number: UInt64, _ partition: PartitionID) {
        let term = served[partition]?.participant.term
        do throws(RequestRefusal) {
            try loop.read(partition, .nothing) { [weak self] answer in
                self?.event(partition, term: term) { participant, now, contents in
                    if answer == .unconfirmed {
                        participant.unconfirmed(number, now: now, contents: contents)
                    } else {
                        participant.confirmed(number, now: now, contents: contents)
                    }
                }
            }
        } catch {
            event(partition, term: term) { participant, now, contents in
                participant.unconfirmed(number, now: now, contents: contents)
            }
        }
    }

    private func fetchTimestamp(_ number: UInt64, _ partition: PartitionID) {
        let term = served[partition]?.participant.term
        wantTimestamp { [weak self] timestamp in
            self?.event(partition, term: term) { participant, _, _ in participant.fetched(timestamp, for: number) }
        }
    }

    private func propose(_ proposal: Participant.Proposal, _ number: UInt64, _ partition: PartitionID) {
        let term = served[partition]?.participant.term
        let command = Command(
            id: proposal.identity.map { CommandID($0.id.rawValue) } ?? loop.newCommandID(),
            mintedAt: proposal.identity?.mintedAt ?? .zero,
            transaction: proposal.command
        )
        do throws(RequestRefusal) {
            try loop.submit(command, to: partition) { [weak self] answer in
                self?.event(partition, term: term) { participant, now, contents in
                    switch answer {
                    case .decided(let outcome, _, _):
                        guard let step = outcome.step else {
                            return participant.expired(number, now: now, contents: contents)
                        }
                        participant.applied(number, outcome: step, now: now, contents: contents)
                    case .unknown:
                        participant.lost(number, now: now, contents: contents)
                    }
                }
            }
        } catch {
            event(partition, term: term) { participant, now, contents in
                participant.refused(number, PartitionResponse(error), now: now, contents: contents)
            }
        }
    }

    /// Asks the primary what became of a transaction that is in somebody's way here, and carries that out here too.
    private func ask(about holder: IntentHolder, at key: [UInt8], _ partition: PartitionID) {
        let term = served[partition]?.participant.term
        let question = PartitionRequest.decide(holder.id, primary: holder.primary, mustEnd: false)
        guard let home = loop.routing.descriptor(of: holder.primary)?.id else { return }
        // One question is enough, however long the home has nobody to answer it.
        guard served[partition]?.questions.insert(holder.id).inserted == true else { return }
        send(question, to: home, until: loop.ticks + options.participant.patienceTicks) { [weak self] response, _ in
            guard let self, served[partition]?.participant.term == term else { return }
            served[partition]?.questions.remove(holder.id)
            guard case .outcome(let outcome) = response, contents(of: partition)?.anchor(of: holder.id) != nil,
                let next = served[partition]?.participant.heard(of: holder.id, outcome, key: key)
            else { return }
            counts.resolutions += 1
            serve(next, of: partition, from: loop.node) { _ in }
        }
    }

    private func addCounts(of participant: Participant) {
        counts.waits += participant.counts.waits
        counts.deaths += participant.counts.deaths
        counts.questions += participant.counts.questions
    }

    /// What was counted, running leaderships included.
    var totalCounts: TransactionCounts {
        var total = counts
        for partition in served.keys.sorted() {
            guard let own = served[partition]?.participant.counts else { continue }
            total.waits += own.waits
            total.deaths += own.deaths
            total.questions += own.questions
        }
        return total
    }
}

extension PartitionRequest {
    /// At which timestamp it reads, if it does.
    fileprivate var snapshot: Timestamp? {
        switch self {
        case .read(_, let timestamp, _): timestamp
        case .scan(_, let timestamp, _): timestamp
        default: nil
        }
    }
}

extension PartitionResponse {
    /// Why something was not proposed.
    init(_ refusal: RequestRefusal) {
        switch refusal {
        case .notLeader(let leader): self = .moved(to: leader, mayHappen: false)
        case .transferring(let target): self = .moved(to: target, mayHappen: false)
        case .unknownPartition, .stopping: self = .moved(to: nil, mayHappen: false)
        case .overloaded: self = .overloaded
        case .diskFull: self = .diskFull
        case .invalid(let error): self = .invalid(error)
        }
    }
}
