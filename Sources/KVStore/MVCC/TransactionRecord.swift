/// What a partition keeps of a transaction, under a user's key and the transaction's id:
///
///     escaped key │ id: 16 bytes, the highest first  ──▶  state: 1 byte │ until: 8 bytes │ …
///
///     1 pending       expires: 8 bytes
///     2 committed     timestamp: 8 bytes │ settled │ participants
///     3 rolled back
///
/// Under its **primary** lies the record of a transaction: it decides what becomes of it. A transaction of one round
/// leaves one too, so that who doubts can ask. Under an **anchor**, which is the primary of a step's own part, lies what a
/// participant was told: a step that comes late finds it there, and is not carried out again. A rollback may come before
/// anything else, and bars what follows it.
struct TransactionRecord: Hashable {
    var state: State
    /// No step whose deadline lies behind this can be under way: then the record may go.
    var until: Timestamp

    enum State: Hashable {
        case pending(expires: Timestamp)
        /// `isSettled` when nobody needs to ask any more.
        case committed(Timestamp, isSettled: Bool, participants: [[UInt8]])
        case rolledBack
    }

    private enum Tag {
        static let pending: UInt8 = 1
        static let committed: UInt8 = 2
        static let rolledBack: UInt8 = 3
    }

    init(_ state: State, until: Timestamp) {
        self.state = state
        self.until = until
    }

    init(row: ArraySlice<UInt8>) throws(FieldError) {
        var reader = FieldReader(row)
        let tag = try reader.byte("record state")
        until = try reader.timestamp("record until")
        switch tag {
        case Tag.pending: state = .pending(expires: try reader.timestamp("record expires"))
        case Tag.committed:
            let timestamp = try reader.timestamp("record timestamp")
            let isSettled = try reader.flag("record settled")
            state = .committed(timestamp, isSettled: isSettled, participants: try reader.participants())
        case Tag.rolledBack: state = .rolledBack
        default: throw FieldError("record state", "\(tag) is none of this version")
        }
        try reader.skipLaterFields()
    }

    /// - Throws: where the participants exceed their limits.
    func row() throws(FieldError) -> [UInt8] {
        var row: [UInt8] = []
        switch state {
        case .pending(let expires):
            row.append(Tag.pending)
            row.appendTimestamp(until)
            row.appendTimestamp(expires)
        case .committed(let timestamp, let isSettled, let participants):
            row.append(Tag.committed)
            row.appendTimestamp(until)
            row.appendTimestamp(timestamp)
            row.append(isSettled ? 1 : 0)
            try row.appendParticipants(participants)
        case .rolledBack:
            row.append(Tag.rolledBack)
            row.appendTimestamp(until)
        }
        return row
    }

    /// What whoever asks is told.
    var outcome: TransactionOutcome {
        switch state {
        case .pending(let expires): .pending(expires: expires)
        case .committed(let timestamp, _, _): .committed(timestamp)
        case .rolledBack: .rolledBack
        }
    }

    var isPending: Bool { if case .pending = state { true } else { false } }

    /// True if it may go when records from before `limit` go.
    func isOver(before limit: Timestamp) -> Bool {
        switch state {
        case .pending: false
        case .committed(let timestamp, let isSettled, _): isSettled && timestamp < limit && until < limit
        case .rolledBack: until < limit
        }
    }
}

extension PartitionKeys {
    /// Where the record of a transaction lies, under its primary or an anchor.
    func record(_ key: [UInt8], _ id: TransactionID) -> [UInt8] {
        var bytes = escaped(Space.records, key)
        bytes.appendOrdered(id.rawValue)
        return bytes
    }

    /// The user's key and the id of a record, whose key comes without the partition's prefix.
    static func recordKey(_ key: ArraySlice<UInt8>) throws(FieldError) -> (key: [UInt8], id: TransactionID) {
        var reader = FieldReader(key.dropFirst())
        let user = try reader.escapedKey("record key", upTo: TransactionLimits.keyBytes)
        let id = TransactionID(try reader.ordered("record id", as: UInt128.self))
        try reader.expectEnd("record key")
        return (user, id)
    }
}

extension Timestamp {
    /// This much later, or the last timestamp there is: for numbers that may be anything.
    func advancedOrMax(by duration: Duration) -> Timestamp {
        let more = UInt64(Swift.max(0, duration.nanoseconds / 1_000_000)) << Self.counterBits
        let (sum, isTooMuch) = rawValue.addingReportingOverflow(more)
        return isTooMuch ? .max : Timestamp(sum)
    }
}
