/// What a transaction needs of a store: the door between asynchronous code and whatever runs the protocol, from any
/// thread of any node, wherever the data lies.
public protocol TransactionBackend: Sendable {
    /// The time by which callers' patience is measured.
    var now: MonotonicTime { get }

    /// A timestamp above those of all transactions that were answered before the call.
    func timestamp(patience: Duration) async throws(TransactionError) -> Timestamp

    /// What keys had at a timestamp, in the order in which they were asked for; nil where there was nothing.
    func read(
        _ keys: [[UInt8]],
        at timestamp: Timestamp,
        patience: Duration
    ) async throws(TransactionError) -> [StoredEntry?]

    /// The entries of a range at a timestamp, in the order of their keys, as far as the limit allows.
    func scan(
        _ range: KeyRange,
        at timestamp: Timestamp,
        limit: ScanLimit,
        patience: Duration
    ) async throws(TransactionError) -> EntryPage

    /// Tries a draft once, and returns when it has committed.
    ///
    /// - Parameter attempt: Who tries, and what it holds already.
    /// - Throws: `conflict` where another attempt may succeed; this one never will.
    func commit(
        _ draft: TransactionDraft,
        _ attempt: TransactionAttempt,
        patience: Duration
    ) async throws(TransactionError) -> Timestamp

    /// Reads a key so that nobody else changes it until the attempt has ended.
    func readLocking(
        _ key: [UInt8],
        _ attempt: inout TransactionAttempt,
        patience: Duration
    ) async throws(TransactionError) -> StoredEntry?

    /// Lets go what an attempt holds that will not be committed. It may take effect later, or by others.
    func abandon(_ attempt: TransactionAttempt)

    /// A new attempt.
    ///
    /// - Parameter age: That of the attempt before, so that a transaction does not grow younger by trying.
    func attempt(age: TransactionAge?) -> TransactionAttempt
}

extension TransactionBackend {
    /// How long it is until then; zero if that is over.
    func remaining(until deadline: MonotonicTime) -> Duration { max(.zero, deadline - now) }
}

/// Who is older wins: transactions that wait for each other are told apart by it.
public struct TransactionAge: Hashable, Comparable, Sendable {
    /// Cluster time at which the first attempt began, in milliseconds, as far as its node knew.
    public let milliseconds: UInt64
    /// Tells transactions of one millisecond apart.
    public let tieBreak: UInt64

    /// Makes an age.
    public init(milliseconds: UInt64, tieBreak: UInt64) {
        self.milliseconds = milliseconds
        self.tieBreak = tieBreak
    }

    /// True if `a` began before `b`.
    public static func < (a: TransactionAge, b: TransactionAge) -> Bool {
        (a.milliseconds, a.tieBreak) < (b.milliseconds, b.tieBreak)
    }
}

/// Names one attempt of a transaction for ever.
public struct TransactionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The number itself: which life of which node's process, and its own number.
    public let rawValue: UInt128

    /// Wraps a number.
    public init(_ rawValue: UInt128) { self.rawValue = rawValue }

    /// By the numbers.
    public static func < (a: TransactionID, b: TransactionID) -> Bool { a.rawValue < b.rawValue }

    /// The number, in hexadecimal.
    public var description: String { String(rawValue, radix: 16) }
}

/// One attempt of a transaction: its name, and what it holds.
public struct TransactionAttempt: Hashable, Sendable {
    /// Its name.
    public let id: TransactionID
    /// How old its transaction is.
    public let age: TransactionAge
    /// The key under which its record lies, once it holds something.
    public internal(set) var primary: [UInt8]?
    /// Keys that it has locked, in the order in which it did.
    public internal(set) var locked: [[UInt8]] = []

    /// Makes an attempt that holds nothing.
    public init(id: TransactionID, age: TransactionAge) {
        self.id = id
        self.age = age
    }
}

/// What a key has.
public struct StoredEntry: Hashable, Sendable {
    /// What lies there.
    public let content: Content
    /// The commit that wrote it last; a counter's last addition.
    public let version: Timestamp

    /// What may lie at a key.
    public enum Content: Hashable, Sendable {
        /// Bytes that were put.
        case bytes([UInt8])
        /// The sum of what was added.
        case counter(Int64)
    }

    /// Makes one.
    public init(_ content: Content, version: Timestamp) {
        self.content = content
        self.version = version
    }
}

/// A part of a scan at one timestamp.
public struct EntryPage: Hashable, Sendable {
    /// A key and what it has.
    public struct Entry: Hashable, Sendable {
        /// The key.
        public let key: [UInt8]
        /// What it has.
        public let entry: StoredEntry

        /// Makes one.
        public init(key: [UInt8], entry: StoredEntry) {
            self.key = key
            self.entry = entry
        }
    }

    /// In the order of their keys.
    public let entries: [Entry]
    /// Where the next page begins; nil if the range has been read to its end.
    public let next: [UInt8]?

    /// Makes a page.
    public init(entries: [Entry], next: [UInt8]?) {
        self.entries = entries
        self.next = next
    }
}
