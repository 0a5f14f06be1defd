internal import Raft

/// Steps of transactions: which step does what. What they look at and what they write is beside this file.
extension Application {
    mutating func apply(
        _ step: TransactionCommand,
        of command: Command,
        at position: LogPosition
    ) throws(StateMachineError) -> AppliedEntry.Outcome {
        let outcome: TransactionOutcome
        switch step {
        case .commitOnce(let commit): return try applyOnce(commit, of: command, at: position)
        case .prepare(let prepare): outcome = try apply(prepare)
        case .commit(let commit): outcome = try apply(commit)
        case .resolve(let id, let anchor, let fate): outcome = try resolve(id, anchor: anchor, fate)
        case .decide(let id, let primary, let now, let mustEnd):
            outcome = try decide(id, primary: primary, now: now, mustEnd: mustEnd, at: position.index)
        case .settle(let id, let primary): outcome = try settle(id, primary: primary)
        case .collect(let safePoint, let records, let from, let limit):
            outcome = try collect(safePoint: safePoint, records: records, from: from, limit: limit)
        case .reserveTimestamps(let below):
            facts.reserved = max(facts.reserved, below)
            outcome = .done
        case .describe(let descriptor): outcome = describe(descriptor)
        }
        return .command(command.id, .transaction(outcome), firstIndex: position.index)
    }

    // MARK: One round

    /// A transaction of one round takes effect once, however many copies of it get into the log.
    ///
    /// The memory of commands tells what the first copy came to. Where it no longer reaches back to the id's beginning, the
    /// record under the primary does, for as long as records are kept; if there is none either, nobody can tell.
    private mutating func applyOnce(
        _ commit: OneRoundCommit,
        of command: Command,
        at position: LogPosition
    ) throws(StateMachineError) -> AppliedEntry.Outcome {
        if let earlier = recent.find(command.id) {
            return .command(command.id, earlier.outcome, firstIndex: earlier.index)
        }
        let id = TransactionID(command.id.rawValue)
        let footprint = Footprint(commit.draft)
        guard recent.covers(command, at: position.index) else {
            guard let record = try record(of: id, at: footprint.anchor), !record.isPending else {
                return .command(command.id, .expired, firstIndex: position.index)
            }
            return .command(command.id, .transaction(record.outcome), firstIndex: position.index)
        }
        let outcome = try apply(commit, footprint, id, term: position.term)
        if isRemembered(outcome, of: commit) { remember(command.id, .transaction(outcome), at: position.index) }
        return .command(command.id, .transaction(outcome), firstIndex: position.index)
    }

    /// True for what no later copy may contradict, and would without being remembered.
    ///
    /// A copy is applied behind those that came before it, never in an earlier term, and with a timestamp that was fetched
    /// later. So these stay what they are by themselves, or turn into one another, but never into a commit:
    ///
    /// - outdated: what is newer than the start stays, or is collected, and then the start is too old;
    /// - too old, too late: the safe point and timestamps only go up;
    /// - wrong partition, where the partition has gone beyond the epoch: it never comes back.
    ///
    /// Blocked, needing a newer timestamp and wrong term say that nothing was decided: their proposer tries again under the
    /// same id, so they must not be remembered. What is left is a commit; a refusal, whose reason may be gone when the next
    /// copy comes; and the wrong partition, where the partition is behind the epoch and will get there.
    private func isRemembered(_ outcome: TransactionOutcome, of commit: OneRoundCommit) -> Bool {
        switch outcome {
        case .committed, .refused: true
        case .wrongPartition(let epoch): epoch < commit.epoch
        default: false
        }
    }

    private mutating func apply(
        _ commit: OneRoundCommit,
        _ footprint: Footprint,
        _ id: TransactionID,
        term: Term
    ) throws(StateMachineError) -> TransactionOutcome {
        let timestamp = commit.timestamp
        guard commit.term == term else { return .wrongTerm }
        guard owns(footprint, epoch: commit.epoch) else { return .wrongPartition(epoch: facts.epoch) }
        guard timestamp <= commit.deadline, commit.deadline >= facts.records else { return .tooLate }
        if let start = commit.draft.start, start < facts.safePoint { return .tooOld }
        guard timestamp > facts.safePoint, timestamp > commit.draft.start ?? .zero else {
            return .needsNewerTimestamp(key: footprint.anchor)
        }
        let found = try find(footprint.uses)
        if let obstacle = try obstacle(to: commit.draft, footprint, found, of: id, at: timestamp) { return obstacle }
        for (use, found) in zip(footprint.uses, found) {
            if let change = use.change { try write(change, of: use.key, over: found, at: timestamp) }
        }
        if !footprint.anchor.isEmpty {
            let state = TransactionRecord.State.committed(timestamp, isSettled: true, participants: [])
            try put(TransactionRecord(state, until: commit.deadline), of: id, at: footprint.anchor)
        }
        return .committed(timestamp)
    }

    // MARK: Two phases

    private mutating func apply(_ prepare: TransactionPrepare) throws(StateMachineError) -> TransactionOutcome {
        let footprint = Footprint(prepare.draft)
        guard owns(footprint, epoch: prepare.epoch) else { return .wrongPartition(epoch: facts.epoch) }
        let isHome = facts.owns(prepare.primary)
        let record = isHome ? try record(of: prepare.id, at: prepare.primary) : nil
        if let record, !record.isPending { return record.outcome }
        if footprint.anchor != prepare.primary || !isHome,
            let trace = try self.record(of: prepare.id, at: footprint.anchor), !trace.isPending
        {
            return trace.outcome
        }
        let own = intents.parts(of: prepare.id)
        if own.contains(where: { $0.step.step == prepare.step }) { return .prepared }
        guard prepare.floor <= prepare.deadline, prepare.deadline >= facts.records else { return .tooLate }
        if let start = prepare.draft.start, start < facts.safePoint { return .tooOld }
        if let key = changedTwice(footprint, own) { return .refused(.wrongType, key: key) }
        let found = try find(footprint.uses)
        if let obstacle = try obstacle(to: prepare.draft, footprint, found, of: prepare.id, at: nil) { return obstacle }
        // Nothing that is here already may come to lie above the commit.
        let floor = found.reduce(prepare.floor) { max($0, $1.version?.timestamp ?? .zero) }
        guard floor < prepare.deadline else { return .tooLate }
        hold(footprint, prepare, floor: floor)
        if isHome { try putPending(prepare, over: record) }
        return .prepared
    }

    /// The first key that an earlier step of the same attempt changes too: a transaction changes a key once.
    private func changedTwice(_ footprint: Footprint, _ own: [IntentTable.Part]) -> [UInt8]? {
        if own.isEmpty { return nil }
        let changed = own.flatMap { $0.intents.filter(\.mode.changes).map(\.key) }
        return footprint.uses.first { $0.change != nil && changed.contains($0.key) }?.key
    }

    private mutating func putPending(
        _ prepare: TransactionPrepare,
        over earlier: TransactionRecord?
    ) throws(StateMachineError) {
        var record = TransactionRecord(.pending(expires: prepare.expires), until: prepare.deadline)
        if let earlier, case .pending(let expires) = earlier.state {
            record = TransactionRecord(
                .pending(expires: max(expires, prepare.expires)),
                until: max(earlier.until, prepare.deadline)
            )
            if record == earlier { return }
        }
        try put(record, of: prepare.id, at: prepare.primary)
    }

    private mutating func apply(_ commit: TransactionCommit) throws(StateMachineError) -> TransactionOutcome {
        guard facts.owns(commit.primary) else { return .wrongPartition(epoch: facts.epoch) }
        let record = try record(of: commit.id, at: commit.primary)
        if let record, !record.isPending { return record.outcome }
        guard commit.epoch == facts.epoch else { return .wrongPartition(epoch: facts.epoch) }
        guard let record, commit.timestamp <= record.until else {
            // Without a record it never commits, and neither does it behind its deadline: a copy that comes later, when
            // the primary's part is there after all, must find that as well.
            let until = record?.until ?? commit.timestamp.advancedOrMax(by: TransactionLimits.longestPatience)
            try end(commit.id, primary: commit.primary, .rolledBack, until: until)
            return .rolledBack
        }
        if let part = intents.parts(of: commit.id).first(where: { $0.step.floor >= commit.timestamp }) {
            return .needsNewerTimestamp(key: part.anchor)
        }
        let state = TransactionRecord.State.committed(
            commit.timestamp,
            isSettled: commit.participants.isEmpty,
            participants: commit.participants
        )
        try put(TransactionRecord(state, until: record.until), of: commit.id, at: commit.primary)
        try release(commit.id, .committed(commit.timestamp))
        return .committed(commit.timestamp)
    }

    // MARK: The end

    private mutating func resolve(
        _ id: TransactionID,
        anchor: [UInt8],
        _ fate: TransactionFate
    ) throws(StateMachineError) -> TransactionOutcome {
        guard facts.owns(anchor) else { return .wrongPartition(epoch: facts.epoch) }
        let parts = intents.parts(of: id)
        let primary = parts.first?.step.holder.primary ?? anchor
        let isHome = facts.owns(primary)
        let record = isHome ? try record(of: id, at: primary) : nil
        let until = parts.map(\.step.deadline).max() ?? untilUnknown
        switch fate {
        case .rolledBack:
            if let record, !record.isPending { return .done }
            // Also where nothing is held: what is yet to come must not be.
            if try self.record(of: id, at: anchor) == nil || record != nil {
                let rollback = TransactionRecord(.rolledBack, until: record?.until ?? until)
                try put(rollback, of: id, at: isHome ? primary : anchor)
            }
        case .committed(let timestamp):
            // Only the primary's own commit ends a pending record so.
            if let record, record.isPending { return record.outcome }
            if let part = parts.first(where: { $0.step.floor >= timestamp }) {
                return .needsNewerTimestamp(key: part.anchor)
            }
        }
        if !isHome { try leaveTraces(of: parts, id, fate) }
        try release(id, fate)
        return .done
    }

    /// Notes under the anchor of every step what became of it: a copy of the step that comes later finds it there.
    private mutating func leaveTraces(
        of parts: [IntentTable.Part],
        _ id: TransactionID,
        _ fate: TransactionFate
    ) throws(StateMachineError) {
        for part in parts {
            let state: TransactionRecord.State =
                switch fate {
                case .committed(let timestamp): .committed(timestamp, isSettled: true, participants: [])
                case .rolledBack: .rolledBack
                }
            try put(TransactionRecord(state, until: part.step.deadline), of: id, at: part.anchor)
        }
    }

    private mutating func decide(
        _ id: TransactionID,
        primary: [UInt8],
        now: Timestamp,
        mustEnd: Bool,
        at index: LogIndex
    ) throws(StateMachineError) -> TransactionOutcome {
        guard facts.owns(primary) else { return .wrongPartition(epoch: facts.epoch) }
        guard let record = try record(of: id, at: primary) else {
            let until = now.advancedOrMax(by: TransactionLimits.longestPatience)
            try end(id, primary: primary, .rolledBack, until: until)
            // A transaction of one round is looked up here.
            let command = CommandID(id.rawValue)
            if recent.find(command) == nil { remember(command, .transaction(.rolledBack), at: index) }
            return .rolledBack
        }
        guard case .pending(let expires) = record.state, mustEnd || now > expires else { return record.outcome }
        try end(id, primary: primary, .rolledBack, until: record.until)
        return .rolledBack
    }

    /// Records an end under the primary, and lets go what this partition holds.
    private mutating func end(
        _ id: TransactionID,
        primary: [UInt8],
        _ state: TransactionRecord.State,
        until: Timestamp
    ) throws(StateMachineError) {
        try put(TransactionRecord(state, until: until), of: id, at: primary)
        try release(id, .rolledBack)
    }

    private mutating func settle(
        _ id: TransactionID,
        primary: [UInt8]
    ) throws(StateMachineError) -> TransactionOutcome {
        guard facts.owns(primary) else { return .wrongPartition(epoch: facts.epoch) }
        if let record = try record(of: id, at: primary),
            case .committed(let timestamp, false, let participants) = record.state
        {
            let state = TransactionRecord.State.committed(timestamp, isSettled: true, participants: participants)
            try put(TransactionRecord(state, until: record.until), of: id, at: primary)
        }
        return .done
    }

    // MARK: The partition

    private mutating func collect(
        safePoint: Timestamp,
        records: Timestamp,
        from: [UInt8],
        limit: Int
    ) throws(StateMachineError) -> TransactionOutcome {
        // A sweep sees what the engine has, and counts what it removes: what earlier ones have removed must be gone.
        if !batch.isEmpty { try write() }
        facts.safePoint = max(facts.safePoint, safePoint)
        facts.records = max(facts.records, records)
        do {
            var sweep = try Sweep(keys, facts, in: engine, limit: limit)
            facts.sweep = try sweep.run(from: try SweepPosition(from))?.encoded
            for row in sweep.removed { batch.delete(row) }
            for key in sweep.vanished { written.setVersion(of: key, nil) }
            for row in sweep.removed where row[keys.prefix.count] == PartitionKeys.Space.records {
                written.setRecord(at: row, nil)
            }
        } catch {
            throw StateMachineError(error)
        }
        return .done
    }

    private mutating func describe(_ descriptor: PartitionDescriptor) -> TransactionOutcome {
        if descriptor == facts.descriptor { return .done }
        let isNext = facts.descriptor.map { $0.epoch < .max && descriptor.epoch == $0.epoch + 1 } ?? true
        guard isNext, descriptor.id == keys.partition else { return .wrongPartition(epoch: facts.epoch) }
        facts.descriptor = descriptor
        return .done
    }

    private func owns(_ footprint: Footprint, epoch: UInt64) -> Bool {
        epoch == facts.epoch && footprint.uses.allSatisfy { facts.owns($0.key) }
            && footprint.ranges.allSatisfy { facts.owns($0) }
    }

    /// Until when to keep a rollback of which nothing was here, not even its deadline.
    private var untilUnknown: Timestamp {
        max(facts.safePoint, facts.records).advancedOrMax(by: TransactionLimits.longestPatience)
    }
}
