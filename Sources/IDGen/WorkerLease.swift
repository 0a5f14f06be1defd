/// What lets a worker mint: a number of its own for an interval of milliseconds.
///
/// Ids carry the worker and a millisecond of the interval, whatever any clock shows when they are minted. Intervals of
/// one worker never overlap, whoever holds them, so no id comes twice: not after a pause, not after a restart, not with
/// a clock that steps back.
///
///     worker 7   ├── process A ──┤├─ A, renewed ─┤      ├── process B ──┤
///                └────────────── milliseconds of cluster time ──────────────▶
public struct WorkerLease: Hashable, Sendable {
    /// Whose ids they are.
    public let worker: UInt16
    /// The first millisecond of cluster time that ids may carry, counted from 1970.
    public let from: UInt64
    /// The first millisecond behind the interval.
    public let upTo: UInt64
    /// Tells this holder of the worker from earlier and later ones.
    public let token: UInt64

    /// Makes a lease. The caller knows that nobody else has the worker in the interval.
    public init(worker: UInt16, from: UInt64, upTo: UInt64, token: UInt64) {
        precondition(worker < SnowflakeID.workerCount, "a lease's worker has ten bits")
        precondition(from > SnowflakeID.epoch, "a lease begins after the epoch of ids")
        precondition(from < upTo, "a lease ends after it begins")
        precondition(upTo - SnowflakeID.epoch <= SnowflakeID.millisecondCount, "a lease ends before ids do")
        self.worker = worker
        self.from = from
        self.upTo = upTo
        self.token = token
    }
}
