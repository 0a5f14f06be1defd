internal import Raft

/// The bytes of a transaction's steps and of what they came to, in requests between nodes and in commands. Numbers that
/// identify something stand in all their bytes, lengths and counts in groups of seven bits.
extension TransactionPrepare {
    /// Appends the step's bytes.
    func encode(into bytes: inout [UInt8]) {
        bytes.appendNumber(epoch)
        bytes.appendFixed(id.rawValue)
        bytes.appendAge(age)
        bytes.appendNumber(UInt64(step))
        bytes.appendString(primary[...])
        bytes.appendFixed(floor.rawValue)
        bytes.appendFixed(expires.rawValue)
        bytes.appendFixed(deadline.rawValue)
        draft.encode(into: &bytes)
    }

    /// Reads what ``encode(into:)`` has written.
    init(from reader: inout FieldReader) throws(FieldError) {
        self.init(
            epoch: try reader.number("epoch"),
            id: try reader.transactionID("id"),
            age: try reader.age("age"),
            step: UInt32(try reader.count("step", upTo: Int(UInt32.max))),
            primary: try reader.key("primary"),
            floor: try reader.timestamp("floor"),
            expires: try reader.timestamp("expires"),
            deadline: try reader.timestamp("deadline"),
            draft: try TransactionDraft(from: &reader)
        )
    }
}

extension TransactionCommit {
    /// Appends the step's bytes.
    func encode(into bytes: inout [UInt8]) {
        bytes.appendNumber(epoch)
        bytes.appendFixed(id.rawValue)
        bytes.appendString(primary[...])
        bytes.appendFixed(timestamp.rawValue)
        bytes.appendKeys(participants)
    }

    /// Reads what ``encode(into:)`` has written.
    init(from reader: inout FieldReader) throws(FieldError) {
        self.init(
            epoch: try reader.number("epoch"),
            id: try reader.transactionID("id"),
            primary: try reader.key("primary"),
            timestamp: try reader.timestamp("timestamp"),
            participants: try reader.keys("participants")
        )
    }
}

extension TransactionFate {
    /// Appends the fate's bytes: 0 for a rollback, or 1 and the timestamp.
    func encode(into bytes: inout [UInt8]) {
        switch self {
        case .rolledBack: bytes.append(0)
        case .committed(let timestamp):
            bytes.append(1)
            bytes.appendFixed(timestamp.rawValue)
        }
    }

    /// Reads what ``encode(into:)`` has written.
    init(from reader: inout FieldReader) throws(FieldError) {
        self = try reader.flag("fate") ? .committed(try reader.timestamp("timestamp")) : .rolledBack
    }
}

extension TransactionOutcome {
    private enum Tag {
        static let committed: UInt8 = 1
        static let prepared: UInt8 = 2
        static let rolledBack: UInt8 = 3
        static let pending: UInt8 = 4
        static let refused: UInt8 = 5
        static let outdated: UInt8 = 6
        static let blocked: UInt8 = 7
        static let needsNewerTimestamp: UInt8 = 8
        static let wrongTerm: UInt8 = 9
        static let tooLate: UInt8 = 10
        static let tooOld: UInt8 = 11
        static let wrongPartition: UInt8 = 12
        static let done: UInt8 = 13
    }

    /// Appends the outcome's bytes: a tag, and what belongs to it.
    func encode(into bytes: inout [UInt8]) {
        switch self {
        case .committed(let timestamp):
            bytes.append(Tag.committed)
            bytes.appendFixed(timestamp.rawValue)
        case .prepared: bytes.append(Tag.prepared)
        case .rolledBack: bytes.append(Tag.rolledBack)
        case .pending(let expires):
            bytes.append(Tag.pending)
            bytes.appendFixed(expires.rawValue)
        case .refused(let refusal, let key):
            bytes.append(Tag.refused)
            bytes.append(refusal.tag)
            bytes.appendString(key[...])
        case .outdated(let key):
            bytes.append(Tag.outdated)
            bytes.appendString(key[...])
        case .blocked(let key, let holder):
            bytes.append(Tag.blocked)
            bytes.appendString(key[...])
            holder.encode(into: &bytes)
        case .needsNewerTimestamp(let key):
            bytes.append(Tag.needsNewerTimestamp)
            bytes.appendString(key[...])
        case .wrongTerm: bytes.append(Tag.wrongTerm)
        case .tooLate: bytes.append(Tag.tooLate)
        case .tooOld: bytes.append(Tag.tooOld)
        case .wrongPartition(let epoch):
            bytes.append(Tag.wrongPartition)
            bytes.appendNumber(epoch)
        case .done: bytes.append(Tag.done)
        }
    }

    /// Reads what ``encode(into:)`` has written.
    init(from reader: inout FieldReader) throws(FieldError) {
        switch try reader.byte("outcome") {
        case Tag.committed: self = .committed(try reader.timestamp("timestamp"))
        case Tag.prepared: self = .prepared
        case Tag.rolledBack: self = .rolledBack
        case Tag.pending: self = .pending(expires: try reader.timestamp("expires"))
        case Tag.refused:
            let refusal = try TransactionError.Refusal(tag: reader.byte("refusal"))
            self = .refused(refusal, key: try reader.key("key"))
        case Tag.outdated: self = .outdated(key: try reader.key("key"))
        case Tag.blocked:
            let key = try reader.key("key")
            self = .blocked(key: key, by: try IntentHolder(from: &reader))
        case Tag.needsNewerTimestamp: self = .needsNewerTimestamp(key: try reader.key("key"))
        case Tag.wrongTerm: self = .wrongTerm
        case Tag.tooLate: self = .tooLate
        case Tag.tooOld: self = .tooOld
        case Tag.wrongPartition: self = .wrongPartition(epoch: try reader.number("epoch"))
        case Tag.done: self = .done
        case let tag: throw FieldError("outcome", "\(tag) is none of this version")
        }
    }
}

extension TransactionError.Refusal {
    var tag: UInt8 {
        switch self {
        case .checkFailed: 1
        case .boundReached: 2
        case .wrongType: 3
        }
    }

    init(tag: UInt8) throws(FieldError) {
        guard let refusal = Self.allCases.first(where: { $0.tag == tag }) else {
            throw FieldError("refusal", "\(tag) is none of this version")
        }
        self = refusal
    }
}

extension IntentHolder {
    /// Appends the holder's bytes.
    func encode(into bytes: inout [UInt8]) {
        bytes.appendFixed(id.rawValue)
        bytes.appendAge(age)
        bytes.appendString(primary[...])
        bytes.appendFixed(expires.rawValue)
    }

    /// Reads what ``encode(into:)`` has written.
    init(from reader: inout FieldReader) throws(FieldError) {
        self.init(
            id: try reader.transactionID("holder"),
            age: try reader.age("age"),
            primary: try reader.key("primary"),
            expires: try reader.timestamp("expires")
        )
    }
}
