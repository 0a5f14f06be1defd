public import Raft

/// Keys and values on a node's loop: what ``KeyValueService`` promises, in terms of commands and reads. Called on the
/// loop, as everything of it; `reply` is called once, unless the loop fails before.
extension StoreLoop {
    /// The partition that holds all users' keys.
    public static var dataPartition: PartitionID { PartitionID(2) }
    /// The partition that holds what the cluster knows of itself.
    public static var metaPartition: PartitionID { PartitionID(1) }

    /// Reads a key.
    public func value(
        of key: [UInt8],
        _ consistency: ReadConsistency,
        reply: @escaping (Result<VersionedValue?, KeyValueError>) -> Void
    ) {
        do throws(KeyValueError) { try Self.check(key: key) } catch { return reply(.failure(error)) }
        let query = ReadQuery.value(of: key[...])
        read(query, consistency) { answer in
            reply(
                answer.flatMap { answer in
                    guard case .value(let stored?, _) = answer else { return .success(nil) }
                    return Self.decode(stored).map { $0 }
                }
            )
        }
    }

    /// Reads a page of entries; see ``KeyValueService/page(prefix:from:limit:_:)``.
    public func page(
        prefix: [UInt8],
        from: [UInt8]?,
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
        let start = from.map { $0.lexicographicallyPrecedes(prefix) ? prefix : $0 } ?? prefix
        let query = ReadQuery.page(
            from: start[...],
            upTo: KeyRange.end(ofPrefix: prefix).map { $0[...] },
            limit: ScanLimit(entries: limit)
        )
        read(query, consistency) { answer in
            reply(
                answer.flatMap { answer in
                    guard case .page(let page, _) = answer else { return .failure(.noLeader) }
                    return Self.decode(page)
                }
            )
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
        guard case .hasVersion(let version) = condition else {
            return execute(value, at: key, expecting: condition == .isAbsent ? .some(nil) : nil, patience, reply)
        }
        // A command compares values. The version is part of them, so nobody can have put an equal one in its place.
        read(.value(of: key[...]), .linearizable) { [self] answer in
            switch answer {
            case .failure(let error): reply(.failure(error))
            case .success(.value(let stored?, _)):
                switch Self.decode(stored) {
                case .success(let found) where found.version == version:
                    execute(value, at: key, expecting: .some(stored), patience, reply)
                case .success(let found): reply(.failure(.conditionFailed(found.version)))
                case .failure(let error): reply(.failure(error))
                }
            case .success: reply(.failure(.conditionFailed(nil)))
            }
        }
    }

    private func execute(
        _ value: [UInt8]?,
        at key: [UInt8],
        expecting expected: [UInt8]??,
        _ patience: Duration,
        _ reply: @escaping (Result<KeyVersion, KeyValueError>) -> Void
    ) {
        var version = KeyVersion(0)
        execute(on: Self.dataPartition, patience: patience) { [self] answer in
            switch answer {
            case .decided(.applied): reply(.success(version))
            case .decided(.conditionFailed): tellVersion(of: key, reply)
            case .decided(.expired), .unknown: reply(.failure(.outcomeUnknown))
            case .refused(let refusal): reply(.failure(KeyValueError(refusal)))
            }
        } operations: { id in
            version = KeyVersion(id.rawValue)
            let new = value.map { StoredValue.encode($0, version: version)[...] }
            if let expected {
                return [.compareAndSet(key: key[...], expected: expected.map { $0[...] }, new: new)]
            }
            return [new.map { .put(key: key[...], value: $0) } ?? .delete(key: key[...])]
        }
    }

    /// The condition did not hold; which version there is instead may have changed again meanwhile.
    private func tellVersion(of key: [UInt8], _ reply: @escaping (Result<KeyVersion, KeyValueError>) -> Void) {
        value(of: key, .stale) { found in
            reply(.failure(.conditionFailed((try? found.get())?.version)))
        }
    }

    private func read(
        _ query: ReadQuery,
        _ consistency: ReadConsistency,
        reply: @escaping (Result<ReadAnswer, KeyValueError>) -> Void
    ) {
        if consistency == .stale {
            do throws(StoreError) {
                guard let answer = try store.readStale(Self.dataPartition, query) else {
                    return reply(.failure(.noLeader))
                }
                return reply(.success(answer))
            } catch {
                fail(error)
                return reply(.failure(.stopping))
            }
        }
        readPatiently(query, until: ticks + options.readPatienceTicks, reply: reply)
    }

    /// Reads again where a change of leaders has come between: reads may be repeated at will.
    private func readPatiently(
        _ query: ReadQuery,
        until lastTick: Int,
        reply: @escaping (Result<ReadAnswer, KeyValueError>) -> Void
    ) {
        func again() {
            guard ticks < lastTick else { return reply(.failure(.noLeader)) }
            environment.executor.enqueue(after: options.tick) { [weak self] in
                self?.readPatiently(query, until: lastTick, reply: reply)
            }
        }
        do throws(RequestRefusal) {
            try read(Self.dataPartition, query) { answer in
                if answer == .unconfirmed { again() } else { reply(.success(answer)) }
            }
        } catch {
            if case .notLeader = error { again() } else { reply(.failure(KeyValueError(error))) }
        }
    }

    // MARK: Bytes

    private static func check(key: [UInt8]) throws(KeyValueError) {
        guard 1...KeyValueLimits.keyBytes ~= key.count else {
            throw .invalid(field: "key", rule: "must be from 1 to \(KeyValueLimits.keyBytes) bytes")
        }
    }

    private static func decode(_ stored: [UInt8]) -> Result<VersionedValue, KeyValueError> {
        do throws(FieldError) {
            return .success(try StoredValue.decode(stored))
        } catch {
            return .failure(.unreadable("\(error)"))
        }
    }

    private static func decode(_ page: ScanPage) -> Result<KeyValuePage, KeyValueError> {
        var entries: [(key: [UInt8], value: VersionedValue)] = []
        entries.reserveCapacity(page.entries.count)
        for entry in page.entries {
            switch decode(entry.value) {
            case .success(let value): entries.append((entry.key, value))
            case .failure(let error): return .failure(error)
            }
        }
        return .success(KeyValuePage(entries: entries, next: page.next))
    }
}

extension KeyValueError {
    init(_ refusal: RequestRefusal) {
        switch refusal {
        case .notLeader, .transferring, .unknownPartition: self = .noLeader
        case .overloaded: self = .overloaded
        case .diskFull: self = .diskFull
        case .stopping: self = .stopping
        case .invalid(let error): self = .invalid(field: error.field, rule: error.rule)
        }
    }
}
