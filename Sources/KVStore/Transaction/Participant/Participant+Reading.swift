internal import Raft

/// Reads: they hold up nobody, and wait for those whose place in time they cannot tell.
extension Participant {
    /// Takes a read in.
    ///
    /// Whoever comes later fetches his timestamp later, and so lies behind the read's: only latches that are there now
    /// count, and of those only such as may come to lie at or below it.
    mutating func read(
        _ number: UInt64,
        _ body: PartitionRequest,
        _ attempt: TransactionID?,
        at timestamp: Timestamp?,
        behind latched: [UInt64],
        now: Moment
    ) {
        if let timestamp { saw(timestamp) }
        add(number, body, id: attempt, age: nil, now)
        let left = latched.filter { other in
            guard let request = requests[other], attempt == nil || request.id != attempt else { return false }
            switch request.stage {
            case .fetching: return true
            case .proposed(let own?): return timestamp.map { own <= $0 } ?? true
            // What is being prepared commits later than now; nothing of it was promised to anybody.
            case .proposed(nil), .waiting, .reading: return false
            }
        }
        requests[number]?.stage = .reading
        requests[number]?.latchesLeft = left
        for other in left { waitingForRequest[other, default: []].append(number) }
        actions.append(.confirm(number))
    }

    /// This replica has led since the read came, and has applied what was committed before.
    mutating func confirmed(_ number: UInt64, now: Moment, contents: some PartitionContents) {
        if number == Self.start { return catchUp(now, contents) }
        guard requests[number]?.stage == .reading else { return }
        requests[number]?.isConfirmed = true
        continueRead(number, now, contents)
    }

    /// Nobody has confirmed that this replica leads.
    mutating func unconfirmed(_ number: UInt64, now: Moment, contents: some PartitionContents) {
        if number == Self.start {
            mustAsk = !hasCaughtUp
            return
        }
        finish(number, .moved(to: nil, mayHappen: false), now: now, contents: contents)
    }

    /// Answers a read if nothing is in its way any more.
    mutating func continueRead(_ number: UInt64, _ now: Moment, _ contents: some PartitionContents) {
        guard var request = requests[number], request.isConfirmed, request.latchesLeft.isEmpty else { return }
        if request.holdersLeft == nil {
            let found = holders(inTheWayOf: request.body, contents)
            request.holdersLeft = found.map(\.id)
            requests[number] = request
            for holder in found {
                let key = contents.anchor(of: holder.id) ?? holder.primary
                waitingForTransaction[holder.id, default: []].append(number)
                holders[holder.id] = HeldAt(holder: holder, key: key)
            }
            if !found.isEmpty { count(\.waits) }
        }
        guard request.holdersLeft?.isEmpty == true else { return }
        finish(number, answer(to: request.body, contents), now: now, contents: contents)
    }

    private func holders(
        inTheWayOf body: PartitionRequest,
        _ contents: some PartitionContents
    ) -> [IntentHolder] {
        switch body {
        case .read(let keys, let timestamp, let attempt):
            contents.holders(changing: keys, upTo: timestamp, except: attempt)
        case .scan(let range, let timestamp, _):
            contents.holders(changing: range, upTo: timestamp)
        default: []
        }
    }

    private func answer(to body: PartitionRequest, _ contents: some PartitionContents) -> PartitionResponse {
        switch body {
        case .read(let keys, let timestamp, _): contents.read(keys, at: timestamp)
        case .scan(let range, let timestamp, let limit): contents.scan(range, at: timestamp, limit: limit)
        default: preconditionFailure("only reads are answered from what is applied")
        }
    }
}
