/// Cluster time as one node can tell it: the last that it has heard, and what has passed since on its own clock.
///
/// It serves deadlines, time-to-live and people. It may lag behind; no correctness depends on it.
struct ClusterClock {
    private var heard = Timestamp.zero
    private var heardAt = MonotonicTime.zero
    /// The greatest timestamp that has come from the oracle: whatever it hands out from now on lies above, which cannot be
    /// said of what this node thinks the time is.
    private(set) var greatest = Timestamp.zero

    /// True once this node has been told the time in this life.
    var isSet: Bool { heard != .zero }

    /// A timestamp has come from the oracle: it is at least that late.
    mutating func observe(_ timestamp: Timestamp, at now: MonotonicTime) {
        greatest = max(greatest, timestamp)
        guard timestamp > self.now(now) else { return }
        heard = timestamp
        heardAt = now
    }

    /// Cluster time now; zero before anything was heard.
    func now(_ now: MonotonicTime) -> Timestamp {
        guard isSet else { return .zero }
        return heard.advanced(by: max(.zero, now - heardAt))
    }
}
