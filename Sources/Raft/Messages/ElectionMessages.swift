/// "Would you vote for me in this term?" Asked before a campaign, changes nobody's term (thesis 9.6).
public struct PreVoteRequest: Hashable, Sendable, LeavesAtOnce {
    /// The term that the sender would enter.
    public let prospectiveTerm: Term
    /// Where the sender's log ends.
    public let lastEntry: LogPosition

    /// Makes a request.
    public init(prospectiveTerm: Term, lastEntry: LogPosition) {
        self.prospectiveTerm = prospectiveTerm
        self.lastEntry = lastEntry
    }

    var asMessage: Message { .preVoteRequest(self) }
}

/// The answer to a ``PreVoteRequest``. Binds nobody.
public struct PreVoteReply: Hashable, Sendable, LeavesAtOnce {
    /// The term that was asked about.
    public let prospectiveTerm: Term
    /// Whether the sender would vote for the candidate.
    public let isGranted: Bool

    /// Makes a reply.
    public init(prospectiveTerm: Term, isGranted: Bool) {
        self.prospectiveTerm = prospectiveTerm
        self.isGranted = isGranted
    }

    var asMessage: Message { .preVoteReply(self) }
}

/// "Vote for me in my term" (RequestVote, 3.4).
public struct VoteRequest: Hashable, Sendable, LeavesOnceDurable {
    /// Where the candidate's log ends.
    public let lastEntry: LogPosition
    /// True when the leader asked for this campaign: voters then do not protect that leader (3.10).
    public let isTransfer: Bool

    /// Makes a request.
    public init(lastEntry: LogPosition, isTransfer: Bool) {
        self.lastEntry = lastEntry
        self.isTransfer = isTransfer
    }

    var asMessage: Message { .voteRequest(self) }
}

/// The answer to a ``VoteRequest``.
public struct VoteReply: Hashable, Sendable, LeavesOnceDurable {
    /// Whether the sender's vote in this term is the candidate's.
    public let isGranted: Bool

    /// Makes a reply.
    public init(isGranted: Bool) { self.isGranted = isGranted }

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
