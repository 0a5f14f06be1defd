/// What is true between any two events. Cheap ones are preconditions where they could break; this is all of them, for
/// harnesses that can afford to ask after every step.
extension RaftCore {
    /// The first invariant that does not hold, in words; nil when all do.
    package var brokenInvariant: String? {
        for (holds, text) in invariants where !holds { return text }
        return nil
    }

    private var invariants: [(Bool, String)] {
        [
            (log.applied <= log.applying, "applied ≤ applying"),
            (log.applying <= log.committed, "applying ≤ committed"),
            (log.committed <= log.lastIndex, "committed ≤ last"),
            (log.applying <= log.durable, "applying ≤ durable"),
            (log.durable <= log.lastIndex, "durable ≤ last"),
            (log.durable < log.unwritten, "durable < unwritten"),
            (log.base.index <= log.applying, "base ≤ applying"),
            (log.base.index <= log.applied || installing != nil, "base ≤ applied, but while installing a snapshot"),
            (log.last.term <= term, "no entry is of a later term than the replica"),
            (log.durable == log.lastIndex || log.cache.contains(log.durable.next), "what is not durable is cached"),
            ((role == .leader) == (leader == id), "a leader knows that it leads, and nobody else thinks it does"),
            (!isQuiet || role == .follower || role == .leader, "whoever campaigns is awake"),
            (role != .candidate || vote == id, "a candidate has voted for itself"),
            (role != .leader || vote == id, "a leader has voted for itself"),
            (role == .leader || peers.isEmpty, "only leaders keep track of others"),
            (role == .leader || (reads.isEmpty && transfer == nil), "only leaders confirm reads and hand over"),
            (role != .leader || peers.map(\.id) == configuration.members.filter { $0 != id }, "peers = other members"),
            (peers.allSatisfy { $0.match < $0.next && $0.match <= log.lastIndex }, "match < next, match ≤ last"),
            (peers.allSatisfy { $0.next <= log.lastIndex.next }, "next ≤ last + 1"),
            (role != .leader || configuration.isVoter(id), "a leader votes"),
            (log.uncommitted.total >= 0 && log.cache.bytes >= 0, "byte counts are not negative"),
            (log.committed < log.lastIndex || log.uncommitted.total == 0, "nothing is charged when all is committed"),
            (!held.contains { $0.until <= writes.completed }, "what is durable is not held back"),
        ]
    }
}
