internal import Raft

/// The bytes of a request to a partition's leader: a version, a tag and its fields. Every other change than a new kind of
/// request needs a new version.
extension PartitionRequest {
    private static let version: UInt8 = 1

    private enum Tag {
        static let timestamps: UInt8 = 1
        static let read: UInt8 = 2
        static let scan: UInt8 = 3
        static let commitOnce: UInt8 = 4
        static let prepare: UInt8 = 5
        static let commit: UInt8 = 6
        static let resolve: UInt8 = 7
        static let decide: UInt8 = 8
        static let settle: UInt8 = 9
    }

    /// The request's bytes.
    ///
    /// - Throws: the first field that exceeds a limit of who reads.
    func encoded() throws(FieldError) -> [UInt8] {
        var bytes: [UInt8] = [Self.version]
        switch self {
        case .timestamps(let count, let clock, let hasTime):
            bytes.append(Tag.timestamps)
            bytes.appendNumber(count)
            bytes.appendFixed(clock)
            bytes.append(hasTime ? 1 : 0)
        case .read(let keys, let timestamp, let attempt):
            bytes.append(Tag.read)
            try bytes.appendKeys("keys", keys)
            bytes.append(timestamp == nil ? 0 : 1)
            if let timestamp { bytes.appendTimestamp(timestamp) }
            bytes.append(attempt == nil ? 0 : 1)
            if let attempt { bytes.appendFixed(attempt.rawValue) }
        case .scan(let range, let timestamp, let limit):
            bytes.append(Tag.scan)
            try bytes.appendBound("range", range.lower)
            try bytes.appendBound("range", range.upper)
            bytes.appendTimestamp(timestamp)
            bytes.appendNumber(limit.entries)
            bytes.appendNumber(limit.bytes)
        case .commitOnce(let request):
            bytes.append(Tag.commitOnce)
            try request.encode(into: &bytes)
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
        case .decide(let id, let primary, let mustEnd):
            bytes.append(Tag.decide)
            bytes.appendFixed(id.rawValue)
            try bytes.appendKey("primary", primary)
            bytes.append(mustEnd ? 1 : 0)
        case .settle(let id, let primary):
            bytes.append(Tag.settle)
            bytes.appendFixed(id.rawValue)
            try bytes.appendKey("primary", primary)
        }
        return bytes
    }

    /// Reads a request.
    ///
    /// - Throws: the first field that is not as ``encoded`` writes it.
    init(encoded bytes: [UInt8]) throws(FieldError) {
        var reader = FieldReader(bytes)
        try reader.version("request version", upTo: Self.version)
        switch try reader.byte("request") {
        case Tag.timestamps:
            let count = try reader.count("count", upTo: TimestampOracle.mostTimestamps)
            let clock = try reader.fixed("clock", as: UInt64.self)
            self = .timestamps(count: count, clock: clock, hasTime: try reader.flag("has time"))
        case Tag.read:
            let keys = try reader.keys("keys")
            let timestamp = try reader.flag("timestamp") ? try reader.timestamp("timestamp") : nil
            let attempt = try reader.flag("attempt") ? try reader.transactionID("attempt") : nil
            self = .read(keys: keys, at: timestamp, attempt: attempt)
        case Tag.scan:
            self = try Self.scan(from: &reader)
        case Tag.commitOnce: self = .commitOnce(try OneRoundRequest(from: &reader))
        case Tag.prepare: self = .prepare(try TransactionPrepare(from: &reader))
        case Tag.commit: self = .commit(try TransactionCommit(from: &reader))
        case Tag.resolve:
            let id = try reader.transactionID("id")
            let anchor = try reader.key("anchor")
            self = .resolve(id, anchor: anchor, try reader.fate())
        case Tag.decide:
            let id = try reader.transactionID("id")
            let primary = try reader.key("primary")
            self = .decide(id, primary: primary, mustEnd: try reader.flag("must end"))
        case Tag.settle:
            let id = try reader.transactionID("id")
            self = .settle(id, primary: try reader.key("primary"))
        case let tag:
            throw FieldError("request", "\(tag) is none of this version")
        }
        try reader.expectEnd("request")
    }

    private static func scan(from reader: inout FieldReader) throws(FieldError) -> PartitionRequest {
        let lower = try reader.bound("range")
        let upper = try reader.bound("range")
        guard KeyOrder.compare(lower, upper) <= 0 else { throw FieldError("range", "must not end before it begins") }
        let timestamp = try reader.timestamp("timestamp")
        let limit = ScanLimit(
            entries: try reader.count("entries", upTo: ScanLimit.mostEntries),
            bytes: try reader.count("bytes", upTo: ScanLimit.mostBytes)
        )
        try limit.check()
        return .scan(KeyRange(lower, upper), at: timestamp, limit: limit)
    }
}

extension OneRoundRequest {
    fileprivate func encode(into bytes: inout [UInt8]) throws(FieldError) {
        bytes.appendFixed(id.rawValue)
        bytes.appendAge(age)
        bytes.appendNumber(mintedAt.rawValue)
        bytes.appendNumber(epoch)
        bytes.appendFixed(deadline.rawValue)
        try draft.encode(into: &bytes)
    }

    fileprivate init(from reader: inout FieldReader) throws(FieldError) {
        let id = try reader.transactionID("id")
        let age = try reader.age()
        let mintedAt = try reader.index("minted at")
        let epoch = try reader.number("epoch")
        let deadline = try reader.timestamp("deadline")
        let draft = try TransactionDraft(from: &reader)
        self.init(id: id, age: age, mintedAt: mintedAt, epoch: epoch, deadline: deadline, draft: draft)
    }
}

extension [UInt8] {
    fileprivate mutating func appendKeys(_ field: String, _ keys: [[UInt8]]) throws(FieldError) {
        appendNumber(keys.count)
        for key in keys { try appendKey(field, key) }
    }
}

extension FieldReader {
    fileprivate mutating func keys(_ field: String) throws(FieldError) -> [[UInt8]] {
        let count = try count(field, upTo: TransactionLimits.operations)
        var keys: [[UInt8]] = []
        keys.reserveCapacity(min(count, remaining / 2))
        for _ in 0..<count { keys.append(try key(field)) }
        return keys
    }
}
