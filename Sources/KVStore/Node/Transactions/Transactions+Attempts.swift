internal import Raft

/// An attempt that runs here.
struct RunningAttempt {
    var coordinator: Coordinator
    /// Until when its author waits.
    let lastTick: Int
    /// Until when it is tried to tell others what became of it.
    let givenUpTick: Int
    let reply: (Coordinator.Answer) -> Void
}

/// Attempts: coordinators, and what they want done.
extension Transactions {
    /// A new attempt; see ``TransactionBackend/attempt(age:)``.
    func attempt(age: TransactionAge?) -> TransactionAttempt {
        lastAttempt += 1
        let id = TransactionID(UInt128(loop.incarnation) << 64 | UInt128(lastAttempt) | UInt128(1) << 63)
        return TransactionAttempt(id: id, age: age ?? newAge())
    }

    private func newAge() -> TransactionAge {
        let now = clock.now(loop.environment.clock.now)
        return TransactionAge(milliseconds: now.milliseconds, tieBreak: loop.incarnation &+ lastAttempt)
    }

    /// Tries a draft; see ``TransactionBackend/commit(_:_:patience:)``. `reply` is called once, unless the loop fails before.
    func commit(
        _ draft: TransactionDraft,
        _ attempt: TransactionAttempt,
        patienceTicks: Int,
        reply: @escaping (Coordinator.Answer) -> Void
    ) {
        do throws(FieldError) { try draft.validate() } catch { return reply(.failed(.invalid(error))) }
        guard !loop.isEnding else { return reply(.failed(.stopping)) }
        guard running.count < options.maxAttempts else { return reply(.failed(.overloaded)) }
        counts.attempts += 1
        let lastTick = loop.ticks + max(1, patienceTicks)
        lastRunning += 1
        running[lastRunning] = RunningAttempt(
            coordinator: Coordinator(draft, attempt),
            lastTick: lastTick,
            givenUpTick: lastTick + options.owedTicks,
            reply: reply
        )
        begin(lastRunning, draft, attempt)
    }

    /// Begins as soon as it is known where the keys lie, and what time it is.
    private func begin(_ number: UInt64, _ draft: TransactionDraft, _ attempt: TransactionAttempt) {
        guard let own = running[number] else { return }
        let primary = Coordinator.primary(of: draft, attempt)
        guard clock.isSet, let shares = loop.routing.shares(of: draft, attempt), !shares.isEmpty,
            let home = loop.routing.descriptor(of: primary)?.id
        else {
            guard loop.ticks < own.lastTick else {
                return carryOut(number) { $0.timeIsOver(why: .noLeader) }
            }
            return nextTick { [weak self] in self?.begin(number, draft, attempt) }
        }
        if shares.count == 1, attempt.primary == nil { counts.oneRound += 1 }
        let mintedAt = loop.store.appliedPosition(of: shares[0].partition)?.index ?? .zero
        let now = moment.cluster
        let expires = now.advanced(by: options.timeToLive)
        let deadline = now.advanced(by: duration(ofTicks: own.lastTick - loop.ticks))
        carryOut(number) {
            $0.begin(shares, home: home, mintedAt: mintedAt, expires: expires, deadline: deadline)
        }
    }

    private func duration(ofTicks ticks: Int) -> Duration {
        .nanoseconds(loop.options.tick.nanoseconds * Int64(max(1, ticks)))
    }

    /// Lets something happen to an attempt, and does what it wants done.
    func carryOut(_ number: UInt64, _ event: (inout Coordinator) -> [Coordinator.Action]) {
        guard var coordinator = running[number]?.coordinator else { return }
        let actions = event(&coordinator)
        running[number]?.coordinator = coordinator
        for action in actions {
            switch action {
            case .send(let partition, let request):
                guard let own = running[number] else { continue }
                let end = request.isOwed ? own.givenUpTick : own.lastTick
                send(request, to: partition, until: end) { [weak self] response, isCertain in
                    self?.carryOut(number) { $0.answered(response, by: partition, isCertain: isCertain) }
                }
            case .fetchTimestamp:
                wantTimestamp { [weak self] timestamp in self?.carryOut(number) { $0.fetched(timestamp) } }
            case .finish(let answer):
                count(answer, rounds: coordinator.rounds)
                running[number]?.reply(answer)
            case .end:
                running[number] = nil
            }
        }
    }

    private func count(_ answer: Coordinator.Answer, rounds: Int) {
        counts.rounds += rounds
        switch answer {
        case .committed: counts.committed += 1
        case .failed(.conflict): counts.conflicts += 1
        case .failed(.refused): counts.refused += 1
        case .failed(.unknown): counts.unknown += 1
        case .failed: break
        }
    }

    /// Answers those whose time is over.
    func giveUpAttempts() {
        guard loop.ticks % Self.giveUpTicks == 0 else { return }
        for number in running.keys.sorted() {
            guard let own = running[number] else { continue }
            if loop.ticks >= own.givenUpTick {
                carryOut(number) { $0.giveUp() }
            } else if loop.ticks >= own.lastTick + Self.graceTicks {
                carryOut(number) { $0.timeIsOver() }
            }
        }
    }

    /// How often to look, in ticks.
    private static var giveUpTicks: Int { 5 }
    /// How much later than its requests an attempt is given up, in ticks: what they came to may be on its way.
    private static var graceTicks: Int { 30 }

    // MARK: Locks

    /// Reads a key so that nobody else changes it until the attempt has ended; see ``TransactionBackend``.
    func readLocking(
        _ key: [UInt8],
        _ attempt: TransactionAttempt,
        patienceTicks: Int,
        reply: @escaping (Result<(StoredEntry?, TransactionAttempt), TransactionError>) -> Void
    ) {
        guard clock.isSet, let descriptor = loop.routing.descriptor(of: key) else { return reply(.failure(.noLeader)) }
        let lastTick = loop.ticks + max(1, patienceTicks)
        var locking = attempt
        locking.locked.append(key)
        locking.primary = attempt.primary ?? key
        let prepare = TransactionPrepare(
            epoch: descriptor.epoch,
            id: attempt.id,
            age: attempt.age,
            step: UInt32(attempt.locked.count),
            primary: locking.primary ?? key,
            floor: .zero,
            expires: moment.cluster.advanced(by: options.timeToLive),
            deadline: moment.cluster.advanced(by: duration(ofTicks: patienceTicks)),
            // Nothing is newer than this: the key is held as it is.
            draft: TransactionDraft(start: .max, reads: [key])
        )
        send(.prepare(prepare), to: descriptor.id, until: lastTick) { [weak self] response, _ in
            guard case .outcome(.prepared) = response else { return reply(.failure(TransactionError(response, key))) }
            self?.read([key], at: nil, attempt: attempt.id, until: lastTick) { result in
                reply(result.map { ($0[0], locking) })
            }
        }
    }

    /// Ends an attempt that will not be committed, wherever it holds something.
    func abandon(_ attempt: TransactionAttempt) {
        guard let primary = attempt.primary else { return }
        let lastTick = loop.ticks + options.owedTicks
        for key in attempt.locked {
            guard let partition = loop.routing.descriptor(of: key)?.id else { continue }
            send(.resolve(attempt.id, anchor: key, .rolledBack), to: partition, until: lastTick) { _, _ in }
        }
        guard let home = loop.routing.descriptor(of: primary)?.id else { return }
        send(.decide(attempt.id, primary: primary, mustEnd: true), to: home, until: lastTick) { _, _ in }
    }
}

extension PartitionRequest {
    /// True for what is owed to others: nobody waits for it, and it is tried for longer.
    fileprivate var isOwed: Bool {
        switch self {
        case .resolve, .settle, .decide: true
        default: false
        }
    }
}

extension TransactionError {
    /// What an answer that is none says to who asked.
    init(_ response: PartitionResponse, _ key: [UInt8]) {
        switch response {
        case .moved: self = .noLeader
        case .died(let key), .timedOut(let key): self = .conflict(key: key)
        case .overloaded: self = .overloaded
        case .diskFull: self = .diskFull
        case .invalid(let error): self = .invalid(error)
        case .tooOld, .outcome(.tooOld): self = .snapshotTooOld
        case .unreadable(let text): self = .unreadable(text)
        case .outcome, .expired, .timestamps, .entries, .page: self = .conflict(key: key)
        }
    }
}
