internal import Domain

/// A worker's last lease, as it lies in the store: until when no other lease of this worker may begin.
struct LeaseRecord: Record {
    let worker: UInt16
    /// Whose lease it is.
    let token: UInt64
    /// The first millisecond behind the interval.
    let upTo: UInt64
    var unknownFields = UnknownFields()

    init(_ lease: WorkerLease) {
        worker = lease.worker
        token = lease.token
        upTo = lease.upTo
    }

    init(from reader: inout RecordReader) throws(RecordError) {
        let worker = try reader.number(1)
        guard worker < SnowflakeID.workerCount else { throw RecordError("a worker has ten bits") }
        self.worker = UInt16(worker)
        token = try reader.number(2)
        upTo = try reader.number(3)
    }

    func write(to writer: inout RecordWriter) {
        writer.number(1, UInt64(worker))
        writer.number(2, token)
        writer.number(3, upTo)
    }
}

extension Table {
    /// Leases of workers, by worker.
    static let workerLeases = Table(0x01)
}

extension LeaseRecord {
    /// All leases lie in one bucket: whoever looks for a free worker reads them at once.
    static let all = DomainKey(.workerLeases, in: Bucket(0))

    static func key(of worker: UInt16) -> DomainKey { all.appending(UInt64(worker)) }
}
