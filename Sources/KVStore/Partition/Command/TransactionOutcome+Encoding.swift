/// The bytes of what a step came to, as they stand in answers and in the memory of commands:
///
///      1  committed                timestamp          8  wrong term
///      2  prepared                                    9  too late
///      3  rolled back                                10  too old
///      4  pending                  expires           11  wrong partition   epoch
///      5  refused                  why │ key         12  done
///      6  outdated                 key               13  needs newer timestamp   key
///      7  blocked                  key │ id │ age │ primary │ expires
///
/// Why: 1 check failed, 2 bound reached, 3 wrong type.
extension TransactionOutcome {
    private enum Tag {
        static let committed: UInt8 = 1
        static let prepared: UInt8 = 2
        static let rolledBack: UInt8 = 3
        static let pending: UInt8 = 4
        static let refused: UInt8 = 5
        static let outdated: UInt8 = 6
        static let blocked: UInt8 = 7
        static let wrongTerm: UInt8 = 8
        static let tooLate: UInt8 = 9
        static let tooOld: UInt8 = 10
        static let wrongPartition: UInt8 = 11
        static let done: UInt8 = 12
        static let needsNewerTimestamp: UInt8 = 13
    }

    func encode(into bytes: inout [UInt8]) {
        switch self {
        case .committed(let timestamp):
            bytes.append(Tag.committed)
            bytes.appendTimestamp(timestamp)
        case .prepared: bytes.append(Tag.prepared)
        case .rolledBack: bytes.append(Tag.rolledBack)
        case .pending(let expires):
            bytes.append(Tag.pending)
            bytes.appendTimestamp(expires)
        case .refused(let refusal, let key):
            bytes.append(Tag.refused)
            bytes.append(refusal.number)
            bytes.appendString(key[...])
        case .outdated(let key):
            bytes.append(Tag.outdated)
            bytes.appendString(key[...])
        case .blocked(let key, let holder):
            bytes.append(Tag.blocked)
            bytes.appendString(key[...])
            holder.encode(into: &bytes)
        case .wrongTerm: bytes.append(Tag.wrongTerm)
        case .tooLate: bytes.append(Tag.tooLate)
        case .tooOld: bytes.append(Tag.tooOld)
        case .wrongPartition(let epoch):
            bytes.append(Tag.wrongPartition)
            bytes.appendNumber(epoch)
        case .done: bytes.append(Tag.done)
        case .needsNewerTimestamp(let key):
            bytes.append(Tag.needsNewerTimestamp)
            bytes.appendString(key[...])
        }
    }

    init(from reader: inout FieldReader) throws(FieldError) {
        switch try reader.byte("outcome") {
        case Tag.committed: self = .committed(try reader.timestamp("timestamp"))
        case Tag.prepared: self = .prepared
        case Tag.rolledBack: self = .rolledBack
        case Tag.pending: self = .pending(expires: try reader.timestamp("expires"))
        case Tag.refused:
            let refusal = try TransactionError.Refusal(number: try reader.byte("refusal"))
            self = .refused(refusal, key: try reader.bound("key"))
        case Tag.outdated: self = .outdated(key: try reader.bound("key"))
        case Tag.blocked:
            let key = try reader.bound("key")
            self = .blocked(key: key, by: try IntentHolder(from: &reader))
        case Tag.wrongTerm: self = .wrongTerm
        case Tag.tooLate: self = .tooLate
        case Tag.tooOld: self = .tooOld
        case Tag.wrongPartition: self = .wrongPartition(epoch: try reader.number("epoch"))
        case Tag.done: self = .done
        case Tag.needsNewerTimestamp: self = .needsNewerTimestamp(key: try reader.bound("key"))
        case let tag: throw FieldError("outcome", "\(tag) is none of this version")
        }
    }
}

extension IntentHolder {
    func encode(into bytes: inout [UInt8]) {
        bytes.appendFixed(id.rawValue)
        bytes.appendAge(age)
        bytes.appendString(primary[...])
        bytes.appendTimestamp(expires)
    }

    init(from reader: inout FieldReader) throws(FieldError) {
        let id = try reader.transactionID("id")
        let age = try reader.age()
        let primary = try reader.key("primary")
        self.init(id: id, age: age, primary: primary, expires: try reader.timestamp("expires"))
    }
}

extension TransactionError.Refusal {
    fileprivate var number: UInt8 {
        switch self {
        case .checkFailed: 1
        case .boundReached: 2
        case .wrongType: 3
        }
    }

    fileprivate init(number: UInt8) throws(FieldError) {
        switch number {
        case 1: self = .checkFailed
        case 2: self = .boundReached
        case 3: self = .wrongType
        default: throw FieldError("refusal", "must be from 1 to 3")
        }
    }
}
