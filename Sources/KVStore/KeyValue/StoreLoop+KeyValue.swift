public import Raft

/// Keys and values on a node's loop: what ``KeyValueService`` promises, in terms of transactions. Called on the loop, as
/// everything of it; `reply` is called once, unless the loop fails before.
///
/// Operators' keys lie in a space of their own: what services keep has other first bytes.
extension StoreLoop {
    /// The partition that holds what the cluster knows of itself.
    public static var metaPartition: PartitionID { PartitionID(1) }

    /// Reads a key.
    public func value(
        of key: [UInt8],
        _ consistency: ReadConsistency,
        reply: @escaping (Result<VersionedValue?, KeyValueError>) -> Void
    ) {
        do throws(KeyValueError) { try Self.check(key: key) } catch { return reply(.failure(error)) }
        let stored = OperatorKeys.stored(key)
        guard consistency == .linearizable else { return reply(staleValue(of: stored)) }
        latest(of: stored, patience: readPatience) { result in
            reply(result.map { $0.map { VersionedValue($0) } }.mapError { KeyValueError($0) })
        }
    }

    /// Reads a page of entries; see ``KeyValueService/page(prefix:from:at:limit:_:)``.
    public func page(
        prefix: [UInt8],
        from: [UInt8]?,
        at timestamp: Timestamp?,
        limit: Int,
        _ consistency: ReadConsistency,
        reply: @escaping (Result<KeyValuePage, KeyValueError>) -> Void
    ) {
        guard 1...KeyValueLimits.pageEntries ~= limit else {
            let rule = "must be from 1 to \(KeyValueLimits.pageEntries)"
            return reply(.failure(.invalid(field: "limit", rule: rule)))
        }
        for (field, key) in [("prefix", prefix), ("from", from ?? [])] where key.count > KeyValueLimits.keyBytes {
            let rule = "must be at most \(KeyValueLimits.keyBytes) bytes"
            return reply(.failure(.invalid(field: field, rule: rule)))
        }
        let range = OperatorKeys.range(prefix: prefix, from: from)
        let limit = ScanLimit(entries: limit)
        guard consistency == .linearizable else { return reply(stalePage(range, limit)) }
        func read(at timestamp: Timestamp) {
            scan(range, at: timestamp, limit: limit, patience: readPatience) { result in
                reply(result.map { KeyValuePage($0, at: timestamp) }.mapError { KeyValueError($0) })
            }
        }
        if let timestamp { return read(at: timestamp) }
        self.timestamp(patience: readPatience) { result in
            switch result {
            case .success(let timestamp): read(at: timestamp)
            case .failure(let error): reply(.failure(KeyValueError(error)))
            }
        }
    }

    /// Gives a key a value, or removes it; see ``KeyValueService``. The version is of no meaning where it was removed.
    public func write(
        _ value: [UInt8]?,
        at key: [UInt8],
        if condition: WriteCondition,
        patience: Duration,
        reply: @escaping (Result<KeyVersion, KeyValueError>) -> Void
    ) {
        do throws(KeyValueError) {
            try Self.check(key: key)
            if let value, value.count > KeyValueLimits.valueBytes {
                throw .invalid(field: "value", rule: "must be at most \(KeyValueLimits.valueBytes) bytes")
            }
        } catch {
            return reply(.failure(error))
        }
        let stored = OperatorKeys.stored(key)
        var draft = TransactionDraft(changes: [.init(key: stored, value.map { .put($0) } ?? .delete)])
        switch condition {
        case .none: break
        case .isAbsent: draft.checks = [.init(key: stored, .isAbsent)]
        case .hasVersion(let version):
            guard let timestamp = version.timestamp else { return tellVersion(of: stored, reply) }
            draft.checks = [.init(key: stored, .hasVersion(timestamp))]
        }
        write(draft, nil, until: environment.clock.now + patience) { [self] result in
            switch result {
            case .success(let timestamp): reply(.success(KeyVersion(timestamp)))
            case .failure(.refused(.checkFailed, _)): tellVersion(of: stored, reply)
            case .failure(let error): reply(.failure(KeyValueError(error)))
            }
        }
    }

    /// Tries until it is decided: a key's partition may change meanwhile.
    private func write(
        _ draft: TransactionDraft,
        _ age: TransactionAge?,
        until end: MonotonicTime,
        reply: @escaping (Result<Timestamp, TransactionError>) -> Void
    ) {
        let attempt = transactionAttempt(age: age)
        let patience = max(options.tick, end - environment.clock.now)
        commit(draft, attempt, patience: patience) { [weak self] result in
            guard case .failure(.conflict) = result, let self, environment.clock.now < end else {
                return reply(result)
            }
            let trace = self.trace
            environment.executor.enqueue(after: options.tick) { [weak self] in
                guard let self else { return }
                withTrace(trace) { write(draft, attempt.age, until: end, reply: reply) }
            }
        }
    }

    /// The condition did not hold; which version there is instead may have changed again meanwhile.
    private func tellVersion(of stored: [UInt8], _ reply: @escaping (Result<KeyVersion, KeyValueError>) -> Void) {
        latest(of: stored, patience: readPatience) { found in
            let entry = try? found.get()
            reply(.failure(.conditionFailed((entry ?? nil).map { KeyVersion($0.version) })))
        }
    }

    // MARK: What this node has applied

    private func staleValue(of stored: [UInt8]) -> Result<VersionedValue?, KeyValueError> {
        guard let partition = routing.descriptor(of: stored)?.id, let reader = store.reader(of: partition) else {
            return .failure(.noLeader)
        }
        do throws(StateMachineError) {
            return .success(try reader.latest(of: stored).map { VersionedValue($0) })
        } catch {
            readFailed(error, of: partition)
            return .failure(.unreadable("\(error)"))
        }
    }

    private func stalePage(_ range: KeyRange, _ limit: ScanLimit) -> Result<KeyValuePage, KeyValueError> {
        guard let parts = routing.descriptors(of: range) else { return .failure(.noLeader) }
        var entries: [EntryPage.Entry] = []
        var bytes = 0
        var place = Self.metaPartition
        do throws(StateMachineError) {
            for (descriptor, part) in parts {
                place = descriptor.id
                guard let reader = store.reader(of: place) else { return .failure(.noLeader) }
                let left = ScanLimit(entries: limit.entries - entries.count, bytes: limit.bytes - bytes)
                let page = try reader.entries(in: part, at: .max, limit: left)
                entries += page.entries
                bytes += page.entries.reduce(0) { $0 + $1.sizeBytes }
                guard page.next == nil, entries.count < limit.entries, bytes < limit.bytes else {
                    let next = page.next ?? (part.upper == range.upper ? nil : part.upper)
                    return .success(KeyValuePage(EntryPage(entries: entries, next: next), at: nil))
                }
            }
            return .success(KeyValuePage(EntryPage(entries: entries, next: nil), at: nil))
        } catch {
            readFailed(error, of: place)
            return .failure(.unreadable("\(error)"))
        }
    }

    private var readPatience: Duration {
        .nanoseconds(options.tick.nanoseconds * Int64(options.readPatienceTicks))
    }

    private static func check(key: [UInt8]) throws(KeyValueError) {
        guard 1...KeyValueLimits.keyBytes ~= key.count else {
            throw .invalid(field: "key", rule: "must be from 1 to \(KeyValueLimits.keyBytes) bytes")
        }
    }
}
