/// Cluster time as one node can tell it: the last that it has heard, and what has passed since on its own clock.
///
/// It serves deadlines, time-to-live and people. It may lag behind; no correctness depends on it. Where nodes were without
/// an oracle for long, the next one begins where the last has ended: then this goes back to what is handed out, or what
/// is held by who has died here would outlive him by as long.
struct ClusterClock {
    private var heard = Timestamp.zero
    private var heardAt = MonotonicTime.zero
    /// The greatest timestamp that has come from the oracle: whatever it hands out from now on lies above, which cannot be
    /// said of what this node thinks the time is.
    private(set) var greatest = Timestamp.zero

    /// How far what is told may run ahead of what the oracle hands out.
    private static let longestLead = Duration.seconds(2)

    /// True once this node has been told the time in this life.
    var isSet: Bool { heard != .zero }

    /// A timestamp has come from the oracle: it is at least that late.
    mutating func observe(_ timestamp: Timestamp, at now: MonotonicTime) {
        // An old answer that comes late says nothing of the time.
        let isNews = timestamp > greatest
        greatest = max(greatest, timestamp)
        let told = self.now(now)
        guard timestamp > told || (isNews && timestamp.advanced(by: Self.longestLead) < told) else { return }
        heard = timestamp
        heardAt = now
    }

    /// Cluster time now; zero before anything was heard.
    func now(_ now: MonotonicTime) -> Timestamp {
        guard isSet else { return .zero }
        return heard.advanced(by: max(.zero, now - heardAt))
    }
}
