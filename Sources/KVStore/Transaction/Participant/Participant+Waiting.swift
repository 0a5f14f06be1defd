internal import Raft

/// Who waits for whom, and for how long.
extension Participant {
    /// Has a step wait until a request lets go.
    mutating func wait(_ number: UInt64, forRequest other: UInt64, at key: [UInt8], _ claims: Claims, _ now: Moment) {
        // Latches are let go soon. Who queues behind an older one may wait in a circle with it, by what he holds elsewhere.
        let isLatched = latches.holds(other)
        begin(number, at: key, claims, mayDie: !isLatched, now)
        waitingForRequest[other, default: []].append(number)
    }

    /// Has a step wait until a transaction has ended.
    mutating func wait(_ number: UInt64, for holder: IntentHolder, at key: [UInt8], _ claims: Claims, _ now: Moment) {
        let isYounger = requests[number]?.age.map { holder.age < $0 } ?? false
        begin(number, at: key, claims, mayDie: isYounger, now)
        waitingForTransaction[holder.id, default: []].append(number)
        holders[holder.id] = HeldAt(holder: holder, key: key)
    }

    private mutating func begin(_ number: UInt64, at key: [UInt8], _ claims: Claims, mayDie: Bool, _ now: Moment) {
        guard var request = requests[number] else { return }
        count(\.waits)
        request.stage = .waiting
        request.waitsSince = now.tick
        request.key = key
        // A transaction of one round holds nothing while it waits.
        if case .prepare = request.body { request.mayDie = mayDie } else { request.mayDie = false }
        requests[number] = request
        if !queue.holds(number) { queue.acquire(claims, for: number) }
    }

    /// A request has ended: it has let go its latches, and does not queue any more.
    mutating func release(_ number: UInt64, _ now: Moment, _ contents: some PartitionContents) {
        latches.release(number)
        guard let waiting = waitingForRequest.removeValue(forKey: number) else { return }
        for next in waiting.sorted() { goOn(next, after: number, now, contents) }
    }

    /// A transaction has ended and holds nothing here any more.
    mutating func resolved(_ id: TransactionID, _ now: Moment, _ contents: some PartitionContents) {
        asked[id] = nil
        holders[id] = nil
        guard let waiting = waitingForTransaction.removeValue(forKey: id) else { return }
        for next in waiting.sorted() {
            guard let request = requests[next] else { continue }
            if request.stage == .reading {
                requests[next]?.holdersLeft?.removeAll { $0 == id }
                continueRead(next, now, contents)
            } else if request.stage == .waiting {
                admit(next, now, contents)
            }
        }
    }

    private mutating func goOn(
        _ number: UInt64,
        after other: UInt64,
        _ now: Moment,
        _ contents: some PartitionContents
    ) {
        guard let request = requests[number] else { return }
        switch request.stage {
        case .reading:
            requests[number]?.latchesLeft.removeAll { $0 == other }
            continueRead(number, now, contents)
        case .waiting: admit(number, now, contents)
        case .fetching, .proposed: break
        }
    }

    // MARK: Time

    /// Lets time pass.
    mutating func tick(_ now: Moment, contents: some PartitionContents) {
        if mustAsk { begin() }
        if !requests.isEmpty {
            for number in requests.keys.sorted() { look(at: number, now, contents) }
        }
        for id in holders.keys.sorted() {
            guard let held = holders[id] else { continue }
            if waitingForTransaction[id] == nil {
                holders[id] = nil
                asked[id] = nil
            } else if contents.anchor(of: id) == nil {
                // An entry of another leadership has ended it.
                resolved(id, now, contents)
            } else {
                ask(about: held, now)
            }
        }
        guard now.tick % options.sweepTicks == 0 else { return }
        for holder in contents.holders(expiredAt: now.cluster) {
            let key = contents.anchor(of: holder.id) ?? holder.primary
            actions.append(.ask(holder, key: key))
        }
    }

    private mutating func look(at number: UInt64, _ now: Moment, _ contents: some PartitionContents) {
        guard let request = requests[number] else { return }
        switch request.stage {
        case .waiting where request.mayDie && now.tick >= request.waitsSince + options.youngPatienceTicks:
            count(\.deaths)
            finish(number, .died(key: request.key), now: now, contents: contents)
        case .waiting where now.tick >= request.lastTick, .reading where now.tick >= request.lastTick:
            count(\.timeouts)
            finish(number, .timedOut(key: request.key), now: now, contents: contents)
        default: break
        }
    }

    /// Asks about a transaction that somebody waits for and whose time is over, not at once and not all the time.
    ///
    /// Who asks earlier might end one that waits for others at its primary, however old it is: nothing is known there of
    /// a transaction whose part is not prepared.
    private mutating func ask(about held: HeldAt, _ now: Moment) {
        guard now.cluster > held.holder.expires else { return }
        guard let last = asked[held.holder.id] else {
            asked[held.holder.id] = now.tick
            return
        }
        guard now.tick >= last + options.askTicks else { return }
        asked[held.holder.id] = now.tick
        count(\.questions)
        actions.append(.ask(held.holder, key: held.key))
    }

    /// The primary has told what became of a transaction that is in somebody's way.
    ///
    /// - Returns: a resolution to be carried out here, as a request of its own; nil while nobody knows.
    mutating func heard(of id: TransactionID, _ outcome: TransactionOutcome, key: [UInt8]) -> PartitionRequest? {
        switch outcome {
        case .committed(let timestamp): .resolve(id, anchor: key, .committed(timestamp))
        case .rolledBack: .resolve(id, anchor: key, .rolledBack)
        default: nil
        }
    }

    /// A transaction that is in somebody's way, and where.
    struct HeldAt: Hashable {
        let holder: IntentHolder
        let key: [UInt8]
    }
}
