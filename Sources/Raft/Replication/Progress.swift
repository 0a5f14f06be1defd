/// What a leader knows about one other member, and how it sends entries to it.
///
///     probe ───── acknowledged ─────▶ replicate       probe: one append at a time, to find where the logs agree
///       ▲ ◀── rejected, unreachable ──── │             replicate: a window of appends, sent ahead of answers
///       │                                │             snapshot: nothing, until its log joins the leader's again
///       └──── failed ──── snapshot ◀─────┘ (entries compacted away)
struct Progress: Hashable {
    enum State: Hashable {
        /// `isPaused`: an append is on its way, the next one waits for its answer or for a heartbeat's.
        case probe(isPaused: Bool)
        case replicate
        /// With its description once all its bytes have arrived; only the order to install it may be lost then.
        case snapshot(SnapshotMetadata?)
    }

    let id: NodeID
    /// The last index known to be stored there and equal to the leader's.
    var match = LogIndex.zero
    /// The next index to send. Always behind `match`.
    var next: LogIndex
    var state = State.probe(isPaused: false)
    var window = InflightWindow()
    /// The runtime has heard nothing from its node for an election time-out: a sleeping group does not wait for it.
    var isSilent = false
    /// Whether anything was heard from it since the leader last checked for a quorum, and in the time before that.
    var isRecentlyActive = true
    var wasRecentlyActive = true
    /// The newest round of reads that it has answered.
    var confirmedRound = ReadRound.none
    /// The commit index that it was told last.
    var toldCommit = LogIndex.zero
    /// The first entry of a read from disk that is on its way for it.
    var readingFrom: LogIndex?

    init(id: NodeID, next: LogIndex) {
        self.id = id
        self.next = next
    }

    var isReplicating: Bool { state == .replicate }

    /// Heard from within the last one or two election time-outs.
    var isAlive: Bool { !isSilent && (isRecentlyActive || wasRecentlyActive) }

    func canSend(_ options: RaftOptions) -> Bool {
        switch state {
        case .probe(let isPaused): !isPaused
        case .replicate: !window.isFull(options)
        case .snapshot: false
        }
    }

    mutating func becomeProbe(next: LogIndex) {
        state = .probe(isPaused: false)
        self.next = max(match.next, next)
        window.removeAll()
    }

    /// Probes again once the follower answers a heartbeat.
    mutating func becomePausedProbe(next: LogIndex) {
        becomeProbe(next: next)
        state = .probe(isPaused: true)
    }

    mutating func becomeReplicate() {
        state = .replicate
        next = match.next
        window.removeAll()
    }

    mutating func becomeSnapshot() {
        state = .snapshot(nil)
        window.removeAll()
    }

    /// Entries up to `last` were sent, without waiting for an answer.
    mutating func sent(through last: LogIndex, bytes: Int) {
        precondition(last >= next.previous, "entries are sent in order")
        switch state {
        case .probe:
            state = .probe(isPaused: true)
        case .replicate:
            window.add(through: last, bytes: bytes)
            next = last.next
        case .snapshot:
            preconditionFailure("a follower that needs a snapshot is sent no entries")
        }
    }

    /// The follower has stored everything up to `index`. Returns whether that was news.
    mutating func acknowledge(_ index: LogIndex, base: LogIndex) -> Bool {
        guard index > match else {
            // No news about entries, but the answer to a probe all the same: the logs agree at `match`.
            if index == match, case .probe = state { becomeReplicate() }
            return false
        }
        match = index
        next = max(next, index.next)
        window.free(through: index)
        switch state {
        case .probe: becomeReplicate()
        case .replicate: break
        case .snapshot(let metadata):
            if match >= base {
                becomeReplicate()
            } else if let metadata, match >= metadata.position.index {
                // The log was cut while the snapshot was on its way: it takes another one.
                becomeProbe(next: match.next)
            }
        }
        return true
    }
}
