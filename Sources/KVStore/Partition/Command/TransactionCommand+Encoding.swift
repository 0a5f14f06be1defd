internal import Raft

/// The bytes of a step of a transaction, behind the head that all commands have:
///
///     commit once   1  epoch  term  timestamp  deadline  draft
///     prepare       2  epoch  id  age  step  primary  floor  expires  deadline  draft
///     commit        3  epoch  id  primary  timestamp  how many participants  participant …
///     resolve       4  id  anchor  fate
///     decide        5  id  primary  now  must end
///     settle        6  id  primary
///     collect       7  safe point  records  from  limit
///     reserve       8  below
///     describe      9  partition  epoch  lower  upper
///
///     age           milliseconds  tie break
///     fate          0 for rolled back, or 1 and a timestamp
///
/// Timestamps take 8 bytes, ids of transactions 16, the lowest first; everything else is a number in groups of seven
/// bits, or a length and a string. One step has one encoding.
extension TransactionCommand {
    private enum Tag {
        static let commitOnce: UInt8 = 1
        static let prepare: UInt8 = 2
        static let commit: UInt8 = 3
        static let resolve: UInt8 = 4
        static let decide: UInt8 = 5
        static let settle: UInt8 = 6
        static let collect: UInt8 = 7
        static let reserve: UInt8 = 8
        static let describe: UInt8 = 9
    }

    func encode(into bytes: inout [UInt8]) throws(FieldError) {
        switch self {
        case .commitOnce(let commit):
            bytes.append(Tag.commitOnce)
            try commit.encode(into: &bytes)
        case .prepare(let prepare):
            bytes.append(Tag.prepare)
            try prepare.encode(into: &bytes)
        case .commit(let commit):
            bytes.append(Tag.commit)
            try commit.encode(into: &bytes)
        case .resolve(let id, let anchor, let fate):
            bytes.append(Tag.resolve)
            bytes.appendFixed(id.rawValue)
            try bytes.appendKey("anchor", anchor)
            bytes.appendFate(fate)
        case .decide(let id, let primary, let now, let mustEnd):
            bytes.append(Tag.decide)
            bytes.appendFixed(id.rawValue)
            try bytes.appendKey("primary", primary)
            bytes.appendFixed(now.rawValue)
            bytes.append(mustEnd ? 1 : 0)
        case .settle(let id, let primary):
            bytes.append(Tag.settle)
            bytes.appendFixed(id.rawValue)
            try bytes.appendKey("primary", primary)
        case .collect(let safePoint, let records, let from, let limit):
            bytes.append(Tag.collect)
            bytes.appendFixed(safePoint.rawValue)
            bytes.appendFixed(records.rawValue)
            _ = try SweepPosition(from)
            bytes.appendString(from[...])
            guard 1...CommandLimits.operations ~= limit else {
                throw FieldError("limit", "must be from 1 to \(CommandLimits.operations)")
            }
            bytes.appendNumber(limit)
        case .reserveTimestamps(let below):
            bytes.append(Tag.reserve)
            bytes.appendFixed(below.rawValue)
        case .describe(let descriptor):
            bytes.append(Tag.describe)
            try descriptor.encode(into: &bytes)
        }
    }

    init(from reader: inout FieldReader) throws(FieldError) {
        switch try reader.byte("step") {
        case Tag.commitOnce: self = .commitOnce(try OneRoundCommit(from: &reader))
        case Tag.prepare: self = .prepare(try TransactionPrepare(from: &reader))
        case Tag.commit: self = .commit(try TransactionCommit(from: &reader))
        case Tag.resolve:
            let id = try reader.transactionID("id")
            let anchor = try reader.key("anchor")
            self = .resolve(id, anchor: anchor, try reader.fate())
        case Tag.decide:
            let id = try reader.transactionID("id")
            let primary = try reader.key("primary")
            let now = try reader.timestamp("now")
            self = .decide(id, primary: primary, now: now, mustEnd: try reader.flag("must end"))
        case Tag.settle:
            let id = try reader.transactionID("id")
            self = .settle(id, primary: try reader.key("primary"))
        case Tag.collect:
            let safePoint = try reader.timestamp("safe point")
            let records = try reader.timestamp("records")
            let from = try reader.sweepPosition("from").encoded
            let limit = try reader.count("limit", upTo: CommandLimits.operations)
            guard limit > 0 else { throw FieldError("limit", "must be from 1 to \(CommandLimits.operations)") }
            self = .collect(safePoint: safePoint, records: records, from: from, limit: limit)
        case Tag.reserve: self = .reserveTimestamps(below: try reader.timestamp("below"))
        case Tag.describe: self = .describe(try PartitionDescriptor(from: &reader))
        case let tag: throw FieldError("step", "\(tag) is none of this version")
        }
    }
}

extension OneRoundCommit {
    fileprivate func encode(into bytes: inout [UInt8]) throws(FieldError) {
        guard term <= .max else { throw FieldError("term", "must be at most \(Term.max)") }
        bytes.appendNumber(epoch)
        bytes.appendNumber(term.rawValue)
        bytes.appendFixed(timestamp.rawValue)
        bytes.appendFixed(deadline.rawValue)
        try draft.encode(into: &bytes)
    }

    fileprivate init(from reader: inout FieldReader) throws(FieldError) {
        let epoch = try reader.number("epoch")
        let term = try reader.term("term")
        let timestamp = try reader.timestamp("timestamp")
        let deadline = try reader.timestamp("deadline")
        let draft = try TransactionDraft(from: &reader)
        self.init(epoch: epoch, term: term, timestamp: timestamp, deadline: deadline, draft: draft)
    }
}

extension TransactionPrepare {
    func encode(into bytes: inout [UInt8]) throws(FieldError) {
        bytes.appendNumber(epoch)
        bytes.appendFixed(id.rawValue)
        bytes.appendAge(age)
        bytes.appendNumber(UInt64(step))
        try bytes.appendKey("primary", primary)
        bytes.appendFixed(floor.rawValue)
        bytes.appendFixed(expires.rawValue)
        bytes.appendFixed(deadline.rawValue)
        try draft.encode(into: &bytes)
    }

    init(from reader: inout FieldReader) throws(FieldError) {
        let epoch = try reader.number("epoch")
        let id = try reader.transactionID("id")
        let age = try reader.age()
        let step = UInt32(try reader.count("step", upTo: Int(UInt32.max)))
        let primary = try reader.key("primary")
        let floor = try reader.timestamp("floor")
        let expires = try reader.timestamp("expires")
        let deadline = try reader.timestamp("deadline")
        self.init(
            epoch: epoch,
            id: id,
            age: age,
            step: step,
            primary: primary,
            floor: floor,
            expires: expires,
            deadline: deadline,
            draft: try TransactionDraft(from: &reader)
        )
    }
}

extension TransactionCommit {
    func encode(into bytes: inout [UInt8]) throws(FieldError) {
        bytes.appendNumber(epoch)
        bytes.appendFixed(id.rawValue)
        try bytes.appendKey("primary", primary)
        bytes.appendFixed(timestamp.rawValue)
        try bytes.appendParticipants(participants)
    }

    init(from reader: inout FieldReader) throws(FieldError) {
        let epoch = try reader.number("epoch")
        let id = try reader.transactionID("id")
        let primary = try reader.key("primary")
        let timestamp = try reader.timestamp("timestamp")
        let participants = try reader.participants()
        self.init(epoch: epoch, id: id, primary: primary, timestamp: timestamp, participants: participants)
    }
}

extension PartitionDescriptor {
    func encode(into bytes: inout [UInt8]) throws(FieldError) {
        bytes.appendNumber(id.rawValue)
        bytes.appendNumber(epoch)
        try bytes.appendBound("lower", range.lower)
        try bytes.appendBound("upper", range.upper)
    }

    init(from reader: inout FieldReader) throws(FieldError) {
        let id = PartitionID(try reader.number("partition"))
        let epoch = try reader.number("epoch")
        let lower = try reader.bound("lower")
        let upper = try reader.bound("upper")
        guard KeyOrder.compare(lower, upper) < 0 else { throw FieldError("upper", "must be behind lower") }
        self.init(id: id, range: KeyRange(lower, upper), epoch: epoch)
    }
}
