internal import Raft

/// Timestamps: the oracle where it is led, the desk everywhere.
extension Transactions {
    /// Has somebody given a timestamp that is minted after this call.
    func wantTimestamp(_ reply: @escaping (Timestamp) -> Void) {
        lastDeskCaller += 1
        counts.timestamps += 1
        deskCallers[lastDeskCaller] = (loop.trace, reply)
        desk.want(lastDeskCaller)
        sendFromDesk()
    }

    /// Whoever wants one in the same round of the loop shares a request.
    private func sendFromDesk() {
        guard !isDeskDue else { return }
        isDeskDue = true
        loop.environment.executor.enqueue { [weak self] in
            guard let self else { return }
            isDeskDue = false
            while let question = desk.send() { ask(question) }
        }
    }

    private func ask(_ question: TimestampDesk.Question) {
        counts.timestampBatches += 1
        ticksWithoutTime = 0
        let request = PartitionRequest.timestamps(
            count: question.count,
            clock: loop.environment.calendar.milliseconds,
            hasTime: clock.isSet
        )
        let lastTick = loop.ticks + options.participant.patienceTicks
        send(request, to: StoreLoop.metaPartition, until: lastTick) { [weak self] response, _ in
            guard let self else { return }
            guard case .timestamps(let first) = response else {
                desk.failed(question.batch)
                return sendFromDesk()
            }
            let given = desk.given(first, to: question.batch)
            if let last = given.last { clock.observe(last.timestamp, at: loop.environment.clock.now) }
            for given in given {
                guard let caller = deskCallers.removeValue(forKey: given.caller) else { continue }
                loop.withTrace(caller.trace) { caller.reply(given.timestamp) }
            }
        }
    }

    /// A node that has no use for timestamps asks for one now and then: it has to know the time for its deadlines.
    func keepTime() {
        ticksWithoutTime += 1
        let isDue = clock.isSet ? ticksWithoutTime >= options.timeTicks : ticksWithoutTime >= 2
        guard isDue, desk.isIdle, loop.store.status(of: StoreLoop.metaPartition) != nil else { return }
        wantTimestamp { _ in }
    }

    // MARK: The oracle

    func mint(
        _ count: Int,
        from node: NodeID,
        clock: UInt64,
        hasTime: Bool,
        reply: @escaping (PartitionResponse) -> Void
    ) {
        lastOracleRequest += 1
        oracleReplies[lastOracleRequest] = reply
        let actions = oracle?.receive(
            lastOracleRequest,
            count: count,
            from: node,
            clock: clock,
            hasTime: hasTime,
            now: loop.environment.clock.now
        )
        carryOutOracle(actions ?? [])
    }

    func carryOutOracle(_ actions: [TimestampOracle.Action]) {
        for action in actions {
            switch action {
            case .confirm: confirmOracle()
            case .reserve(let below): reserve(below)
            case .answer(let number, let first): oracleReplies.removeValue(forKey: number)?(.timestamps(first: first))
            }
        }
    }

    private func confirmOracle() {
        guard let term = oracle?.term else { return }
        do throws(RequestRefusal) {
            try loop.read(StoreLoop.metaPartition, .nothing) { [weak self] answer in
                guard let self, oracle?.term == term else { return }
                guard answer != .unconfirmed, let contents = contents(of: StoreLoop.metaPartition) else {
                    return roundFailed()
                }
                let now = loop.environment.clock.now
                carryOutOracle(oracle?.roundEnded(reserved: contents.reservedTimestamps, now: now) ?? [])
            }
        } catch {
            roundFailed()
        }
    }

    private func roundFailed() {
        for number in oracle?.roundFailed() ?? [] {
            oracleReplies.removeValue(forKey: number)?(.moved(to: nil, mayHappen: false))
        }
    }

    private func reserve(_ limit: Timestamp) {
        guard let term = oracle?.term else { return }
        let command = Command(
            id: loop.newCommandID(),
            mintedAt: .zero,
            transaction: .reserveTimestamps(below: limit)
        )
        do throws(RequestRefusal) {
            try loop.submit(command, to: StoreLoop.metaPartition) { [weak self] answer in
                guard let self, oracle?.term == term else { return }
                guard case .decided(let outcome, _, _) = answer, outcome.step == .done else {
                    oracle?.notReserved()
                    return
                }
                carryOutOracle(oracle?.reserved(below: limit, now: loop.environment.clock.now) ?? [])
            }
        } catch {
            oracle?.notReserved()
        }
    }

    func endOracle() {
        roundFailed()
        oracle = nil
        for number in oracleReplies.keys.sorted() {
            oracleReplies.removeValue(forKey: number)?(.moved(to: nil, mayHappen: false))
        }
    }
}
