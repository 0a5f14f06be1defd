/// What somebody wants to give.
public struct Gift: Hashable, Sendable {
    /// Who gives.
    public var donor: UserID
    /// To whom, and how much to each.
    public var allocations: [Allocation]
    /// In which currency, to all.
    public var currency: Currency
    /// True where nobody but the donor may learn who gave.
    public var isAnonymous: Bool
    /// Words to the causes.
    public var message: String?

    /// The most causes of one gift: its commit keeps well within the operations of a transaction.
    public static let allocationsLimit = 100
    /// The longest message, in characters.
    public static let messageLimit = 500

    /// A cause, and what it is to get.
    public struct Allocation: Hashable, Sendable {
        /// The cause.
        public var event: EventID
        /// Minor units.
        public var amount: Int64

        /// Makes an allocation.
        public init(event: EventID, amount: Int64) {
            self.event = event
            self.amount = amount
        }
    }

    /// Makes a gift.
    public init(
        donor: UserID,
        allocations: [Allocation],
        currency: Currency,
        isAnonymous: Bool = false,
        message: String? = nil
    ) {
        self.donor = donor
        self.allocations = allocations
        self.currency = currency
        self.isAnonymous = isAnonymous
        self.message = message
    }

    /// Looks whether the gift makes sense by itself.
    ///
    /// - Throws: everything that does not.
    func validate() throws(DomainError) {
        var faults = FaultCollector()
        if !(1...Self.allocationsLimit).contains(allocations.count) {
            faults.add("/allocations", "out-of-range", "must be 1 to \(Self.allocationsLimit) causes")
        }
        var seen: Set<EventID> = []
        for (place, allocation) in allocations.prefix(Self.allocationsLimit).enumerated() {
            if !(1...Money.greatestAmount).contains(allocation.amount) {
                faults.add(
                    "/allocations/\(place)/amount",
                    "out-of-range",
                    "must be from 1 to \(Money.greatestAmount) minor units"
                )
            }
            if !seen.insert(allocation.event).inserted {
                faults.add("/allocations/\(place)/eventId", "duplicate", "must name each cause once")
            }
        }
        if let message { faults.check("/message", message, characters: 1...Self.messageLimit, lines: true) }
        try faults.finish()
    }
}
