internal import Raft

/// Steps that change something: they take latches, are proposed, and answered when they are applied.
extension Participant {
    /// Lets a step go on if nothing is in its way, or has it wait for what is.
    mutating func admit(_ number: UInt64, _ now: Moment, _ contents: some PartitionContents) {
        guard var request = requests[number], let claims = request.body.claims else { return }
        if let (other, key) = latches.conflict(with: claims) {
            return wait(number, forRequest: other, at: key, claims, now)
        }
        if let (holder, key) = contents.holder(against: claims, except: request.id) {
            return wait(number, for: holder, at: key, claims, now)
        }
        if let (other, key) = queue.conflict(with: claims, where: { $0 != number && isOlder($0, than: request.age) }) {
            return wait(number, forRequest: other, at: key, claims, now)
        }
        queue.release(number)
        latches.acquire(claims, for: number)
        switch request.body {
        case .commitOnce:
            request.stage = .fetching
            requests[number] = request
            actions.append(.fetchTimestamp(number))
        default:
            propose(number, nil)
        }
    }

    /// Whether another request goes before one of this age.
    private func isOlder(_ other: UInt64, than age: TransactionAge?) -> Bool {
        guard let age, let otherAge = requests[other]?.age else { return false }
        return otherAge < age
    }

    /// The timestamp that a one-round commit has waited for.
    mutating func fetched(_ timestamp: Timestamp, for number: UInt64) {
        guard let request = requests[number], request.stage == .fetching else { return }
        saw(timestamp)
        propose(number, timestamp)
    }

    /// Puts a request into the log, as its stage says.
    mutating func propose(_ number: UInt64, _ timestamp: Timestamp?, now: Timestamp = .zero) {
        guard var request = requests[number] else { return }
        request.stage = .proposed(timestamp)
        requests[number] = request
        guard let proposal = proposal(of: request, timestamp, now: now) else { return }
        actions.append(.propose(number, proposal))
    }

    private func proposal(of request: Request, _ timestamp: Timestamp?, now: Timestamp) -> Proposal? {
        switch request.body {
        case .commitOnce(let body):
            guard let timestamp else { preconditionFailure("a one-round commit is proposed with its timestamp") }
            let commit = OneRoundCommit(
                epoch: body.epoch,
                term: term,
                timestamp: timestamp,
                deadline: body.deadline,
                draft: body.draft
            )
            let identity = Proposal.Identity(id: body.id, mintedAt: body.mintedAt)
            return Proposal(identity: identity, command: .commitOnce(commit))
        case .prepare(var body):
            body.floor = max(body.floor, greatestSeen)
            return Proposal(identity: nil, command: .prepare(body))
        case .commit(let body):
            return Proposal(identity: nil, command: .commit(body))
        case .resolve(let id, let anchor, let fate):
            return Proposal(identity: nil, command: .resolve(id, anchor: anchor, fate))
        case .decide(let id, let primary, let mustEnd):
            return Proposal(identity: nil, command: .decide(id, primary: primary, now: now, mustEnd: mustEnd))
        case .settle(let id, let primary):
            return Proposal(identity: nil, command: .settle(id, primary: primary))
        case .timestamps, .read, .scan:
            return nil
        }
    }

    /// What is known already needs no entry: what a record says stays true. What is not over yet may be asked again.
    mutating func decide(
        _ number: UInt64,
        _ body: PartitionRequest,
        _ id: TransactionID,
        _ primary: [UInt8],
        mustEnd: Bool,
        _ now: Moment,
        _ contents: some PartitionContents
    ) {
        switch contents.record(of: id, primary: primary) {
        case .committed(let timestamp)?:
            return actions.append(.answer(number, .outcome(.committed(timestamp))))
        case .rolledBack?:
            return actions.append(.answer(number, .outcome(.rolledBack)))
        case .pending(let expires)? where !mustEnd && now.cluster <= expires:
            return actions.append(.answer(number, .outcome(.pending(expires: expires))))
        default:
            add(number, body, id: id, age: nil, now)
            propose(number, nil, now: now.cluster)
        }
    }

    /// What was proposed is applied, and came to this.
    mutating func applied(
        _ number: UInt64,
        outcome: TransactionOutcome,
        now: Moment,
        contents: some PartitionContents
    ) {
        guard let request = requests[number] else { return }
        switch (request.body, outcome) {
        case (.commitOnce, .needsNewerTimestamp), (.commitOnce, .wrongTerm):
            guard now.tick < request.lastTick else {
                count(\.timeouts)
                let key = if case .needsNewerTimestamp(let key) = outcome { key } else { request.key }
                return finish(number, .timedOut(key: key), now: now, contents: contents)
            }
            // Its latches keep everything as it is meanwhile.
            requests[number]?.stage = .fetching
            return actions.append(.fetchTimestamp(number))
        case (.commitOnce, .blocked(let key, let holder)),
            (.prepare, .blocked(let key, let holder)):
            // Somebody else's intent lay in the log before it and was not applied yet when it was admitted.
            guard let claims = request.body.claims else { break }
            latches.release(number)
            wait(number, for: holder, at: key, claims, now)
            return release(number, now, contents)
        default: break
        }
        finish(number, .outcome(outcome), now: now, contents: contents)
        guard let id = request.id else { return }
        switch (request.body, outcome) {
        case (.commit, .committed), (.commit, .rolledBack), (.resolve, .done),
            (.decide, .committed), (.decide, .rolledBack):
            resolved(id, now, contents)
        default: break
        }
    }

    /// Nobody remembers whether it was applied before.
    mutating func expired(_ number: UInt64, now: Moment, contents: some PartitionContents) {
        finish(number, .expired, now: now, contents: contents)
    }

    /// What was proposed may be in the log or not; nobody will tell here. The leadership is over, though that may not have
    /// been told yet.
    ///
    /// A read that waits for it must not be answered, though it was confirmed before: what is lost here may take place under
    /// the next leader, at the timestamp that it was given here.
    mutating func lost(_ number: UInt64, now: Moment, contents: some PartitionContents) {
        for reader in waitingForRequest[number] ?? [] where requests[reader]?.stage == .reading {
            finish(reader, .moved(to: nil, mayHappen: false), now: now, contents: contents)
        }
        finish(number, .moved(to: nil, mayHappen: true), now: now, contents: contents)
    }

    /// What was to be proposed was refused, and so never happens.
    mutating func refused(
        _ number: UInt64,
        _ response: PartitionResponse,
        now: Moment,
        contents: some PartitionContents
    ) {
        finish(number, response, now: now, contents: contents)
    }

    /// There is no timestamp to be had.
    mutating func notFetched(_ number: UInt64, now: Moment, contents: some PartitionContents) {
        finish(number, .moved(to: nil, mayHappen: false), now: now, contents: contents)
    }
}

extension PartitionRequest {
    /// True for what brings a transaction to its end, or tells of it.
    var endsSomething: Bool {
        switch self {
        case .commit, .resolve, .decide, .settle: true
        default: false
        }
    }

    /// What a step uses, if it takes latches.
    var claims: Claims? {
        switch self {
        case .commitOnce(let request): Claims(of: request.draft)
        case .prepare(let prepare): Claims(of: prepare.draft)
        default: nil
        }
    }
}
