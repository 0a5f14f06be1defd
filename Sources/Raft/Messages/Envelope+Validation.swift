/// Why a message was not looked at any further. Each is counted, none changes a replica, none ends it.
public enum Rejection: Int, CaseIterable, Sendable {
    /// For another group.
    case otherPartition
    /// For another replica, or from this one.
    case otherReplica
    /// Fields that no correct sender writes together.
    case impossibleFields
    /// An answer from somebody whom the leader does not replicate to.
    case notAMember
    /// A leader's message to the leader of the same term, or from a second leader of one term.
    case secondLeader
    /// An append or a snapshot that contradicts what is committed here.
    case contradictsCommitted
    /// Of a term that is over.
    case staleTerm
    /// Of this term, about something that is decided already or that this replica's role does not answer.
    case outOfPlace
    /// A read passed on by a follower while too many wait.
    case overloaded
}

extension Envelope {
    /// True when the fields could have been written by a correct replica of some group. Looks at nothing else.
    var isPlausible: Bool {
        guard term <= .max, term > .zero || message.isPreVote else { return false }
        switch message {
        case .preVoteRequest(let request):
            return request.prospectiveTerm == term.next && request.lastEntry.isPlausible(within: term)
                && request.committed.isPlausible(within: term) && request.committed <= request.lastEntry
        case .preVoteReply(let reply):
            return reply.prospectiveTerm <= .max && reply.prospectiveTerm > .zero
                && reply.committed.isPlausible(within: term)
        case .voteRequest(let request):
            return request.lastEntry.isPlausible(within: term)
                && request.committed.isPlausible(within: term) && request.committed <= request.lastEntry
        case .voteReply(let reply):
            return reply.committed.isPlausible(within: term)
        case .append(let request):
            return request.previous.isPlausible(within: term) && request.commit <= .max && entriesArePlausible(request)
        case .appended(let acknowledgement):
            return acknowledgement.match <= .max
        case .appendRejected(let rejection):
            return rejection.rejected <= .max && rejection.hint.isPlausible(within: term)
                && rejection.hint.index <= rejection.rejected
        case .heartbeat(let heartbeat):
            return heartbeat.commit <= .max
        case .installSnapshot(let install):
            return install.metadata.isPlausible(within: term)
        case .readReply(let reply):
            return reply.index <= .max
        case .quiesce(let quiesce):
            return quiesce.lastEntry.isPlausible(within: term) && quiesce.lastEntry.term == term
        case .heartbeatReply, .staleTerm, .campaignNow, .readRequest, .wakeRequest:
            return true
        }
    }

    private func entriesArePlausible(_ request: AppendRequest) -> Bool {
        var previous = request.previous
        for entry in request.entries {
            guard entry.index == previous.index.next, entry.term >= previous.term, entry.term > .zero else {
                return false
            }
            if case .configuration(let configuration) = entry.payload, !configuration.isPlausible { return false }
            previous = entry.position
        }
        return previous.isPlausible(within: term)
    }
}

extension Message {
    fileprivate var isPreVote: Bool {
        switch self {
        case .preVoteRequest, .preVoteReply: true
        default: false
        }
    }
}

extension LogPosition {
    /// True for an entry of a leader of `term` or before it, or for the origin.
    fileprivate func isPlausible(within term: Term) -> Bool {
        guard index <= .max, self.term <= term else { return false }
        return (index == .zero) == (self.term == .zero)
    }
}

extension SnapshotMetadata {
    fileprivate func isPlausible(within term: Term) -> Bool {
        position.isPlausible(within: term) && position.index > .zero && configuration.isPlausible
    }
}

extension Configuration {
    /// True when somebody votes and nobody has two parts that exclude each other.
    var isPlausible: Bool {
        guard !voters.isEmpty, isAscending(voters), isAscending(outgoingVoters), isAscending(learners.map(\.id)),
            isAscending(demotedVoters), isAscending(retired)
        else { return false }
        return learners.allSatisfy { !isVoter($0.id) }
            && demotedVoters.allSatisfy { outgoingVoters.contains($0) && !voters.contains($0) }
            && retired.allSatisfy { !contains($0) }
    }

    private func isAscending(_ ids: [NodeID]) -> Bool { zip(ids, ids.dropFirst()).allSatisfy { $0 < $1 } }
}
