/// Transactions on a node's loop: what ``TransactionBackend`` promises. Called on the loop, as everything of it; `reply`
/// is called once, unless the loop fails before.
extension StoreLoop {
    /// How often what has happened since the node started.
    public var transactionCounts: TransactionCounts { transactions.totalCounts }

    /// Cluster time, as far as it is known here; zero before it is.
    public var clusterTime: Timestamp { transactions.moment.cluster }

    /// A new attempt; see ``TransactionBackend/attempt(age:)``.
    public func transactionAttempt(age: TransactionAge?) -> TransactionAttempt { transactions.attempt(age: age) }

    /// A timestamp; see ``TransactionBackend/timestamp(patience:)``.
    public func timestamp(
        patience: Duration,
        reply: @escaping (Result<Timestamp, TransactionError>) -> Void
    ) {
        guard !isEnding else { return reply(.failure(.stopping)) }
        guard transactions.deskCallers.count < transactions.options.maxTimestampCallers else {
            return reply(.failure(.overloaded))
        }
        var waiting: ((Result<Timestamp, TransactionError>) -> Void)? = reply
        transactions.wantTimestamp { timestamp in
            waiting?(.success(timestamp))
            waiting = nil
        }
        environment.executor.enqueue(after: patience) {
            waiting?(.failure(.noLeader))
            waiting = nil
        }
    }

    /// What keys had; see ``TransactionBackend/read(_:at:patience:)``.
    public func entries(
        of keys: [[UInt8]],
        at timestamp: Timestamp,
        patience: Duration,
        reply: @escaping (Result<[StoredEntry?], TransactionError>) -> Void
    ) {
        let lastTick = lastTick(patience)
        vouch(for: timestamp, patience: patience) { [weak self] refusal in
            if let refusal { return reply(.failure(refusal)) }
            self?.transactions.read(keys, at: timestamp, until: lastTick, reply: reply)
        }
    }

    /// What a key has now: everything is seen that was answered before. A counter is read at a timestamp of its own.
    public func latest(
        of key: [UInt8],
        patience: Duration,
        reply: @escaping (Result<StoredEntry?, TransactionError>) -> Void
    ) {
        let lastTick = lastTick(patience)
        transactions.read([key], at: nil, until: lastTick) { [weak self] result in
            guard case .success(let entries) = result, case .counter? = entries[0]?.content, let self else {
                return reply(result.map { $0[0] })
            }
            // Additions commit out of order: only at a timestamp is it certain which of them count.
            timestamp(patience: patience) { [weak self] timestamp in
                switch timestamp {
                case .failure(let error): reply(.failure(error))
                case .success(let timestamp):
                    self?.transactions.read([key], at: timestamp, until: lastTick) { reply($0.map { $0[0] }) }
                }
            }
        }
    }

    /// The entries of a range; see ``TransactionBackend/scan(_:at:limit:patience:)``.
    public func scan(
        _ range: KeyRange,
        at timestamp: Timestamp,
        limit: ScanLimit,
        patience: Duration,
        reply: @escaping (Result<EntryPage, TransactionError>) -> Void
    ) {
        let lastTick = lastTick(patience)
        vouch(for: timestamp, patience: patience) { [weak self] refusal in
            if let refusal { return reply(.failure(refusal)) }
            self?.transactions.scan(range, at: timestamp, limit: limit, until: lastTick, reply: reply)
        }
    }

    /// Makes sure that the oracle has handed out a timestamp: nobody may read in the future, since what is prepared behind
    /// such a read would have to commit above it, and partitions take it that it will. One that lies above all that this
    /// node has heard of, as another node's may, is compared with a fresh one.
    private func vouch(for timestamp: Timestamp, patience: Duration, then: @escaping (TransactionError?) -> Void) {
        guard timestamp > transactions.clock.greatest else { return then(nil) }
        self.timestamp(patience: patience) { fresh in
            switch fresh {
            case .success(let fresh) where timestamp < fresh: then(nil)
            case .success: then(.invalid(FieldError("timestamp", "must not lie in the future")))
            case .failure(let error): then(error)
            }
        }
    }

    /// Tries a draft; see ``TransactionBackend/commit(_:_:patience:)``.
    public func commit(
        _ draft: TransactionDraft,
        _ attempt: TransactionAttempt,
        patience: Duration,
        reply: @escaping (Result<Timestamp, TransactionError>) -> Void
    ) {
        transactions.commit(draft, attempt, patienceTicks: ticks(of: patience)) { answer in
            switch answer {
            case .committed(let timestamp): reply(.success(timestamp))
            case .failed(let error): reply(.failure(error))
            }
        }
    }

    /// Reads a key and holds it; see ``TransactionBackend/readLocking(_:_:patience:)``.
    public func readLocking(
        _ key: [UInt8],
        _ attempt: TransactionAttempt,
        patience: Duration,
        reply: @escaping (Result<(StoredEntry?, TransactionAttempt), TransactionError>) -> Void
    ) {
        transactions.readLocking(key, attempt, patienceTicks: ticks(of: patience), reply: reply)
    }

    /// Lets go what an attempt holds.
    public func abandon(_ attempt: TransactionAttempt) { transactions.abandon(attempt) }

    func ticks(of patience: Duration) -> Int {
        max(1, Int(min(patience, TransactionLimits.longestPatience).nanoseconds / options.tick.nanoseconds))
    }

    private func lastTick(_ patience: Duration) -> Int { ticks + ticks(of: patience) }
}
