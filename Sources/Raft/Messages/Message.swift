/// What replicas of a group say to each other. One payload a case; no field changes its meaning from case to case.
public enum Message: Hashable, Sendable {
    case preVoteRequest(PreVoteRequest)
    case preVoteReply(PreVoteReply)
    case voteRequest(VoteRequest)
    case voteReply(VoteReply)
    case append(AppendRequest)
    case appended(AppendAcknowledgement)
    case appendRejected(AppendRejection)
    case heartbeat(Heartbeat)
    case heartbeatReply(HeartbeatReply)
    case staleTerm(StaleTermNotice)
    case installSnapshot(InstallSnapshot)
    case campaignNow(CampaignNow)
    case readRequest(ReadRequest)
    case readReply(ReadReply)
    case quiesce(Quiesce)
    case wakeRequest(WakeRequest)
}

/// A message with its addresses. `term` is always the sender's current term.
public struct Envelope: Hashable, Sendable {
    /// The group that it is for.
    public let partition: PartitionID
    /// Who sent it.
    public let from: NodeID
    /// Whom it is for.
    public let to: NodeID
    /// The sender's term when it was sent.
    public let term: Term
    /// What it says.
    public let message: Message

    /// Makes an envelope, as read from the network.
    public init(partition: PartitionID, from: NodeID, to: NodeID, term: Term, message: Message) {
        self.partition = partition
        self.from = from
        self.to = to
        self.term = term
        self.message = message
    }
}

/// A payload that knows its case.
protocol MessagePayload {
    var asMessage: Message { get }
}

/// A payload that promises nothing a crash could break: it may leave at once.
protocol LeavesAtOnce: MessagePayload {}

/// A payload that is a promise about what this replica's disk remembers: a vote asked for (one's own is given by
/// asking), a vote given, an entry stored. It may leave only once everything before it is durable.
///
/// A candidate's request waits too. Were it sent first, a crash could make the candidate forget its term *and* the
/// end of its log, ask again in the same term with a shorter log, and count a vote that was given to the longer one.
protocol LeavesOnceDurable: MessagePayload {}
