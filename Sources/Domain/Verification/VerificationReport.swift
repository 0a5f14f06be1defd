public import KVStore

/// What a verification has found.
public struct VerificationReport: Hashable, Sendable {
    /// The moment that was looked at.
    public let at: Timestamp
    /// How many records of each kind were looked at.
    public internal(set) var counts = Counts()
    /// What the accounts hold together, by currency.
    public internal(set) var sums: [CurrencySums] = []
    /// What is wrong: as far as ``breachesLimit`` goes.
    public internal(set) var breaches: [Breach] = []
    /// How much is wrong in all.
    public internal(set) var breachCount = 0

    /// The most breaches that are told.
    public static let breachesLimit = 100

    /// True where nothing is wrong.
    public var holds: Bool { breachCount == 0 }

    /// How many records of each kind there are.
    public struct Counts: Hashable, Sendable {
        /// Accounts, one for each of their currencies.
        public internal(set) var accounts = 0
        /// Entries of accounts' histories.
        public internal(set) var entries = 0
        /// Sides of pending transfers.
        public internal(set) var holds = 0
        /// Transfers.
        public internal(set) var transfers = 0
        /// Donations.
        public internal(set) var donations = 0
        /// Top-ups.
        public internal(set) var topUps = 0
        /// Requests with an idempotency key.
        public internal(set) var requests = 0
        /// Events.
        public internal(set) var events = 0
    }

    /// Debits and credits of a currency: the two of a pair are equal.
    public struct CurrencySums: Hashable, Sendable {
        /// Which currency.
        public let currency: Currency
        /// What posted transfers took from accounts.
        public internal(set) var debits: Int128 = 0
        /// What they gave to accounts.
        public internal(set) var credits: Int128 = 0
        /// What pending transfers take.
        public internal(set) var pendingDebits: Int128 = 0
        /// What they are to give.
        public internal(set) var pendingCredits: Int128 = 0
        /// The sum of all accounts' balances without what is pending: zero.
        public internal(set) var balances: Int128 = 0
    }

    /// Something that is not as it always is.
    public struct Breach: Hashable, Sendable {
        /// Which rule is broken: stable, for programs.
        public let rule: String
        /// Where, and what is there instead.
        public let detail: String
    }

    init(at: Timestamp) { self.at = at }

    mutating func breach(_ rule: String, _ detail: String) {
        breachCount += 1
        if breaches.count < Self.breachesLimit { breaches.append(Breach(rule: rule, detail: detail)) }
    }
}
