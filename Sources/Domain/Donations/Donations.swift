public import KVStore

/// Takes gifts from wallets to causes.
///
/// A gift is one commit that reads nothing. It touches two parts of the keys for each cause at most:
///
///     at the donor's home     the wallet, an entry a leg, the donation, its donor by id, the request, the receipt to be sent
///     at each cause's home    that it is open (checked), its balance, its count, an entry, the transfer
///
/// Everything is checked, inserted or added, so that gifts to one cause commute however many they are.
public struct Donations: Sendable {
    private let services: Services

    /// Donations of a platform.
    public init(_ services: Services) { self.services = services }

    /// Gives from the donor's wallet: to all causes, or to none.
    ///
    /// - Parameter answer: What to tell of it.
    /// - Returns: what it came to. Refusals: `insufficient-funds`, `event-closed`, `balance-limit`.
    /// - Throws: ``DomainError`` `invalid`, for what is wrong with the gift itself; or ``TransactionError``.
    public func give(
        _ gift: Gift,
        once key: RequestKey,
        answer: (Donation) -> RecordedAnswer
    ) async throws -> Concluded {
        precondition(key.caller == gift.donor, "a donor gives what is his")
        try gift.validate()
        let homes = [Home(of: gift.donor)] + gift.allocations.map { Home(of: $0.event) }
        let ids = try await services.ids.mint(at: homes)
        let donation = Donation(id: DonationID(ids[0]), gift, transfers: ids.dropFirst().map { TransferID($0) })
        let once = OnceOnly(database: services.database, key: key)
        let reached = try await once.reach(.donation(donation.id)) { txn in
            try write(donation, in: txn)
            return .concluded(.answered(answer(donation)))
        } explaining: { reason, place in
            try await explain(reason, place, gift)
        }
        guard case .concluded(let conclusion) = reached.progress else {
            throw TransactionError.unreadable("a gift is recorded as begun")
        }
        return Concluded(conclusion, isReplay: reached.isReplay, at: reached.at)
    }

    private func write(_ donation: Donation, in txn: Transaction) throws(TransactionError) {
        for leg in donation.legs {
            let transfer = Transfer(
                id: leg.transfer,
                from: .wallet(donation.donor),
                to: .cause(leg.event),
                Money(leg.amount, donation.currency),
                .donation,
                reference: donation.id.rawValue,
                isAnonymous: donation.isAnonymous
            )
            txn.check(EventKeys.openCause(leg.event, donation.currency).bytes, .exists)
            try Ledger.post(transfer, message: donation.message, in: txn)
            try txn.add(1, to: EventKeys.giftCount(leg.event).bytes)
        }
        try txn.insert(donation, at: DonationKeys.donation(donation.id, of: donation.donor))
        try txn.insert(DonorOf(donation.donor), at: DonationKeys.donor(of: donation.id))
        let receipt = OutboxEntry(.donationReceipt, to: donation.donor, about: donation.id.rawValue)
        try txn.insert(receipt, at: receipt.place)
    }

    /// Why the store refuses a gift. What is wrong with the gift itself is told before what is in its way.
    private func explain(
        _ reason: TransactionError.Refusal,
        _ place: [UInt8],
        _ gift: Gift
    ) async throws -> DomainError? {
        let snapshot = try await services.database.snapshot()
        let keys = gift.allocations.map { EventKeys.event($0.event).bytes }
        var faults = FaultCollector()
        var closed: (EventID, Event.Status)?
        for (position, entry) in try await snapshot.get(keys).enumerated() {
            guard let entry else {
                faults.add("/allocations/\(position)/eventId", "unknown-event", "must be an event that exists")
                continue
            }
            let event = try Stored<Event>(entry, at: keys[position]).record
            if event.currency != gift.currency {
                faults.add("/currency", "currency-mismatch", "must be \(event.currency), as event \(event.id) has it")
            } else if event.status != .open, closed == nil {
                closed = (event.id, event.status)
            }
        }
        try faults.finish()
        if let (event, status) = closed {
            return DomainError(.conflict, "event-closed", "Event \(event) is \(status.name) and takes no gifts.")
        }
        guard reason == .boundReached else { return nil }
        guard place == LedgerKeys.balance(of: .wallet(gift.donor), gift.currency).bytes else {
            return DomainError(.conflict, "balance-limit", "A cause cannot hold as much.")
        }
        return DomainError(.conflict, "insufficient-funds", "The wallet does not hold as much.")
    }

    // MARK: Looking

    /// A donation.
    ///
    /// - Parameter isPrivileged: True for who may see everybody's.
    /// - Throws: ``DomainError`` `not-found`, also for others' donations; or ``TransactionError``.
    public func donation(_ id: DonationID, for user: UserID, isPrivileged: Bool) async throws -> Stored<Donation> {
        let snapshot = try await services.database.snapshot()
        var donor = user
        if isPrivileged {
            guard let owner: Stored<DonorOf> = try await snapshot.record(at: DonationKeys.donor(of: id)) else {
                throw DomainError.notFound
            }
            donor = owner.record.donor
        }
        guard let found: Stored<Donation> = try await snapshot.record(at: DonationKeys.donation(id, of: donor)) else {
            throw DomainError.notFound
        }
        return found
    }

    /// What a user has given, newest first.
    ///
    /// - Parameter timestamp: As it was then; nil for now.
    public func history(
        of user: UserID,
        _ page: PageRequest,
        at timestamp: Timestamp? = nil
    ) async throws(TransactionError) -> Page<Stored<Donation>> {
        let snapshot = try await services.database.snapshot(at: timestamp)
        return try await snapshot.records(under: DonationKeys.history(of: user), page)
    }
}
