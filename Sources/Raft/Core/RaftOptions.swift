/// The times and limits of one group. Times are counted in ticks, whose length the runtime decides (10 ms is usual).
public struct RaftOptions: Hashable, Sendable {
    /// Ticks between a leader's heartbeats.
    public var heartbeatTicks = 5
    /// A follower that hears nothing for this many ticks, and up to as many again at random, campaigns. A leader that
    /// hears from no quorum for as long steps down.
    public var electionTicks = 50
    /// How many ticks pass before an early campaign that was refused is tried again: 1 up to this many, at random.
    public var campaignRetryTicks = 3
    /// Ticks without anything to do after which a leader puts its group to sleep; nil: never.
    public var quiesceTicks: Int?
    /// True when leaders of this group answer reads by lease. A broken connection then never hastens a campaign.
    public var usesLeases = false
    /// Payload bytes of one append; a single larger entry travels alone.
    public var maxMessageBytes = 512 << 10
    /// Entries of one append.
    public var maxMessageEntries = 1024
    /// Appends to one follower that are not acknowledged yet.
    public var maxInflightMessages = 64
    /// Payload bytes to one follower that are not acknowledged yet.
    public var maxInflightBytes = 4 << 20
    /// Payload bytes of entries that are not committed yet; past it proposals are refused. One proposal is always
    /// admitted when nothing is uncommitted.
    public var maxUncommittedBytes = 16 << 20
    /// Payload bytes of entries kept in memory. Entries that are not durable yet stay in any case; a leader's windows
    /// bound how many those are on a follower, `maxUncommittedBytes` on the leader.
    public var entryCacheBytes = 4 << 20
    /// Payload bytes handed to the state machine at once; a single larger entry is handed over alone.
    public var maxApplyBytes = 1 << 20
    /// Reads that wait for a confirmation, own ones and followers' together.
    public var maxPendingReads = 10_000
    /// A learner counts as caught up when it lacks no more than this many entries.
    public var promotionLagEntries = 256

    /// The defaults, meant for ticks of 10 ms.
    public init() {}

    /// Why options cannot be used: the field, and the rule that it breaks.
    public struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
        /// The name of the field.
        public let field: String
        /// What must hold for it.
        public let rule: String

        /// Names a field and its rule.
        public init(field: String, rule: String) {
            self.field = field
            self.rule = rule
        }

        /// The field and the rule, for people.
        public var description: String { "\(field) \(rule)" }
    }

    /// Throws for the first field that breaks its rule.
    public func validate() throws(Invalid) {
        func require(_ condition: Bool, _ field: String, _ rule: String) throws(Invalid) {
            if !condition { throw Invalid(field: field, rule: rule) }
        }
        try require(heartbeatTicks >= 1, "heartbeatTicks", "must be at least 1")
        try require(electionTicks > heartbeatTicks, "electionTicks", "must be greater than heartbeatTicks")
        try require(electionTicks <= 1_000_000, "electionTicks", "must be at most 1000000")
        try require(
            (1...electionTicks).contains(campaignRetryTicks),
            "campaignRetryTicks",
            "must be from 1 to electionTicks"
        )
        try require((quiesceTicks ?? 1) >= 1, "quiesceTicks", "must be at least 1, or nil")
        let limits = [
            ("maxMessageBytes", maxMessageBytes), ("maxMessageEntries", maxMessageEntries),
            ("maxInflightMessages", maxInflightMessages), ("maxInflightBytes", maxInflightBytes),
            ("maxUncommittedBytes", maxUncommittedBytes), ("maxApplyBytes", maxApplyBytes),
            ("maxPendingReads", maxPendingReads),
        ]
        for (field, value) in limits { try require(value >= 1, field, "must be at least 1") }
        try require(entryCacheBytes >= 0, "entryCacheBytes", "must not be negative")
        try require(promotionLagEntries >= 0, "promotionLagEntries", "must not be negative")
    }
}
