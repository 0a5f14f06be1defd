internal import KVStore

/// What a transaction has read, and room for the answer that tells it.
///
/// Both are looked at before anything is changed. Behind the commit there is nothing left to refuse: a 503 would make
/// others try again what has happened.
struct TransactionReads {
    /// The most bytes of keys and values that one transaction is told. A key that is read twice counts twice.
    static let limitBytes = 4 << 20

    /// More was read than one transaction is told.
    struct TooMuch: Error {}

    private(set) var entries: [StoredEntry?] = []
    private var bytes = 0
    /// No less than the answer will have.
    private var answerBytes = 256
    /// Room for the answer; nil where it is so small that it needs none.
    private(set) var reservation: MemoryBudget.Reservation?

    private static let bytesAroundARead = 96
    /// A byte of a key that stands escaped in JSON.
    private static let mostBytesOfAKeyByte = 6

    /// Takes in what a key has.
    mutating func add(_ entry: StoredEntry?, at key: [UInt8]) throws(TooMuch) {
        let valueBytes =
            switch entry?.content {
            case nil: 0
            case .bytes(let value): value.count
            case .counter(let value): String(value).utf8.count
            }
        bytes += key.count + valueBytes
        guard bytes <= Self.limitBytes else { throw TooMuch() }
        answerBytes += Self.bytesAroundARead + Self.mostBytesOfAKeyByte * key.count + (valueBytes + 2) / 3 * 4
        entries.append(entry)
    }

    /// Makes room for the answer.
    ///
    /// - Throws: 503 where there is not enough.
    mutating func reserveAnswer(in budget: MemoryBudget) throws(Problem) {
        reservation = try budget.reserve(answerBytes: answerBytes)
    }
}

extension Problem {
    /// A transaction that would read more than one is told.
    static var tooMuchRead: Problem {
        var problem = invalid(
            pointer: "/reads",
            "must have at most \(TransactionReads.limitBytes) bytes of keys and values together"
        )
        problem.members = [("outcome", .string("refused"))]
        return problem
    }
}
