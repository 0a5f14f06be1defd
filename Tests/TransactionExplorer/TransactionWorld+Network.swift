internal import Raft

@testable internal import KVStore

/// Messages and what leaders do with them.
extension TransactionWorld {
    /// Asks a partition's leader until there is an answer.
    mutating func send(_ name: String, from sender: Envelope.Sender, to site: Int, _ request: PartitionRequest) {
        guard !envelopes.contains(where: { $0.name == name }) else { return }
        let envelope = Envelope(name: name, sender: sender, site: site, request: request)
        envelopes.insert(envelope, at: envelopes.firstIndex { $0.name > name } ?? envelopes.count)
        launch(envelope)
    }

    private mutating func launch(_ envelope: Envelope) {
        let copy = Copy(name: envelope.name, trial: envelope.trial, site: envelope.site, request: envelope.request)
        let place = copies.firstIndex { ($0.name, $0.trial) > (copy.name, copy.trial) }
        copies.insert(copy, at: place ?? copies.count)
    }

    mutating func deliver(_ copy: Copy, toDeposed: Bool) {
        guard let place = copies.firstIndex(of: copy) else { return }
        copies.remove(at: place)
        if let envelope = envelopes.first(where: { $0.name == copy.name }),
            case .client(let client, _) = envelope.sender
        {
            noteBegin(client)
        }
        let reply = Leader.Reply(name: copy.name, trial: copy.trial)
        receive(copy.request, at: copy.site, isDeposed: toDeposed, reply: reply)
    }

    private mutating func receive(_ request: PartitionRequest, at site: Int, isDeposed: Bool, reply: Leader.Reply?) {
        let now = moment
        let contents = contents(site, isDeposed: isDeposed)
        let body = { (leader: inout Leader) in
            let number = leader.participant.receive(request, now: now, contents: contents)
            if let reply { leader.replies[number] = reply }
        }
        if isDeposed, sites[site].deposed != nil {
            if var deposed = sites[site].deposed {
                body(&deposed)
                sites[site].deposed = deposed
            }
        } else {
            body(&sites[site].leader)
        }
        carryOut(site, isDeposed: isDeposed)
    }

    /// Lets something happen to a leader, and does what it wants done.
    mutating func happen(
        at site: Int,
        isDeposed: Bool = false,
        _ body: (inout Participant, Moment, AppliedContents) -> Void
    ) {
        let contents = contents(site, isDeposed: isDeposed)
        if isDeposed {
            guard var deposed = sites[site].deposed else { return }
            body(&deposed.participant, moment, contents)
            sites[site].deposed = deposed
        } else {
            body(&sites[site].leader.participant, moment, contents)
        }
        carryOut(site, isDeposed: isDeposed)
    }

    private mutating func carryOut(_ site: Int, isDeposed: Bool) {
        let actions: [Participant.Action]
        if isDeposed {
            actions = sites[site].deposed?.participant.takeActions() ?? []
            sites[site].deposed?.noteLatches()
        } else {
            actions = sites[site].leader.participant.takeActions()
            sites[site].leader.noteLatches()
        }
        for action in actions { carryOut(action, site, isDeposed: isDeposed) }
    }

    private mutating func carryOut(_ action: Participant.Action, _ site: Int, isDeposed: Bool) {
        guard let leader = leader(site, isDeposed: isDeposed) else { return }
        switch action {
        case .confirm(let number):
            if isDeposed {
                sites[site].deposed?.confirming.append(number)
            } else {
                sites[site].leader.confirming.append(number)
            }
        case .fetchTimestamp(let number):
            let who = Want.Who.leader(site: site, term: leader.participant.term, number: number)
            want("\(leader.label(number))\(isDeposed ? ", deposed" : "")", who)
        case .propose(let number, let proposal):
            // What a deposed leader proposes is never committed.
            guard !isDeposed else { return }
            let payload = Self.payload(proposal.command, identity: proposal.identity)
            let term = leader.participant.term
            let text = leader.label(number) == "own" ? proposal.command.word : leader.label(number)
            sites[site].pending.append(Site.Pending(payload: payload, term: term, number: number, text: text))
        case .ask(let holder, let key):
            let home = FixedRouting.site(of: holder.primary)
            let term = leader.participant.term
            send(
                "P\(site + 1) asks about \(name(of: holder.id))",
                from: .leader(site: site, term: term, about: holder.id, key: key),
                to: home,
                .decide(holder.id, primary: holder.primary, mustEnd: false)
            )
        case .answer(let number, let response):
            let reply =
                isDeposed
                ? sites[site].deposed?.replies.removeValue(forKey: number)
                : sites[site].leader.replies.removeValue(forKey: number)
            if let reply { answer(reply, response) }
        }
    }

    // MARK: Answers

    private mutating func answer(_ reply: Leader.Reply, _ response: PartitionResponse) {
        guard let place = envelopes.firstIndex(where: { $0.name == reply.name && $0.trial == reply.trial }) else {
            return
        }
        if case .moved(_, let mayHappen) = response {
            return resend(reply.name, isCertain: envelopes[place].isCertain && !mayHappen)
        }
        let envelope = envelopes.remove(at: place)
        answered(envelope, response)
    }

    mutating func resend(_ name: String, isCertain: Bool) {
        guard let place = envelopes.firstIndex(where: { $0.name == name }) else { return }
        envelopes[place].trial += 1
        if !isCertain { envelopes[place].isCertain = false }
        launch(envelopes[place])
    }

    /// A sender's time is over.
    mutating func surrender(_ name: String) {
        guard let place = envelopes.firstIndex(where: { $0.name == name }) else { return }
        var envelope = envelopes.remove(at: place)
        envelope.isCertain = false
        answered(envelope, .moved(to: nil, mayHappen: false))
    }

    private mutating func answered(_ envelope: Envelope, _ response: PartitionResponse) {
        switch envelope.sender {
        case .client(let client, let trial):
            clientAnswered(client, trial: trial, envelope, response)
        case .leader(let site, let term, let id, let key):
            guard case .outcome(let outcome) = response else { return }
            for isDeposed in [false, true] where leader(site, isDeposed: isDeposed)?.participant.term == term {
                guard var participant = leader(site, isDeposed: isDeposed)?.participant,
                    let next = participant.heard(of: id, outcome, key: key)
                else { continue }
                receive(next, at: site, isDeposed: isDeposed, reply: nil)
            }
        }
    }

    // MARK: Timestamps

    mutating func want(_ name: String, _ who: Want.Who) {
        let want = Want(name: name, who: who)
        wants.insert(want, at: wants.firstIndex { $0.name > name } ?? wants.count)
    }

    mutating func mint(_ want: Want) {
        guard let place = wants.firstIndex(of: want) else { return }
        lastTimestamp = lastTimestamp.next
        wants[place].minted = lastTimestamp
        if case .client(let client, _) = want.who { noteBegin(client) }
        if case .leader = want.who, scenario.grain.delaysTimestamps { return }
        hand(wants[place])
    }

    mutating func hand(_ want: Want) {
        guard let place = wants.firstIndex(of: want), let timestamp = want.minted else { return }
        wants.remove(at: place)
        switch want.who {
        case .client(let client, let trial): clientFetched(client, trial: trial, timestamp)
        case .coordinator(let client, let trial): coordinate(client, trial) { $0.fetched(timestamp) }
        case .leader(let site, let term, let number):
            for isDeposed in [false, true] where leader(site, isDeposed: isDeposed)?.participant.term == term {
                happen(at: site, isDeposed: isDeposed) { participant, _, _ in
                    participant.fetched(timestamp, for: number)
                }
            }
        }
    }
}

extension TransactionCommand {
    /// For the timeline.
    var word: String {
        switch self {
        case .commitOnce: "one round"
        case .prepare: "prepare"
        case .commit: "commit"
        case .resolve(_, _, let fate): fate == .rolledBack ? "rollback" : "resolution"
        case .decide: "decision"
        case .settle: "settled"
        case .collect: "collection"
        case .reserveTimestamps: "reservation"
        case .describe: "description"
        }
    }
}
