// What clients saw of amounts under keys: transactions that changed some of them, each with the timestamp at which the
// store says that it took place, and looks at all or some of them at one timestamp.

/// A ledger as its clients saw it.
public struct Ledger: Sendable {
    /// A change of one amount.
    public struct Posting: Sendable, Equatable {
        /// Which amount.
        public let key: String
        /// What is added to it.
        public let delta: Int64
        /// What the client has read of the key in the same transaction, before its change; nil if nothing.
        public let seen: Int64?
        /// The least that the amount may come to by this, if there is such a bound.
        public let floor: Int64?
        /// The most that it may come to, if there is such a bound.
        public let ceiling: Int64?

        /// Makes a posting.
        public init(_ key: String, _ delta: Int64, seen: Int64? = nil, floor: Int64? = nil, ceiling: Int64? = nil) {
            self.key = key
            self.delta = delta
            self.seen = seen
            self.floor = floor
            self.ceiling = ceiling
        }
    }

    /// What became of a transaction.
    public enum Fate: Sendable, Equatable {
        /// It took place then.
        case committed(at: UInt64)
        /// It did not and will not, since this amount would have left its bounds.
        case refused(key: String)
        /// It did not and will not.
        case failed
        /// Nobody knows.
        case unknown
    }

    /// A transaction.
    public struct Entry: Sendable, Equatable {
        /// Who asked for it.
        public let client: Int
        /// What it was to change.
        public let postings: [Posting]
        /// When it was asked for, in nanoseconds.
        public let callNs: Int64
        /// When it was answered; nil while it was not.
        public let returnNs: Int64?
        /// What became of it.
        public let fate: Fate

        /// Makes an entry.
        public init(client: Int, _ postings: [Posting], callNs: Int64, returnNs: Int64?, _ fate: Fate) {
            self.client = client
            self.postings = postings
            self.callNs = callNs
            self.returnNs = returnNs
            self.fate = fate
        }
    }

    /// A look at amounts as they were at one timestamp.
    public struct Look: Sendable, Equatable {
        /// Who looked.
        public let client: Int
        /// The moment that was looked at.
        public let timestamp: UInt64
        /// Whether the timestamp was fetched for this look: then it lies behind all that was answered before.
        public let isFresh: Bool
        /// What was there, in the order of keys.
        public let amounts: [Amount]
        /// When it was asked for, in nanoseconds.
        public let callNs: Int64
        /// When it was answered.
        public let returnNs: Int64

        /// An amount under a key.
        public struct Amount: Sendable, Equatable {
            /// Where.
            public let key: String
            /// How much.
            public let value: Int64

            /// Makes one.
            public init(_ key: String, _ value: Int64) {
                self.key = key
                self.value = value
            }
        }

        /// Makes a look.
        public init(
            client: Int,
            at timestamp: UInt64,
            isFresh: Bool,
            _ amounts: [Amount],
            callNs: Int64,
            returnNs: Int64
        ) {
            self.client = client
            self.timestamp = timestamp
            self.isFresh = isFresh
            self.amounts = amounts
            self.callNs = callNs
            self.returnNs = returnNs
        }
    }

    /// Bounds that amounts keep at every moment, for those that have any.
    public struct Bounds: Sendable, Equatable {
        /// Which amount.
        public let key: String
        /// The least and the most that it may ever be.
        public let range: ClosedRange<Int64>

        /// Makes bounds.
        public init(_ key: String, _ range: ClosedRange<Int64>) {
            self.key = key
            self.range = range
        }
    }

    /// Transactions, in any order.
    public var entries: [Entry] = []
    /// Looks, in any order.
    public var looks: [Look] = []
    /// Bounds of single amounts.
    public var bounds: [Bounds] = []
    /// Keys whose amounts only move between them: their sum is what the first entry that touches them all has brought.
    public var conserved: [[String]] = []

    /// An empty ledger.
    public init() {}
}

extension Ledger.Entry: CustomStringConvertible {
    /// The entry in one line.
    public var description: String {
        let moves = postings.map { posting in
            let sign = posting.delta < 0 ? "" : "+"
            let bounds = [posting.floor.map { "≥ \($0)" }, posting.ceiling.map { "≤ \($0)" }].compactMap { $0 }
            let seen = posting.seen.map { " from \($0)" } ?? ""
            return "\(posting.key) \(sign)\(posting.delta)\(seen)"
                + (bounds.isEmpty ? "" : " (\(bounds.joined(separator: ", ")))")
        }
        let what = moves.joined(separator: ", ")
        return "client \(client) [\(callNs), \(returnNs.map { "\($0)" } ?? "…")] \(what): \(fate)"
    }
}

extension Ledger.Look: CustomStringConvertible {
    /// The look in one line.
    public var description: String {
        let found = amounts.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
        return "client \(client) [\(callNs), \(returnNs)] at \(timestamp): \(found)"
    }
}
