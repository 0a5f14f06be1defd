internal import HTTPTypes
internal import KVStore

/// What is kept of a transaction that came with an id: what became of it, and which body it had.
///
///     format: 1 │ outcome │ SHA-256 of the body's one spelling: 32 bytes │ (refused: the key as operators know it)
struct TransactionRecord {
    /// What became of it, for good.
    enum Outcome: Hashable {
        case committed
        case conflict(key: [UInt8])
        case refused(TransactionError.Refusal, key: [UInt8])
        /// It would have read more than it may.
        case tooMuchRead
    }

    /// What a client is told.
    struct Told {
        let outcome: Outcome
        let timestamp: Timestamp
        /// Nil for a transaction that took place before.
        let reads: TransactionReads?

        init(_ outcome: Outcome, _ timestamp: Timestamp, reads: TransactionReads?) {
            self.outcome = outcome
            self.timestamp = timestamp
            self.reads = reads
        }
    }

    let outcome: Outcome
    let digest: [UInt8]

    private static let space: UInt8 = 0x02
    private static let format: UInt8 = 1
    private static let digestBytes = 32
    private static let headerBytes = 2 + digestBytes

    /// Where all records lie.
    static let range = KeyRange([space], [space + 1])

    /// Where the record of an id lies.
    static func key(of id: String) -> [UInt8] { [space] + Array(id.utf8) }

    init(outcome: Outcome, digest: [UInt8]) {
        self.outcome = outcome
        self.digest = digest
    }

    /// Reads a record.
    init(_ entry: StoredEntry) throws(TransactionError) {
        guard case .bytes(let bytes) = entry.content, bytes.count >= Self.headerBytes, bytes[0] == Self.format else {
            throw .unreadable("the record of a transaction is of another format")
        }
        digest = Array(bytes[2..<Self.headerBytes])
        let key = Array(bytes[Self.headerBytes...])
        switch bytes[1] {
        case 0: outcome = .committed
        case 1: outcome = .conflict(key: key)
        case 2: outcome = .refused(.checkFailed, key: key)
        case 3: outcome = .refused(.boundReached, key: key)
        case 4: outcome = .refused(.wrongType, key: key)
        case 5: outcome = .tooMuchRead
        default: throw .unreadable("the record of a transaction is of another format")
        }
    }

    /// The record's bytes.
    var encoded: [UInt8] {
        let (tag, key): (UInt8, [UInt8]) =
            switch outcome {
            case .committed: (0, [])
            case .conflict(let key): (1, key)
            case .refused(.checkFailed, let key): (2, key)
            case .refused(.boundReached, let key): (3, key)
            case .refused(.wrongType, let key): (4, key)
            case .tooMuchRead: (5, [])
            }
        return [Self.format, tag] + digest + key
    }

    /// What a client is told who sends it again.
    func told(at version: Timestamp) -> Told { Told(outcome, version, reads: nil) }
}

extension TransactionRecord.Outcome {
    /// Refusals that are final; nil for what may end otherwise the next time.
    init?(_ error: TransactionError) {
        switch error {
        case .conflict(let key): self = .conflict(key: OperatorKeys.known(key))
        case .refused(let refusal, let key): self = .refused(refusal, key: OperatorKeys.known(key))
        default: return nil
        }
    }

    /// What it says to a client; nil for a commit.
    var problem: Problem? {
        switch self {
        case .committed: nil
        case .conflict(let key): Problem.refused("conflict", "Others came between until the time was over.", key)
        case .refused(.checkFailed, let key):
            Problem.refused(TransactionError.Refusal.checkFailed.rawValue, "A check does not hold.", key)
        case .refused(.boundReached, let key):
            Problem.refused(TransactionError.Refusal.boundReached.rawValue, "A counter would leave its bounds.", key)
        case .refused(.wrongType, let key):
            Problem.refused(
                TransactionError.Refusal.wrongType.rawValue,
                "A counter has no bytes, and bytes cannot be added to.",
                key
            )
        case .tooMuchRead: Problem.tooMuchRead
        }
    }
}

extension Problem {
    /// A transaction that will never take place, and the key because of which.
    fileprivate static func refused(_ code: String, _ title: String, _ key: [UInt8]) -> Problem {
        Problem(
            status: .conflict,
            code: code,
            title: title,
            members: [("outcome", .string("refused")), ("key", .string(String(decoding: key, as: UTF8.self)))]
        )
    }

    /// What a transaction's failure means to a client.
    ///
    /// - Parameter location: Where its outcome can be looked up, if anywhere.
    init(_ error: TransactionError, location: String?) {
        if let problem = TransactionRecord.Outcome(error)?.problem {
            self = problem
            return
        }
        self.init(KeyValueError(error), location: location ?? "/v1/kv")
    }
}
