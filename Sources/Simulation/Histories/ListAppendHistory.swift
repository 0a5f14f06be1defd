// What clients saw of transactions over lists: each appends to some lists and reads some whole. Elements are unique per
// key, so that whoever reads a list can tell who wrote it, in which order, and who had not yet (Kingsbury and Alvaro,
// Elle, VLDB 2020).

/// A history of list-append transactions, written down while it happens.
///
/// The order in which events were noted is the order in which they happened; their times are for readers.
public struct ListAppendHistory: Sendable, Equatable {
    /// A part of a transaction.
    public enum Operation: Sendable, Equatable {
        /// Puts an element at the end of a list.
        case append(key: String, element: Int64)

        /// Reads a whole list; nil as long as nobody knows what was read.
        case read(key: String, [Int64]?)

        /// The operation as it is asked for: nobody knows yet what it reads.
        public var asked: Operation {
            if case .read(let key, _) = self { .read(key: key, nil) } else { self }
        }
    }

    /// What became of a transaction.
    public enum Outcome: Sendable, Equatable {
        /// It took place.
        case committed
        /// It did not, and will not.
        case failed
        /// Nobody knows; it may take place at any later time, or never.
        case unknown
    }

    /// One transaction of one client.
    public struct Transaction: Sendable, Equatable {
        /// Who asked for it.
        public let client: Int
        /// What it did, in order.
        public internal(set) var operations: [Operation]
        /// When it was asked for, in nanoseconds.
        public let invokedNs: Int64
        /// When it was answered; nil while it was not.
        public internal(set) var returnedNs: Int64?
        /// What became of it.
        public internal(set) var outcome = Outcome.unknown

        /// Counts the history's events: the place of the question among them, and of the answer.
        let invokedAt: Int
        var returnedAt: Int?
    }

    /// All transactions, in the order in which they were asked for.
    public private(set) var transactions: [Transaction] = []

    private var eventCount = 0

    /// A history in which nothing has happened.
    public init() {}

    /// How many have no known outcome.
    public var unknownCount: Int { transactions.count { $0.outcome == .unknown } }

    /// Notes a question, and returns its place among the transactions.
    public mutating func invoke(client: Int, _ operations: [Operation], at nowNs: Int64) -> Int {
        transactions.append(
            Transaction(client: client, operations: operations, invokedNs: nowNs, invokedAt: eventCount)
        )
        eventCount += 1
        return transactions.count - 1
    }

    /// Notes an answer to the transaction at a place: what it did and read, and what became of it.
    public mutating func complete(_ place: Int, _ operations: [Operation], _ outcome: Outcome, at nowNs: Int64) {
        precondition(transactions[place].returnedAt == nil, "a transaction is answered once")
        transactions[place].operations = operations
        transactions[place].outcome = outcome
        transactions[place].returnedNs = nowNs
        transactions[place].returnedAt = eventCount
        eventCount += 1
    }
}

extension ListAppendHistory.Transaction: CustomStringConvertible {
    /// The transaction in one line, as `client 3 [10, 25] append x 4, read y → [1, 2]: committed`.
    public var description: String {
        let done = operations.map { "\($0)" }.joined(separator: ", ")
        return "client \(client) [\(invokedNs), \(returnedNs.map { "\($0)" } ?? "…")] \(done): \(outcome)"
    }
}

extension ListAppendHistory.Operation: CustomStringConvertible {
    private static let shownElements = 12

    /// The operation in a few words; of long lists only the end is shown.
    public var description: String {
        switch self {
        case .append(let key, let element): return "append \(key) \(element)"
        case .read(let key, nil): return "read \(key)"
        case .read(let key, let list?):
            let shown = list.suffix(Self.shownElements).map { "\($0)" }.joined(separator: ", ")
            return "read \(key) → [\(list.count > Self.shownElements ? "…, " : "")\(shown)]"
        }
    }
}
