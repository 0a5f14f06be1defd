internal import DequeModule
internal import Raft

/// The first half of a turn: what is to be sent, and whether the disk has to be waited for.
public struct PreparedTurn: Sendable {
    /// Messages, which may leave at once.
    public let messages: [StoreMessage]
    /// True when ``Store/sync()`` has to come before ``Store/complete()``.
    public let needsSync: Bool
}

/// The second half of a turn: what clients and the runtime are told.
public struct CompletedTurn: Sendable {
    /// Answers to clients.
    public let answers: [Answer]
    /// What has happened to replicas.
    public let notices: [StoreNotice]
}

/// A turn: the work of all replicas that have some, in the order of their ids, with one synchronisation.
extension Store {
    /// Begins a turn: takes what the replicas want to be done and appends their writes to the log.
    public func prepare() throws(StoreError) -> PreparedTurn {
        precondition(phase == .idle, "a turn begins when the one before has ended")
        try guarded { () throws(StoreError) in
            let working = ready.ids
            ready.removeAll()
            for id in working {
                guard let replica = replicas[id] else { continue }
                replica.core.takeEffects(into: &effects)
                if !effects.isEmpty { try perform(effects, of: replica) }
            }
            try sendSnapshots()
            phase = .prepared
        }
        return PreparedTurn(messages: outbox.takeAll(), needsSync: needsSync)
    }

    /// Makes durable what was prepared. It touches the log only, so that another thread may call it while the store is
    /// fed.
    ///
    /// - Throws: `noSpace` when the disk is full; to be called again once it is not.
    public func sync() throws(StoreError) {
        precondition(phase == .prepared, "what was prepared is synchronised")
        try callLog { () throws(LogError) in
            do throws(LogError) {
                try log.sync()
            } catch {
                // What has died since the log was tidied up may be all the room that is missing.
                guard error == .noSpace, try log.giveUpDead() > 0 else { throw error }
                try log.sync()
            }
        }
    }

    /// Ends a turn: reports what is durable, applies what is committed, answers who waited for it.
    ///
    /// - Throws: what a sync has thrown, for a log that failed refuses everything.
    public func complete() throws(StoreError) -> CompletedTurn {
        precondition(phase == .prepared, "what was prepared is completed")
        precondition(!needsSync || !log.isPending, "what was prepared is synchronised before it is completed")
        try guarded { () throws(StoreError) in
            for write in writes {
                guard let replica = replicas[write.partition] else { continue }
                replica.core.persisted(through: write.id)
                touched(replica)
            }
            writes.removeAll(keepingCapacity: true)
            needsSync = false
            phase = .idle
            try apply()
        }
        defer {
            answers.removeAll()
            notices.removeAll()
        }
        return CompletedTurn(answers: answers, notices: notices)
    }

    // MARK: Effects

    private func perform(_ effects: Effects, of replica: Replica) throws(StoreError) {
        for envelope in effects.messages { outbox.add(envelope) }
        for notice in effects.notices { take(notice, of: replica) }
        if let write = effects.persist { try append(write, of: replica) }
        for request in effects.snapshots { outgoing.add(request, of: replica.partition) }
        if let batch = effects.committed {
            replica.applying = batch
            applyQueue.append(replica.partition)
        }
        try release(effects.reads, of: replica)
        for request in effects.logReads { try answer(request, of: replica) }
    }

    private func take(_ notice: Notice, of replica: Replica) {
        notices.append(StoreNotice(partition: replica.partition, notice: notice))
        guard case .steppedDown = notice else { return }
        outgoing.removeAll(of: replica.partition)
        // What is committed will be applied here and answered then; of the rest a successor decides.
        answerUnknown(replica.commands.removeAll(after: replica.core.committedIndex))
    }

    /// One append, so that a crash keeps all of the write or nothing; the hard state first, for one too large for that.
    private func append(_ write: PersistRequest, of replica: Replica) throws(StoreError) {
        let partition = replica.partition
        if let snapshot = write.snapshot { try ingest(snapshot, of: replica) }
        var records: [LogRecord] = []
        if write.hardState != replica.writtenHardState { records.append(.hardState(partition, write.hardState)) }
        if let snapshot = write.snapshot { records.append(.install(partition, snapshot)) }
        if !write.entries.isEmpty { records.append(.entries(partition, write.entries)) }
        try callLog { () throws(LogError) in try log.append(records) }
        replica.writtenHardState = write.hardState
        writes.append((partition, write.id))
        needsSync = true
    }

    /// Entries for a follower that are no longer in memory.
    private func answer(_ request: LogReadRequest, of replica: Replica) throws(StoreError) {
        var entries: [Entry] = []
        if let base = log.base(of: replica.partition), request.first > base.index {
            entries = try callLog { () throws(LogError) in
                try log.read(replica.partition, from: request.first, maxBytes: request.maxBytes)
            }
        }
        replica.core.entriesRead(request, entries: Array(entries.prefix { $0.index <= request.last }))
        touched(replica)
    }

    // MARK: Applying

    /// Applies batch after batch, the replicas taking turns, until the turn's bytes are used up.
    ///
    /// Where the engine has no room for a batch, nothing has come of it, and it is tried again after a while.
    private func apply() throws(StoreError) {
        if applyQueue.isEmpty { isEngineFull = false }
        guard now >= nextApplication else { return }
        var bytes = 0
        while bytes < options.applyBytesPerTurn, let id = applyQueue.popFirst() {
            guard let replica = replicas[id] else { continue }
            let applied: [(Entry, AppliedEntry)]
            do throws(StoreError) {
                applied = try replica.applyNext(from: log, maxBytes: options.raft.maxApplyBytes)
            } catch {
                guard case .stateMachine(_, .engine(.noSpace)) = error, replica.machine.isWhole else { throw error }
                applyQueue.prepend(id)
                isEngineFull = true
                nextApplication = now + Self.applicationRetryTicks
                return
            }
            isEngineFull = false
            for (entry, _) in applied { bytes += max(1, entry.payload.sizeBytes) }
            answer(applied, of: replica)
            if replica.applying != nil { applyQueue.append(id) }
            touched(replica)
        }
    }

    /// How long to wait before the engine is given again what it had no room for, in ticks.
    private static var applicationRetryTicks: Int { 20 }
}
