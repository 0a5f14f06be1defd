/// Who belongs to a group, and whose word counts.
///
/// A configuration is *simple* (one set of voters) or *joint* (thesis 4.3): while it is joint, every election and every
/// commit needs a majority of `voters` **and** a majority of `outgoingVoters`. Joint configurations leave by
/// themselves: the leader proposes the simple one that follows, again and again, until it commits.
///
///     simple {1,2,3} ──change──▶ joint {1,2,4} + outgoing {1,2,3} ──automatic──▶ simple {1,2,4}, retired {3}
///
/// A configuration takes effect on a replica when its entry is *applied* there. At any time neighbouring
/// configurations are at most one change apart, and neighbours never have disjoint quorums; see
/// `docs/decisions/0002-configurations-take-effect-when-applied.md` for the whole argument.
public struct Configuration: Hashable, Sendable {
    /// The voters; in a joint configuration those of the new half. Ascending.
    public let voters: [NodeID]
    /// The voters of the old half of a joint configuration; empty in a simple one. Ascending.
    public let outgoingVoters: [NodeID]
    /// Members that receive the log and do not vote. Ascending by id.
    public let learners: [Learner]
    /// Voters of the old half that become learners when the joint configuration is left. Ascending.
    public let demotedVoters: [NodeID]
    /// Ids that were members once. They are never admitted again, since what they acknowledged is forgotten. Ascending.
    public let retired: [NodeID]

    /// A member that receives the log and does not vote.
    public struct Learner: Hashable, Sendable {
        /// Which member.
        public let id: NodeID
        /// How it becomes a voter.
        public let promotion: Promotion

        /// Makes a learner.
        public init(id: NodeID, promotion: Promotion) {
            self.id = id
            self.promotion = promotion
        }
    }

    /// How a learner becomes a voter.
    public enum Promotion: Hashable, Sendable {
        /// The leader proposes it as soon as the learner has caught up.
        case automatic
        /// Only when asked: a read replica, say.
        case manual
    }

    /// A simple configuration, the usual first one of a group.
    public init(voters: [NodeID], learners: [Learner] = []) {
        self.init(voters: voters, outgoingVoters: [], learners: learners, demotedVoters: [], retired: [])
    }

    /// A configuration with all its parts, as read from a disk or from a message. Sorts each part.
    public init(
        voters: [NodeID],
        outgoingVoters: [NodeID],
        learners: [Learner],
        demotedVoters: [NodeID],
        retired: [NodeID]
    ) {
        self.voters = voters.sorted()
        self.outgoingVoters = outgoingVoters.sorted()
        self.learners = learners.sorted { $0.id < $1.id }
        self.demotedVoters = demotedVoters.sorted()
        self.retired = retired.sorted()
    }

    /// True while two sets of voters share the decisions.
    public var isJoint: Bool { !outgoingVoters.isEmpty }

    /// True when the id votes in either half.
    public func isVoter(_ id: NodeID) -> Bool { voters.contains(id) || outgoingVoters.contains(id) }

    /// True when the id receives the log without voting.
    public func isLearner(_ id: NodeID) -> Bool { learners.contains { $0.id == id } }

    /// True when the id belongs to the group in any way.
    public func contains(_ id: NodeID) -> Bool { isVoter(id) || isLearner(id) }

    /// Everybody who receives the log, once each. Ascending.
    public var members: [NodeID] {
        var all = voters
        for id in outgoingVoters where !all.contains(id) { all.append(id) }
        for learner in learners where !all.contains(learner.id) { all.append(learner.id) }
        return all.sorted()
    }

    /// Bytes that limits charge for a configuration entry.
    public var sizeBytes: Int {
        8 * (voters.count + outgoingVoters.count + 2 * learners.count + demotedVoters.count + retired.count)
    }
}

extension Configuration: CustomStringConvertible {
    /// The parts that are not empty, as interaction scripts and timelines print them.
    public var description: String {
        func list(_ ids: [NodeID]) -> String { ids.map(\.description).joined(separator: ",") }
        var text = "voters \(list(voters))"
        if isJoint { text += " outgoing \(list(outgoingVoters))" }
        if !learners.isEmpty {
            let names = learners.map { $0.promotion == .automatic ? "\($0.id)+" : "\($0.id)" }
            text += " learners \(names.joined(separator: ","))"
        }
        if !demotedVoters.isEmpty { text += " demoted \(list(demotedVoters))" }
        if !retired.isEmpty { text += " retired \(list(retired))" }
        return text
    }
}
