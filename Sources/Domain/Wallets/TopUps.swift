internal import KVStore

/// Takes money from gateways into wallets.
///
///     commit 1    the request is begun, the top-up is processing, the transfer is pending
///     gateway     takes the money, once for this top-up, however often it is asked
///     commit 2    the transfer is posted or voided, the top-up has ended, the request is concluded
///
/// Whatever dies in between, the next copy of the request, whoever looks at the top-up, or else some node that looks
/// through all that are processing (``reconcile(from:since:until:limit:)``), goes on behind commit 1 with the same charge. A gateway
/// that says nothing leaves the top-up processing: nothing but its own word ends it.
public struct TopUps: Sendable {
    /// How often a step of which nobody can tell whether it happened is done again: it is told apart by the state.
    private static let tries = 3

    let services: Services
    let gateway: any PaymentGateway

    /// Top-ups of a platform.
    public init(_ services: Services, gateway: any PaymentGateway) {
        self.services = services
        self.gateway = gateway
    }

    /// Takes money into a wallet.
    ///
    /// - Parameter answer: What to tell of a top-up that has succeeded, or is still processing.
    /// - Returns: what it came to. Refusals: `payment-declined`, `balance-limit`.
    /// - Throws: ``DomainError`` `invalid`, or ``TransactionError``.
    public func take(
        _ money: Money,
        from source: String,
        once key: RequestKey,
        answer: @Sendable (TopUp) -> RecordedAnswer
    ) async throws -> Concluded {
        var faults = FaultCollector()
        if !(1...Money.greatestAmount).contains(money.amount) {
            faults.add("/amount", "out-of-range", "must be from 1 to \(Money.greatestAmount) minor units")
        }
        if !gateway.accepts(source) {
            faults.add("/source", "unsupported-source", "must be one of \(gateway.sources)")
        }
        try faults.finish()
        let user = key.caller
        let id = TransferID(try await services.ids.mint(at: [Home(of: user)])[0])
        let once = OnceOnly(database: services.database, key: key)
        let reached = try await once.reach(.topUp(id)) { txn in
            try await begin(id, user, money, source, in: txn)
            return .begun
        } explaining: { reason, _ in
            reason == .boundReached
                ? DomainError(.conflict, "balance-limit", "The gateway's account cannot hold as much.") : nil
        }
        switch reached.progress {
        case .concluded(let conclusion):
            return Concluded(conclusion, isReplay: reached.isReplay, at: reached.at)
        case .begun:
            let topUp = try await begun(reached.subject, of: user)
            return try await end(topUp, await gateway.charge(topUp.charge), once, answer)
        }
    }

    /// The top-up of a request that was begun. That the request had no effect can be said no more.
    private func begun(_ subject: RequestRecord.Subject?, of user: UserID) async throws(TransactionError) -> TopUp {
        guard case .topUp(let id) = subject else { throw .unreadable("another request is recorded as a top-up") }
        let found: Stored<TopUp>?
        do {
            found = try await services.database.snapshot().record(at: WalletKeys.topUp(id, of: user))
        } catch {
            throw .unknown
        }
        guard let found else { throw .unreadable("a top-up was begun and has no record") }
        return found.record
    }

    /// A user's top-up. Where it is still processing, the gateway is asked what became of it.
    ///
    /// - Throws: ``DomainError`` `not-found`, also for others' top-ups; or ``TransactionError``.
    public func look(at id: TransferID, of user: UserID) async throws -> TopUp {
        let snapshot = try await services.database.snapshot()
        guard let found: Stored<TopUp> = try await snapshot.record(at: WalletKeys.topUp(id, of: user)) else {
            throw DomainError.notFound
        }
        guard found.record.status == .processing else { return found.record }
        let age = snapshot.timestamp.instant.duration(since: found.record.begun)
        let answer = await gateway.status(of: found.record.charge, age: age)
        if answer == .processing { return found.record }
        return try await patiently { txn in try await settle(found.record, answer, in: txn) }.value
    }

    private func begin(
        _ id: TransferID,
        _ user: UserID,
        _ money: Money,
        _ source: String,
        in txn: Transaction
    ) async throws(TransactionError) {
        let now = try await txn.now()
        let topUp = TopUp(id: id, user: user, money: money, source: source, begun: now)
        let transfer = Transfer(
            id: id,
            from: .platform(.gatewayClearing, Home(namedBy: id)),
            to: .wallet(user),
            money,
            .topUp,
            reference: id.rawValue
        )
        try Ledger.hold(transfer, since: now, in: txn)
        try txn.insert(topUp, at: WalletKeys.topUp(id, of: user))
    }

    private func end(
        _ topUp: TopUp,
        _ said: ChargeAnswer,
        _ once: OnceOnly,
        _ answer: @Sendable (TopUp) -> RecordedAnswer
    ) async throws -> Concluded {
        let committed = try await patiently { txn in
            let ended = try await settle(topUp, said, in: txn)
            let conclusion: Conclusion =
                switch ended.status {
                case .processing, .succeeded: .answered(answer(ended))
                case .declined: .refused(ended.refusal)
                }
            return try await once.conclude(conclusion, in: txn)
        }
        let (conclusion, since) = committed.value
        return Concluded(conclusion, isReplay: since != nil, at: since ?? committed.timestamp)
    }

    /// Brings a top-up to what the gateway says, if nothing else did before.
    func settle(
        _ known: TopUp,
        _ said: ChargeAnswer,
        in txn: Transaction
    ) async throws(TransactionError) -> TopUp {
        let key = WalletKeys.topUp(known.id, of: known.user)
        guard var topUp = try await txn.record(TopUp.self, at: key)?.record else {
            throw .unreadable("a top-up was begun and has no record")
        }
        guard topUp.status == .processing else { return topUp }
        switch said {
        case .processing: return topUp
        case .succeeded:
            try await Ledger.resolve(topUp.id, to: .posted, in: txn)
            topUp.status = .succeeded
        case .declined(let reason):
            try await Ledger.resolve(topUp.id, to: .voided, in: txn)
            topUp.status = .declined
            topUp.reason = reason
        }
        txn.put(topUp, at: key)
        return topUp
    }

    /// Does a step that does nothing when it was done before, until somebody can tell that it was.
    func patiently<Value>(_ step: (Transaction) async throws -> Value) async throws -> Committed<Value> {
        var tries = 1
        while true {
            do {
                return try await services.database.transact(step)
            } catch let error as TransactionError {
                if case .unreadable = error { throw error }
                guard tries < Self.tries else { throw TransactionError.unknown }
                tries += 1
            }
        }
    }
}
