internal import HeapModule
internal import Raft

/// A request that is asked of a partition's leader, whoever that is, until it is answered or its time is over.
struct Send {
    let partition: PartitionID
    let request: PartitionRequest
    let lastTick: Int
    /// For which client's request it is asked.
    let trace: String?
    let reply: (PartitionResponse, Bool) -> Void
    /// To whom the last copy has gone; nil while none is under way.
    var sentTo: NodeID?
    /// Counts the copies.
    var trial = 0
    /// No copy was sent of which nobody has told what became of it.
    var isCertain = true
    /// Who is said to lead, by the last node that was asked in vain.
    var hint: NodeID?
    /// How often in a row nobody could be asked, or whoever was asked could not tell whom to ask.
    var failures = 0
    /// Why the last copy came to nothing.
    var lastWord = PartitionResponse.moved(to: nil, mayHappen: false)
}

extension Transactions {
    /// Asks a partition's leader. `reply` is called once: with the answer, and whether all copies are accounted for.
    func send(
        _ request: PartitionRequest,
        to partition: PartitionID,
        until lastTick: Int,
        reply: @escaping (PartitionResponse, Bool) -> Void
    ) {
        lastSend += 1
        sends[lastSend] = Send(
            partition: partition,
            request: request,
            lastTick: lastTick,
            trace: loop.trace,
            reply: reply
        )
        trySend(lastSend)
    }

    private func trySend(_ number: UInt64) {
        guard var send = sends[number] else { return }
        send.trial += 1
        if send.trial > 1 { counts.retries += 1 }
        send.sentTo = nil
        let leader = send.hint ?? loop.store.leader(of: send.partition)
        send.hint = nil
        guard let leader else {
            // Whoever comes to lead is asked at once: a notice tells. Looking for him in every tick would cost most when
            // there is least to spare.
            sends[number] = send
            return setAlarm(max(1, min(options.resendTicks, send.lastTick - loop.ticks)), number)
        }
        send.sentTo = leader
        sends[number] = send
        let trial = send.trial
        if leader == loop.node {
            return serve(send.request, of: send.partition, from: loop.node) { [weak self] response in
                self?.answered(number, trial, response)
            }
        }
        setAlarm(options.resendTicks * min(trial, Self.mostResendFactor), number)
        let bytes: [UInt8]
        do throws(FieldError) {
            bytes = try send.request.encoded()
        } catch {
            return finish(number, .invalid(error))
        }
        loop.ask(
            leader,
            about: send.partition,
            bytes,
            patienceTicks: patience(of: send),
            trace: send.trace
        ) { [weak self] bytes in
            let response = bytes.flatMap { try? PartitionResponse(encoded: $0) }
            self?.answered(number, trial, response)
        }
    }

    /// Timestamps come at once or not at all; what may have to wait for others is left alone for longer.
    private func patience(of send: Send) -> Int {
        if case .timestamps = send.request { return max(5, options.resendTicks / 4) }
        return max(1, min(send.lastTick - loop.ticks, options.participant.patienceTicks) + options.resendTicks)
    }

    /// A copy was answered, or, without a response, nobody will ever tell what became of it.
    private func answered(_ number: UInt64, _ trial: Int, _ response: PartitionResponse?) {
        guard var send = sends[number] else { return }
        guard send.trial == trial else { return }
        switch response {
        case nil:
            send.isCertain = false
        case .moved(let hint, let mayHappen)?:
            if mayHappen { send.isCertain = false }
            send.hint = hint.flatMap { $0 == send.sentTo ? nil : $0 }
        case .overloaded?:
            send.lastWord = .overloaded
        case .diskFull? where send.request.endsTransaction:
            // Readers wait for it, and soon somebody may lead who has room.
            send.lastWord = .diskFull
        case .outcome(.wrongPartition(let epoch))?:
            // It may be this node that is behind.
            loop.learnEpoch(epoch, of: send.partition)
            return finish(number, .outcome(.wrongPartition(epoch: epoch)))
        case let response?:
            return finish(number, response)
        }
        send.sentTo = nil
        send.failures = send.hint == nil ? send.failures + 1 : 0
        let wait = send.hint == nil ? 1 << min(send.failures - 1, Self.mostWaitDoublings) : 1
        sends[number] = send
        setAlarm(max(1, min(wait, send.lastTick - loop.ticks)), number)
    }

    /// Tells who has asked. What he asks next is for the same client's request.
    private func finish(_ number: UInt64, _ response: PartitionResponse) {
        guard let send = sends.removeValue(forKey: number) else { return }
        loop.withTrace(send.trace) { send.reply(response, send.isCertain) }
    }

    /// The wait after failures in a row grows up to two to the power of this, in ticks.
    private static var mostWaitDoublings: Int { 4 }

    private func setAlarm(_ ticks: Int, _ number: UInt64) {
        guard let send = sends[number] else { return }
        alarms.insert(Alarm(tick: loop.ticks + ticks, send: number, trial: send.trial))
    }

    /// The wait for an answer grows up to so many times the first one.
    private static var mostResendFactor: Int { 8 }

    /// Sends again what was turned down or not answered, and gives up what has waited long enough.
    func continueSends() {
        while let alarm = alarms.min, alarm.tick <= loop.ticks {
            alarms.removeMin()
            guard let send = sends[alarm.send], send.trial == alarm.trial else { continue }
            let isOver = loop.ticks >= send.lastTick
            if send.sentTo != nil {
                // The copy that was sent, or its answer, may be lost; or it waits for somebody, and this one will too.
                if isOver { continue }
                sends[alarm.send]?.isCertain = false
                trySend(alarm.send)
            } else if isOver {
                finish(alarm.send, send.lastWord)
            } else {
                trySend(alarm.send)
            }
        }
    }

    /// Another node leads a partition, or this one does: whoever was asked before will hardly answer.
    func retrySends(of partition: PartitionID) {
        if sends.isEmpty { return }
        guard let leader = loop.store.leader(of: partition) else { return }
        for number in sends.keys.sorted() {
            guard let send = sends[number], send.partition == partition, send.sentTo != leader else { continue }
            if send.sentTo != nil { sends[number]?.isCertain = false }
            trySend(number)
        }
    }
}

extension PartitionRequest {
    /// True for what a transaction that has begun needs to be over.
    fileprivate var endsTransaction: Bool {
        switch self {
        case .commit, .resolve, .decide, .settle: true
        case .timestamps, .read, .scan, .commitOnce, .prepare: false
        }
    }
}
