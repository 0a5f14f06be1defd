public import KVStore

/// Makes events, changes them, and ends them.
public struct Events: Sendable {
    private let services: Services
    private let organizers: any Organizers
    private let requests: Requests

    /// Events of a platform.
    ///
    /// - Parameter organizers: Who may act for an organization.
    public init(_ services: Services, organizers: any Organizers) {
        self.services = services
        self.organizers = organizers
        requests = Requests(services)
    }

    /// What is to be made.
    public struct Draft: Sendable {
        /// Who makes it.
        public var owner: UserID
        /// For which organization; nil for the owner's own person.
        public var organization: OrganizationID?
        /// In which gifts are made to it.
        public var currency: Currency
        /// Everything else.
        public var details: EventDetails

        /// Makes a draft.
        public init(
            owner: UserID,
            organization: OrganizationID? = nil,
            currency: Currency,
            details: EventDetails
        ) {
            self.owner = owner
            self.organization = organization
            self.currency = currency
            self.details = details
        }
    }

    // MARK: Reading

    /// An event.
    ///
    /// - Throws: ``DomainError`` `not-found`, or ``TransactionError``.
    public func event(_ id: EventID) async throws -> Stored<Event> {
        let snapshot = try await services.database.snapshot()
        guard let found: Stored<Event> = try await snapshot.record(at: EventKeys.event(id)) else {
            throw DomainError.notFound
        }
        return found
    }

    /// All events, newest first. They are read in parts, until there are bytes enough for a page: anybody may ask for this,
    /// and anybody may make events as large as they get.
    public func list(_ page: PageRequest) async throws(TransactionError) -> Page<Stored<Event>> {
        let snapshot = try await services.database.snapshot()
        let listed: Page<Stored<EventListing>> = try await snapshot.records(under: EventKeys.list, page)
        var events: [Stored<Event>] = []
        var bytes = 0
        while events.count < listed.items.count, bytes < PageRequest.usualBytes {
            let part = listed.items.dropFirst(events.count).prefix(PageRequest.usualLimit)
            let keys = part.map { EventKeys.event($0.record.id) }
            for (key, entry) in zip(keys, try await snapshot.get(keys.map(\.bytes))) {
                guard let entry else { throw .unreadable("an event is listed that does not exist") }
                if case .bytes(let record) = entry.content { bytes += record.count }
                events.append(try Stored(entry, at: key.bytes))
            }
        }
        let places = Array(listed.places.prefix(events.count))
        let next = events.count < listed.items.count ? places.last : listed.next
        return Page(items: events, places: places, next: next)
    }

    // MARK: Changing

    /// Makes an event.
    ///
    /// - Parameter answer: What to tell of it.
    /// - Throws: ``DomainError`` `invalid` or `forbidden`, or ``TransactionError``.
    public func make(
        _ draft: Draft,
        once key: RequestKey?,
        answer: (Event) -> RecordedAnswer
    ) async throws -> Concluded {
        var faults = FaultCollector()
        draft.details.validate(&faults)
        try faults.finish()
        let id: EventID = try await services.ids.mint()
        let event = Event(
            id: id,
            owner: draft.owner,
            organization: draft.organization,
            currency: draft.currency,
            details: draft.details
        )
        return try await requests.carryOut(key, .event(id)) { txn in
            try await checkOrganizer(draft.owner, of: event, in: txn)
            try txn.insert(event, at: EventKeys.event(id))
            try txn.insert(EventListing(id), at: EventKeys.listing(id))
            try txn.insert(EventKeys.open, at: EventKeys.openCause(id, event.currency).bytes)
            return answer(event)
        }
    }

    /// Changes what an organizer says of an event.
    ///
    /// - Parameters:
    ///   - version: Which state of it the organizer has seen.
    ///   - change: What becomes of the details.
    /// - Throws: ``DomainError``: `not-found`, `forbidden`, `precondition-failed` where it has changed since, `invalid`;
    ///   or ``TransactionError``.
    public func change(
        _ id: EventID,
        seen version: Timestamp,
        by user: UserID,
        _ change: (Event) throws -> EventDetails
    ) async throws -> Stored<Event> {
        let committed = try await services.database.transact { txn in
            let stored = try await find(id, for: user, in: txn)
            guard stored.version == version else { throw DomainError.stale }
            var event = stored.record
            guard event.status != .cancelled else {
                throw DomainError.illegalTransition(from: event.status.name, possible: [])
            }
            event.details = try change(event)
            var faults = FaultCollector()
            event.details.validate(&faults)
            try faults.finish()
            event.made = event.made ?? stored.version.instant
            txn.put(event, at: EventKeys.event(id))
            return event
        }
        return Stored(committed.value, version: committed.timestamp)
    }

    /// Brings an event to its next state.
    ///
    /// - Parameter answer: What to tell of it.
    /// - Throws: ``DomainError``: `not-found`, `forbidden`; or ``TransactionError``. An illegal transition is an outcome.
    public func bring(
        _ id: EventID,
        to status: Event.Status,
        by user: UserID,
        once key: RequestKey?,
        answer: (Event) -> RecordedAnswer
    ) async throws -> Concluded {
        try await requests.carryOut(key, .event(id)) { txn in
            let stored = try await find(id, for: user, in: txn)
            var event = stored.record
            guard event.status.next.contains(status) else {
                throw DomainError.illegalTransition(from: event.status.name, possible: event.status.next.map(\.name))
            }
            event.status = status
            event.made = event.made ?? stored.version.instant
            txn.put(event, at: EventKeys.event(id))
            txn.delete(EventKeys.openCause(id, event.currency))
            return answer(event)
        }
    }

    private func find(_ id: EventID, for user: UserID, in txn: Transaction) async throws -> Stored<Event> {
        guard let stored: Stored<Event> = try await txn.record(at: EventKeys.event(id)) else {
            throw DomainError.notFound
        }
        try await checkOrganizer(user, of: stored.record, in: txn)
        return stored
    }

    private func checkOrganizer(_ user: UserID, of event: Event, in txn: Transaction) async throws {
        guard try await organizers.mayOrganize(user, event, in: txn) else { throw DomainError.forbidden }
    }
}
