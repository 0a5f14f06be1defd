public import KVStore

/// What causes have got, as the ledger has it.
///
/// Nothing here is kept beside the ledger: what was raised is the cause's balance, and its history are its entries.
public struct Causes: Sendable {
    private let services: Services

    /// Causes of a platform.
    public init(_ services: Services) { self.services = services }

    /// What a cause has got.
    public struct Totals: Hashable, Sendable {
        /// How much.
        public let raised: Money
        /// In how many gifts.
        public let count: Int64
        /// As of when.
        public let at: Timestamp
    }

    /// What an event has got.
    ///
    /// - Parameter timestamp: As it was then; nil for now.
    /// - Throws: ``DomainError`` `not-found`, or ``TransactionError``.
    public func totals(of id: EventID, at timestamp: Timestamp? = nil) async throws -> Totals {
        let snapshot = try await services.database.snapshot(at: timestamp)
        let event = try await event(id, snapshot)
        let raised = try await snapshot.balance(of: .cause(id), event.currency)
        let count = try await snapshot.get(EventKeys.giftCount(id).bytes)
        let gifts: Int64
        switch count?.content {
        case nil: gifts = 0
        case .counter(let value): gifts = value
        case .bytes: throw TransactionError.unreadable("bytes lie where gifts are counted")
        }
        return Totals(raised: Money(raised, event.currency), count: gifts, at: snapshot.timestamp)
    }

    /// What an event was given, newest first, and the event.
    ///
    /// Each posting tells more than everybody may know: see ``Posting/donor(for:of:)``.
    public func history(
        of id: EventID,
        _ page: PageRequest,
        at timestamp: Timestamp? = nil
    ) async throws -> (event: Event, page: Page<Posting>) {
        let snapshot = try await services.database.snapshot(at: timestamp)
        let event = try await event(id, snapshot)
        return (event, try await snapshot.entries(of: .cause(id), page))
    }

    /// One movement of money, as somebody may see it who is on one of its sides.
    ///
    /// - Parameter isPrivileged: True for who may see everybody's.
    /// - Throws: ``DomainError`` `not-found`, also for what is none of the user's business; or ``TransactionError``.
    public func transaction(
        _ id: TransferID,
        for user: UserID,
        isPrivileged: Bool
    ) async throws -> (transfer: Stored<Transfer>, isGiver: Bool) {
        let snapshot = try await services.database.snapshot()
        guard let found = try await snapshot.transfer(id) else { throw DomainError.notFound }
        let transfer = found.record
        if isPrivileged { return (found, true) }
        switch (transfer.debit, transfer.credit) {
        case (.wallet(user), _), (_, .wallet(user)): return (found, true)
        case (_, .cause(let event)):
            guard try await self.event(event, snapshot).owner == user else { throw DomainError.notFound }
            return (found, false)
        default: throw DomainError.notFound
        }
    }

    private func event(_ id: EventID, _ snapshot: Snapshot) async throws -> Event {
        guard let found: Stored<Event> = try await snapshot.record(at: EventKeys.event(id)) else {
            throw DomainError.notFound
        }
        return found.record
    }
}

extension Posting {
    /// Who gave, as far as somebody may know: the event's owner does, unless the giver wanted to stay unknown.
    public func donor(for user: UserID?, of event: Event) -> UserID? {
        guard !entry.isAnonymous, let user, user == event.owner, case .wallet(let donor) = entry.counterpart else {
            return nil
        }
        return donor
    }
}
