// Campaigns also spread what is known to be committed, in both directions. Without it a group could stand still for
// ever between two configurations: the new voter does not know that the joint configuration has been left and asks for
// a majority of the old half too; an old voter knows, no longer campaigns, and refuses for its longer log.

/// "Would you vote for me in this term?" Asked before a campaign, changes nobody's term (thesis 9.6).
public struct PreVoteRequest: Hashable, Sendable, LeavesAtOnce {
    /// The term that the sender would enter.
    public let prospectiveTerm: Term
    /// Where the sender's log ends.
    public let lastEntry: LogPosition
    /// The last entry that the sender knows to be committed.
    public let committed: LogPosition

    /// Makes a request.
    public init(prospectiveTerm: Term, lastEntry: LogPosition, committed: LogPosition) {
        self.prospectiveTerm = prospectiveTerm
        self.lastEntry = lastEntry
        self.committed = committed
    }

    var asMessage: Message { .preVoteRequest(self) }
}

/// The answer to a ``PreVoteRequest``. Binds nobody.
public struct PreVoteReply: Hashable, Sendable, LeavesAtOnce {
    /// The term that was asked about.
    public let prospectiveTerm: Term
    /// Whether the sender would vote for the candidate.
    public let isGranted: Bool
    /// The last entry that the sender knows to be committed.
    public let committed: LogPosition

    /// Makes a reply.
    public init(prospectiveTerm: Term, isGranted: Bool, committed: LogPosition) {
        self.prospectiveTerm = prospectiveTerm
        self.isGranted = isGranted
        self.committed = committed
    }

    var asMessage: Message { .preVoteReply(self) }
}

/// "Vote for me in my term" (RequestVote, 3.4).
public struct VoteRequest: Hashable, Sendable, LeavesOnceDurable {
    /// Where the candidate's log ends.
    public let lastEntry: LogPosition
    /// True when the leader asked for this campaign: voters then do not protect that leader (3.10).
    public let isTransfer: Bool
    /// The last entry that the sender knows to be committed.
    public let committed: LogPosition

    /// Makes a request.
    public init(lastEntry: LogPosition, isTransfer: Bool, committed: LogPosition) {
        self.lastEntry = lastEntry
        self.isTransfer = isTransfer
        self.committed = committed
    }

    var asMessage: Message { .voteRequest(self) }
}

/// The answer to a ``VoteRequest``.
public struct VoteReply: Hashable, Sendable, LeavesOnceDurable {
    /// Whether the sender's vote in this term is the candidate's.
    public let isGranted: Bool
    /// The last entry that the sender knows to be committed.
    public let committed: LogPosition

    /// Makes a reply.
    public init(isGranted: Bool, committed: LogPosition) {
        self.isGranted = isGranted
        self.committed = committed
    }

    var asMessage: Message { .voteReply(self) }
}

/// "Campaign now, without asking first": a leader hands its leadership over (TimeoutNow, 3.10).
public struct CampaignNow: Hashable, Sendable, LeavesAtOnce {
    /// Makes the message.
    public init() {}

    var asMessage: Message { .campaignNow(self) }
}

/// "Your term is over": the answer to a leader of an earlier term. Without it a replica that has entered a later term
/// alone could never rejoin, since its pre-votes are refused and it must refuse the leader's appends.
public struct StaleTermNotice: Hashable, Sendable, LeavesAtOnce {
    /// Makes the message.
    public init() {}

    var asMessage: Message { .staleTerm(self) }
}
