internal import Domain
public import KVStore

/// Grants and renews leases: transactions over one small record a worker.
public struct WorkerLeases: Sendable {
    private let database: Database
    private let milliseconds: UInt64

    /// A lease, and the cluster time at which it was granted, in milliseconds since 1970.
    public struct Grant: Hashable, Sendable {
        /// What was granted.
        public let lease: WorkerLease
        /// When.
        public let milliseconds: UInt64
    }

    /// No worker is free: more than ``SnowflakeID/workerCount`` hold leases.
    public struct NoWorkerFree: Error, Hashable, Sendable {}

    /// Leases from a store.
    ///
    /// - Parameter length: How long a lease lasts. A process that ends leaves its worker unused for as long at most.
    public init(_ database: Database, length: Duration = .seconds(60)) {
        precondition(length >= .seconds(1), "a lease lasts at least a second")
        self.database = database
        milliseconds = UInt64(length.nanoseconds / 1_000_000)
    }

    /// A lease of a worker that nobody holds.
    public func grant() async throws -> Grant {
        try await database.transact { transaction in
            let start = try await transaction.startTimestamp()
            let worker = try await freeWorker(transaction, start.milliseconds)
            let from = max(start.milliseconds, SnowflakeID.epoch + 1)
            let lease = WorkerLease(
                worker: worker,
                from: from,
                upTo: from + milliseconds,
                token: start.rawValue
            )
            transaction.put(LeaseRecord(lease), at: LeaseRecord.key(of: lease.worker))
            return Grant(lease: lease, milliseconds: start.milliseconds)
        }.value
    }

    /// The same lease with a later end; nil if somebody else has the worker by now.
    ///
    /// It may be called again after an outcome that nobody knows: what the record says is so.
    public func renew(_ lease: WorkerLease) async throws -> Grant? {
        try await database.transact { transaction -> Grant? in
            let start = try await transaction.startTimestamp()
            let key = LeaseRecord.key(of: lease.worker)
            guard let stored = try await transaction.record(LeaseRecord.self, at: key),
                stored.record.token == lease.token
            else { return nil }
            let from = max(lease.from, start.milliseconds > stored.record.upTo ? start.milliseconds : lease.from)
            let renewed = WorkerLease(
                worker: lease.worker,
                from: from,
                // Whoever has used up more than time has passed gets something all the same.
                upTo: max(start.milliseconds + milliseconds, stored.record.upTo + milliseconds / 10),
                token: lease.token
            )
            var record = LeaseRecord(renewed)
            record.unknownFields = stored.record.unknownFields
            transaction.put(record, at: key)
            return Grant(lease: renewed, milliseconds: start.milliseconds)
        }.value
    }

    /// The first worker whose last lease has ended.
    private func freeWorker(_ transaction: Transaction, _ now: UInt64) async throws -> UInt16 {
        let page = try await transaction.scan(LeaseRecord.all.range, limit: Int(SnowflakeID.workerCount))
        var next: UInt16 = 0
        for entry in page.entries {
            guard case .bytes(let bytes) = entry.entry.content else { throw RecordError("a lease is no record") }
            let record = try LeaseRecord(encoded: bytes)
            if record.worker > next { break }
            if record.upTo <= now { return record.worker }
            next = record.worker + 1
        }
        guard next < SnowflakeID.workerCount else { throw NoWorkerFree() }
        return next
    }
}
