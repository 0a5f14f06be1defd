/// Mints ids from a lease: which milliseconds they carry, and when there is nothing to mint from.
///
/// It follows the time that it is told, but never back: a clock that steps back finds the minter at the millisecond
/// where it was. There it uses up the numbers of each millisecond before it goes on to the next, since to wait for such
/// a clock could be to wait for long.
public struct SnowflakeMinter: Sendable {
    /// What it mints from.
    public private(set) var lease: WorkerLease
    /// The millisecond that the next id carries at least, counted from 1970.
    private var millisecond: UInt64
    /// The next id's number in that millisecond.
    private var sequence: UInt16 = 0

    /// Why there are not as many ids as were asked for, if so.
    public enum Shortage: Hashable, Sendable {
        /// All ids of this millisecond are minted. There are more when the next has come.
        case waitForNextMillisecond
        /// The lease has no milliseconds left. A new one is needed.
        case leaseIsOver
    }

    /// Begins with a lease.
    public init(_ lease: WorkerLease) {
        self.lease = lease
        millisecond = lease.from
    }

    /// Goes on with a lease that was renewed: the same holder's, with a later end.
    public mutating func renew(_ lease: WorkerLease) {
        precondition(lease.worker == self.lease.worker, "a renewed lease is of the same worker")
        precondition(lease.token == self.lease.token, "a renewed lease has the same holder")
        precondition(lease.upTo >= self.lease.upTo, "a renewed lease does not end earlier")
        if lease.from > millisecond {
            millisecond = lease.from
            sequence = 0
        }
        self.lease = lease
    }

    /// How much of the lease is left at a time, in milliseconds.
    public func millisecondsLeft(at now: UInt64) -> UInt64 {
        let position = max(now, millisecond)
        return lease.upTo > position ? lease.upTo - position : 0
    }

    /// Appends ids, each greater than all before, until there are `count` of them or there is a shortage.
    ///
    /// - Parameter now: Cluster time as far as is known, in milliseconds since 1970.
    /// - Returns: nil if the ids are complete.
    public mutating func mint(upTo count: Int, into ids: inout [SnowflakeID], at now: UInt64) -> Shortage? {
        if now > millisecond {
            millisecond = now
            sequence = 0
        }
        while ids.count < count {
            if sequence == SnowflakeID.sequenceCount {
                // A clock that shows this very millisecond goes on soon; one that shows an earlier one was set back.
                if now == millisecond { return .waitForNextMillisecond }
                millisecond += 1
                sequence = 0
            }
            guard millisecond < lease.upTo else { return .leaseIsOver }
            appendRun(upTo: count, to: &ids)
        }
        return nil
    }

    /// Appends what this millisecond has.
    private mutating func appendRun(upTo count: Int, to ids: inout [SnowflakeID]) {
        let available = Int(SnowflakeID.sequenceCount - sequence)
        let run = UInt16(min(available, count - ids.count))
        for number in sequence..<sequence + run {
            ids.append(
                SnowflakeID(
                    milliseconds: millisecond - SnowflakeID.epoch,
                    worker: lease.worker,
                    sequence: number
                )
            )
        }
        sequence += run
    }
}
