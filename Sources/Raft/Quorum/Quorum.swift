/// Decisions that need a majority, of one set of voters or of both halves of a joint configuration (thesis 4.3).
///
/// There are no shortcuts for small or equal halves: every decision asks every non-empty half.
extension Configuration {
    /// The greatest value that a quorum has reached, given each voter's value: what is committed, given what each has
    /// stored; which round is confirmed, given which each has answered.
    func valueReachedByQuorum<Value: Comparable>(_ value: (NodeID) -> Value) -> Value? {
        guard let incoming = Self.valueReachedByMajority(of: voters, value) else { return nil }
        guard isJoint else { return incoming }
        guard let outgoing = Self.valueReachedByMajority(of: outgoingVoters, value) else { return nil }
        return min(incoming, outgoing)
    }

    /// True when those for whom `holds` is true form a quorum.
    public func isQuorum(where holds: (NodeID) -> Bool) -> Bool {
        Self.isMajority(of: voters, where: holds) && (!isJoint || Self.isMajority(of: outgoingVoters, where: holds))
    }

    /// How many make a majority of a set of voters.
    static func majority(of voters: [NodeID]) -> Int { voters.count / 2 + 1 }

    /// Groups are small, so comparing everyone with everyone is faster than sorting, and allocates nothing.
    private static func valueReachedByMajority<Value: Comparable>(
        of voters: [NodeID],
        _ value: (NodeID) -> Value
    ) -> Value? {
        var best: Value?
        for candidate in voters {
            let reached = value(candidate)
            if let best, reached <= best { continue }
            var count = 0
            for voter in voters where value(voter) >= reached { count += 1 }
            if count >= majority(of: voters) { best = reached }
        }
        return best
    }

    private static func isMajority(of voters: [NodeID], where holds: (NodeID) -> Bool) -> Bool {
        var count = 0
        for voter in voters where holds(voter) { count += 1 }
        return count >= majority(of: voters)
    }
}

/// The votes of one (pre-)campaign.
struct VoteTally: Hashable {
    private var granted: [NodeID] = []
    private var refused: [NodeID] = []

    enum Result {
        case pending
        case won
        case lost
    }

    /// Counts a vote; the first one of each voter is the one that counts.
    mutating func record(_ voter: NodeID, isGranted: Bool) {
        guard !granted.contains(voter), !refused.contains(voter) else { return }
        if isGranted { granted.append(voter) } else { refused.append(voter) }
    }

    /// Won with a quorum of grants; lost when no quorum can be reached any more.
    func result(in configuration: Configuration) -> Result {
        if configuration.isQuorum(where: granted.contains) { return .won }
        return configuration.isQuorum(where: { !refused.contains($0) }) ? .pending : .lost
    }
}
