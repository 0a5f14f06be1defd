public import KVStore

/// What causes have got, as the ledger has it.
///
/// Nothing here is kept beside the ledger: what was raised is the cause's balance, and its history are its entries.
public struct Causes: Sendable {
    private let services: Services
    private let organizers: any Organizers

    /// Causes of a platform.
    ///
    /// - Parameter organizers: Who may act for an organization, and so see who gave to its events.
    public init(_ services: Services, organizers: any Organizers) {
        self.services = services
        self.organizers = organizers
    }

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

    /// What an event was given, newest first, and as whom the user may look at it.
    ///
    /// Each posting tells more than everybody may know: see ``Posting/donor(for:)`` and ``Posting/message(for:)``.
    ///
    /// - Parameters:
    ///   - user: Who looks; nil for anybody.
    ///   - timestamp: What was given until then; who may see how much of it is always a matter of now.
    public func history(
        of id: EventID,
        for user: UserID? = nil,
        _ page: PageRequest,
        at timestamp: Timestamp? = nil
    ) async throws -> (viewer: CauseViewer, page: Page<Posting>) {
        let snapshot = try await services.database.snapshot(at: timestamp)
        let event = try await event(id, snapshot)
        let postings = try await snapshot.entries(of: .cause(id), page)
        guard let user else { return (.anybody, postings) }
        let now = timestamp == nil ? snapshot : try await services.database.snapshot()
        let mayOrganize = try await organizers.mayOrganize(user, event, in: now)
        return (mayOrganize ? .organizer : .anybody, postings)
    }

    /// One movement of money, as somebody may see it who is on one of its sides.
    ///
    /// - Parameter isPrivileged: True for who may see everybody's. Who gave and wants to stay unknown he does not see.
    /// - Returns: also whether the looker may know whose money it was as the giver does.
    /// - Throws: ``DomainError`` `not-found`, also for what is none of the user's business; or ``TransactionError``.
    public func transaction(
        _ id: TransferID,
        for user: UserID,
        isPrivileged: Bool
    ) async throws -> (transfer: Stored<Transfer>, isGiver: Bool) {
        let snapshot = try await services.database.snapshot()
        guard let found = try await snapshot.transfer(id) else { throw DomainError.notFound }
        let transfer = found.record
        switch (transfer.debit, transfer.credit) {
        case (.wallet(user), _), (_, .wallet(user)): return (found, true)
        case _ where isPrivileged: return (found, !transfer.isAnonymous)
        case (_, .cause(let id)):
            let event = try await event(id, snapshot)
            guard try await organizers.mayOrganize(user, event, in: snapshot) else { throw DomainError.notFound }
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

/// As whom somebody looks at what a cause was given.
public enum CauseViewer: Hashable, Sendable {
    /// As everybody may.
    case anybody
    /// As one who may organize the event.
    case organizer
}

extension Posting {
    /// Who gave, as far as somebody may know: organizers do, unless the giver wanted to stay unknown.
    public func donor(for viewer: CauseViewer) -> UserID? {
        guard viewer == .organizer, !entry.isAnonymous, case .wallet(let donor) = entry.counterpart else { return nil }
        return donor
    }

    /// What the giver said to the organizers.
    public func message(for viewer: CauseViewer) -> String? { viewer == .organizer ? entry.message : nil }
}
