/// What may leave at once and what has to wait for the disk.
///
/// Payloads say by their type which of the two they are, so a vote or an acknowledgement cannot be sent at once by
/// mistake: ``LeavesAtOnce`` goes through `send`, ``LeavesOnceDurable`` through `sendOnceDurable`, and nothing else
/// makes envelopes.
///
///     events ──▶ core ──▶ effects.messages ──────────────────────────────▶ network
///                  │  └──▶ effects.persist ──▶ log, sync ──┐
///                  └──▶ held ◀─── persisted(through:) ─────┘──▶ effects.messages
extension RaftCore {
    /// Hands out everything that is to be done, and forgets it.
    public mutating func takeEffects(into effects: inout Effects) {
        handOutWrite()
        if role == .leader { flushAsLeader() }
        if self.effects.committed == nil { self.effects.committed = log.takeCommitted(maxBytes: options.maxApplyBytes) }
        releaseConfirmedReads()
        swap(&effects, &self.effects)
        self.effects.removeAll()
    }

    /// Hands out everything that is to be done, and forgets it.
    public mutating func takeEffects() -> Effects {
        var taken = Effects()
        takeEffects(into: &taken)
        return taken
    }

    /// Every write up to and including this one is durable. Completions may come late, twice or out of order.
    public mutating func persisted(through id: PersistID) {
        guard let last = writes.complete(through: id) else { return }
        log.markDurable(through: last)
        if let install = installing, install <= id {
            installing = nil
            log.markRestored()
            takeOverLeadership()
        }
        while let next = held.first, next.until <= id {
            effects.messages.append(next.envelope)
            held.removeFirst()
        }
        if let own = ownVote, own <= id {
            ownVote = nil
            countOwnVote()
        }
        if role == .leader { advanceCommit() }
        log.evict(downTo: options.entryCacheBytes)
    }

    /// The state machine has applied everything up to `index`, and will say so after a restart or start from less.
    public mutating func applied(through index: LogIndex) {
        if let configuration = log.apply(through: index) {
            adopt(configuration)
            // A campaign may have waited for it.
            retryEarlyCampaign()
        }
        log.evict(downTo: options.entryCacheBytes)
        if role == .leader {
            noticeSettlement()
            leaveJointConfiguration()
            continueTransfer()
        }
        takeOverLeadership()
    }

    /// The log is about to give up entries up to `index`. The caller knows that they are applied, that the state
    /// machine would find itself behind them after a crash, and that their write is durable.
    public mutating func compact(through index: LogIndex) { log.compact(through: index) }

    // MARK: Sending

    /// Forgets messages that were not taken yet, as a network may lose them: for a runtime that cannot send for long.
    public mutating func dropMessages() { effects.messages.removeAll() }

    mutating func send(_ payload: some LeavesAtOnce, to receiver: NodeID) {
        effects.messages.append(envelope(payload, to: receiver))
    }

    mutating func sendOnceDurable(_ payload: some LeavesOnceDurable, to receiver: NodeID) {
        let envelope = envelope(payload, to: receiver)
        guard let until = newestWrite else {
            effects.messages.append(envelope)
            return
        }
        let new = HeldEnvelope(until: until, envelope: envelope)
        if let last = held.last, new.replaces(last) { held.removeLast() }
        held.append(new)
    }

    private func envelope(_ payload: some MessagePayload, to receiver: NodeID) -> Envelope {
        Envelope(partition: partition, from: id, to: receiver, term: term, message: payload.asMessage)
    }

    // MARK: Writing

    /// The write that makes everything durable that is so far only in memory; nil when nothing is.
    var newestWrite: PersistID? {
        if needsWrite { return writes.newest.next }
        return writes.isEmpty ? nil : writes.newest
    }

    /// Asked with every event: inlined, for a call would copy the whole core.
    @inline(__always)
    private var needsWrite: Bool {
        log.unwritten <= log.lastIndex || hasUnwrittenHardState || unwrittenSnapshot != nil
    }

    /// The hard state goes along with every write: whoever stores a configuration entry thereby also stores that the
    /// one before it is committed.
    private mutating func handOutWrite() {
        guard needsWrite else { return }
        precondition(effects.persist == nil, "effects are handed out once")
        let entries = log.takeUnwritten()
        effects.persist = PersistRequest(
            id: writes.begin(last: log.lastIndex),
            hardState: HardState(term: term, vote: vote, commit: log.committed),
            snapshot: unwrittenSnapshot,
            entries: entries
        )
        hasUnwrittenHardState = false
        writtenCommit = log.committed
        unwrittenSnapshot = nil
    }
}
