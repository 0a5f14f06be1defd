import Raft

/// What was seen of one replica up to the event before: enough to judge what the next one does to it.
struct ReplicaWatch {
    var commit = LogIndex.zero
    var term = Term.zero
    var role = RaftCore.Role.follower
    var lastWritten = LogIndex.zero
    var configuration = Configuration(voters: [])
    /// The configuration that a notice told of last.
    var adopted = Configuration(voters: [])
    var incarnation = 0
    var isQuiet = false

    /// Ticks since it heard its leader; nil when it owes that leader no protection: it was not heard since the start, or
    /// its process was said to have died.
    var ticksSinceLeader: Int?
    var ticksSinceStart = 0
    /// Nodes that it was told to be silent.
    var silent: Set<NodeID> = []
    /// Who has asked for a pre-vote since effects were last taken, and whether it had to be refused each time.
    var isRefused: [NodeID: Bool] = [:]
    /// Pre-votes that it was asked for since then, and owes an answer.
    var unanswered: [PreVote] = []
    /// Who has granted or refused its pre-vote first since it asked; nil when it may have asked anew.
    var preVotes: [NodeID: Bool]?
    /// Ticks that it has been a candidate for.
    var ticksAsCandidate = 0
    /// Ticks for which refused campaigns are tried again early, and those until the next one must have begun.
    var earlyTicks = 0
    var retryTicks: Int?

    /// Ticks that a leader has counted since its quorum was last beyond doubt, and the tick in which each member was
    /// heard last.
    var ticksLeading = 0
    var heard: [NodeID: Int] = [:]
    /// Whom a leader hands over to, and where its log ended when that began.
    var transfer: (target: NodeID, end: LogIndex)?

    /// Sleep ends as if everybody had just been heard.
    mutating func wake() {
        ticksSinceLeader = ticksSinceLeader.map { _ in 0 }
        trustQuorum()
    }

    /// It was heard that the leader's process has died.
    mutating func expectEarlyCampaign(ticks: Int) {
        ticksSinceLeader = nil
        earlyTicks = ticks
    }

    mutating func trustQuorum() {
        ticksLeading = 0
        heard.removeAll()
    }
}

/// A pre-vote that somebody has asked for.
struct PreVote: Hashable {
    let candidate: NodeID
    let term: Term
}

/// A replica as it was right before an event.
struct Standing {
    let term: Term
    let vote: NodeID?
    let role: RaftCore.Role
    let leader: NodeID?
    let isQuiet: Bool
    let commit: LogIndex
    let isOnlyVoter: Bool

    init(_ core: RaftCore) {
        term = core.term
        vote = core.vote
        role = core.role
        leader = core.leader
        isQuiet = core.isQuiet
        commit = core.committedIndex
        let voters = core.configuration.voters
        isOnlyVoter = voters == [core.id] && [[], voters].contains(core.configuration.outgoingVoters)
    }
}
