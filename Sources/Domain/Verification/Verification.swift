public import KVStore

/// Looks through everything at one moment, and tells whether money is as it always is.
///
/// Keys are read once, in their order; of what was read only sums are kept, those of accounts for as long as their
/// bucket lasts. What one record says of another is looked up, a page at a time, and in both directions: so a side of a
/// transfer is neither missing nor there twice, since its key has room for one.
///
/// - each account's balance is the sum of its history, less what is held at its debit, and not below its floor
/// - per currency debits equal credits, posted and pending apart, and all balances add up to zero
/// - each transfer has its two sides, as its state asks for, and each side its transfer
/// - each donation has its transfers, its place in the donor's history and its causes' histories; and they have it
/// - a cause's count is the number of gifts in its history
/// - each top-up is as far as its transfer
/// - each recorded request has the effect that it records
/// - an event takes gifts if, and only if, it is open
public struct Verification: Sendable {
    private static let pageEntries = 500
    private let database: Database

    /// A verification of everything in a store.
    public init(_ database: Database) { self.database = database }

    /// Looks through everything. In a task that is cancelled it ends with the next page, as ``TransactionError/stopping``.
    ///
    /// - Parameter timestamp: As it was then; nil for now.
    public func run(at timestamp: Timestamp? = nil) async throws(TransactionError) -> VerificationReport {
        let snapshot = try await database.snapshot(at: timestamp)
        var report = VerificationReport(at: snapshot.timestamp)
        var sums = AccountSums()
        var range = DomainKey.everything
        while true {
            guard !Task.isCancelled else { throw .stopping }
            let page = try await snapshot.scan(range, limit: Self.pageEntries)
            var expectations: [Expectation] = []
            for item in page.entries {
                do {
                    let found = try VerifiedRecord(item)
                    sums.take(found, item, &report)
                    expectations += Expectations.of(found, &report)
                } catch {
                    report.breach("readable", "\(Self.text(item.key)): \(error)")
                }
            }
            try await check(expectations, snapshot, &report)
            guard let next = page.next else { break }
            range = KeyRange(next, range.upper)
        }
        sums.finish(&report)
        return report
    }

    private func check(
        _ expectations: [Expectation],
        _ snapshot: Snapshot,
        _ report: inout VerificationReport
    ) async throws(TransactionError) {
        for start in stride(from: 0, to: expectations.count, by: TransactionLimits.operations) {
            let part = expectations[start...].prefix(TransactionLimits.operations)
            let found = try await snapshot.get(part.map(\.key.bytes))
            for (expectation, entry) in zip(part, found) {
                if let wrong = expectation.wrong(entry) { report.breach(expectation.rule, wrong) }
            }
        }
    }

    static func text(_ key: [UInt8]) -> String { "key " + key.map { String($0, radix: 16) }.joined(separator: " ") }
}

/// Something that must hold of another key.
struct Expectation {
    let rule: String
    let key: DomainKey
    /// What is wrong with what lies there; nil where nothing is.
    let wrong: (StoredEntry?) -> String?

    init(_ rule: String, _ key: DomainKey, _ wrong: @escaping (StoredEntry?) -> String?) {
        self.rule = rule
        self.key = key
        self.wrong = wrong
    }

    /// A record must lie there, of which something must hold.
    init<R: Record>(_ rule: String, _ key: DomainKey, _ what: String, _ holds: @escaping (R) -> Bool) {
        self.init(rule, key) { entry in
            guard let entry else { return "\(what) is missing" }
            guard let stored = try? Stored<R>(entry, at: key.bytes) else { return "\(what) cannot be read" }
            return holds(stored.record) ? nil : "\(what) says something else"
        }
    }

    /// Nothing must lie there.
    init(_ rule: String, nothingAt key: DomainKey, _ what: String) {
        self.init(rule, key) { $0 == nil ? nil : "\(what) is there" }
    }
}
