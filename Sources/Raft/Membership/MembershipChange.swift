/// One change of a group's members, proposed as a whole and decided as a whole.
///
/// New voters always begin as learners: a voter that lacks the log would count in every quorum and help in none. So a
/// replacement is two changes, `[.add(4)]` and, once 4 votes, `[.remove(3)]`; or one, `[.promote(4), .remove(3)]`, when
/// 4 is a learner already.
public struct MembershipChange: Hashable, Sendable {
    /// What is to change; at most one step an id.
    public let steps: [Step]

    /// One member's part in a change.
    public enum Step: Hashable, Sendable {
        /// Admit a member that is to vote: a learner, promoted by itself once it has caught up.
        case add(NodeID)
        /// Admit a member that does not vote until it is promoted by a later change.
        case addLearner(NodeID)
        /// Let a learner vote.
        case promote(NodeID)
        /// Let a voter go on as a learner.
        case demote(NodeID)
        /// Let a member go, for ever.
        case remove(NodeID)

        /// Whom the step is about.
        public var id: NodeID {
            switch self {
            case .add(let id), .addLearner(let id), .promote(let id), .demote(let id), .remove(let id): id
            }
        }
    }

    /// Makes a change of the given steps.
    public init(_ steps: [Step]) { self.steps = steps }
}

/// Why a membership change makes no sense for the configuration in force.
public enum MembershipError: Error, Hashable, Sendable {
    /// It has no step.
    case empty
    /// Two steps are about one id.
    case repeated(NodeID)
    /// The id to be added belongs to the group already.
    case alreadyMember(NodeID)
    /// The id was a member once; what it acknowledged is forgotten. Use a new id.
    case retired(NodeID)
    /// The id to be removed does not belong to the group.
    case notMember(NodeID)
    /// The id to be promoted is not a learner.
    case notLearner(NodeID)
    /// The id to be demoted is not a voter.
    case notVoter(NodeID)
    /// Nobody would be left to vote.
    case noVoterLeft
    /// The configuration in force is joint: the change before this one is not complete.
    case joint
}

extension Configuration {
    /// The configuration to propose for `change`: joint where the set of voters changes, simple where only learners do.
    public func applying(_ change: MembershipChange) throws(MembershipError) -> Configuration {
        guard !isJoint else { throw .joint }
        guard !change.steps.isEmpty else { throw .empty }
        var voters = self.voters
        var learners = self.learners
        var demoted: [NodeID] = []
        var retired = self.retired
        var seen: [NodeID] = []
        for step in change.steps {
            guard !seen.contains(step.id) else { throw .repeated(step.id) }
            seen.append(step.id)
            switch step {
            case .add(let id), .addLearner(let id):
                guard !contains(id) else { throw .alreadyMember(id) }
                guard !self.retired.contains(id) else { throw .retired(id) }
                let promotion: Promotion = step == .add(id) ? .automatic : .manual
                learners.append(Learner(id: id, promotion: promotion))
            case .promote(let id):
                guard isLearner(id) else { throw .notLearner(id) }
                learners.removeAll { $0.id == id }
                voters.append(id)
            case .demote(let id):
                guard isVoter(id) else { throw .notVoter(id) }
                voters.removeAll { $0 == id }
                demoted.append(id)
            case .remove(let id):
                guard contains(id) else { throw .notMember(id) }
                voters.removeAll { $0 == id }
                learners.removeAll { $0.id == id }
                if !isVoter(id) { retired.append(id) }
            }
        }
        guard !voters.isEmpty else { throw .noVoterLeft }
        let votersChange = voters.sorted() != self.voters
        return Configuration(
            voters: voters,
            outgoingVoters: votersChange ? self.voters : [],
            learners: learners,
            demotedVoters: demoted,
            retired: retired
        )
    }

    /// The simple configuration that follows a joint one: the new half decides alone.
    ///
    /// The caller knows that this configuration is joint.
    public func leavingJoint() -> Configuration {
        precondition(isJoint, "only a joint configuration can be left")
        let gone = outgoingVoters.filter { !voters.contains($0) && !demotedVoters.contains($0) }
        return Configuration(
            voters: voters,
            outgoingVoters: [],
            learners: learners + demotedVoters.map { Learner(id: $0, promotion: .manual) },
            demotedVoters: [],
            retired: retired + gone
        )
    }
}
