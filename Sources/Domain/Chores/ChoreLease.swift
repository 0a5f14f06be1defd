public import KVStore

/// Which node does the chores of the cluster: what somebody has to do now and then, and not everybody.
///
/// It saves work, and promises nothing: of two nodes, one of which has slept for too long, both may think that they hold
/// it. So a chore is always such that doing it twice, at the same time or half, does no harm.
public struct ChoreLease: Sendable {
    /// How long it lasts. It is renewed when half of that is over, and taken over when all is.
    public static let length = Duration.seconds(15)

    private let database: Database
    private let holder: UInt64

    /// The lease, as one who wants it sees it.
    ///
    /// - Parameter holder: A number that nobody else has.
    public init(_ database: Database, holder: UInt64) {
        self.database = database
        self.holder = holder
    }

    /// Takes or renews the lease where that can be done.
    ///
    /// - Returns: true if the chores are this holder's now.
    public func hold() async throws -> Bool {
        let snapshot = try await database.snapshot()
        if let found = try await snapshot.record(ChoreLeaseRecord.self, at: Self.key)?.record {
            let left = found.until.duration(since: snapshot.timestamp.instant)
            // Nothing is written where nothing has to be.
            if left > (found.holder == holder ? Self.length / 2 : .zero) { return found.holder == holder }
        }
        return try await database.transact { txn in
            let now = try await txn.now()
            let found = try await txn.record(ChoreLeaseRecord.self, at: Self.key)?.record
            if let found, found.holder != holder, found.until > now { return false }
            var record = ChoreLeaseRecord(holder: holder, until: now.advanced(by: Self.length))
            record.unknownFields = found?.unknownFields ?? UnknownFields()
            txn.put(record, at: Self.key)
            return true
        }.value
    }

    private static let key = DomainKey(.choreLease, in: Bucket(0))
}

/// Who holds the lease, and until when.
private struct ChoreLeaseRecord: Record {
    let holder: UInt64
    let until: Instant
    var unknownFields = UnknownFields()

    init(holder: UInt64, until: Instant) {
        self.holder = holder
        self.until = until
    }

    init(from reader: inout RecordReader) throws(RecordError) {
        holder = try reader.number(1)
        until = try reader.instant(2)
    }

    func write(to writer: inout RecordWriter) {
        writer.number(1, holder)
        writer.instant(2, until)
    }
}

extension Table {
    /// Who does the chores.
    static let choreLease = Table(0x02)
}
