internal import Raft

/// What keeps the log short, for between turns, now and then and when there is nothing else to do:
///
///     prepareMaintenance()      logs are cut, in memory
///     tidyLog(maxBytes:)        old segments are moved and given back; may run on another thread, as `sync` may
///     completeMaintenance()
///
/// A log is cut below what the engine has *flushed*, never merely below what is applied: after a crash the state
/// machine is as it was flushed, and goes on with the entry behind that.
extension Store {
    /// Cuts the replicas' logs.
    public func prepareMaintenance() throws(StoreError) {
        precondition(phase == .idle, "maintenance comes between turns")
        try guarded { () throws(StoreError) in
            let isShort = shedsWrites || log.liveBytes > options.keptLogBytes
            for id in ids.ids {
                if let replica = replicas[id] { try cutLog(of: replica, isShort: isShort) }
            }
            phase = .tidying
        }
    }

    /// Gives back segments of the log, and makes its proofs last. It touches the log only.
    ///
    /// - Parameter maxBytes: How many bytes of the log to move at most.
    /// - Returns: True when another call would find work, too.
    /// - Throws: `noSpace` when the disk is full; nothing is lost by that.
    public func tidyLog(maxBytes: Int) throws(StoreError) -> Bool {
        precondition(phase == .tidying, "what was cut is tidied up")
        return try callLog { () throws(LogError) in
            let reclaimed = try log.reclaim(maxBytes: maxBytes)
            try log.settle()
            return reclaimed.hasMore
        }
    }

    /// Lets turns begin again.
    public func completeMaintenance() {
        precondition(phase == .tidying, "maintenance that began comes to an end")
        phase = .idle
    }

    /// All of it in one go. See ``tidyLog(maxBytes:)``.
    @discardableResult
    public func maintain(maxBytes: Int = 1 << 20) throws(StoreError) -> Bool {
        try prepareMaintenance()
        defer { completeMaintenance() }
        return try guarded { () throws(StoreError) in try tidyLog(maxBytes: maxBytes) }
    }

    /// The bytes that the log takes up, without what it has reserved.
    public var logBytes: Int { log.usedBytes }

    /// Ends the store in good order: the log notes where it ends, so that the next start knows that nothing is missing.
    /// The store refuses everything from then on.
    public func close() throws(StoreError) {
        precondition(phase == .idle, "a store is closed between turns")
        try guarded { () throws(StoreError) in try callLog { () throws(LogError) in try log.close() } }
        failure = .log(.disk(.poweredOff))
    }

    /// - Parameter isShort: Room is what matters most: nothing is kept for followers that lag.
    private func cutLog(of replica: Replica, isShort: Bool) throws(StoreError) {
        let status = replica.core.status
        let kept = isShort ? 0 : UInt64(options.keptEntries)
        // Not worth the work for a few entries.
        guard status.applied.rawValue > status.base.index.rawValue + kept + kept / 2 else { return }
        let flushed = try callMachine(replica.partition) { () throws(StateMachineError) in
            try replica.machine.flushedIndex()
        }
        var cut = min(flushed, LogIndex(status.applied.rawValue - kept))
        // Who gets a snapshot goes on with the entries behind it.
        for transfer in outgoing.active where transfer.partition == replica.partition {
            cut = min(cut, transfer.writer.metadata.position.index)
        }
        if isShort, let near = status.slowestThatKeepsUp { cut = min(cut, near) }
        guard cut > status.base.index else { return }
        replica.core.compact(through: cut)
        try callLog { () throws(LogError) in try log.append(.compact(replica.partition, through: cut)) }
    }
}

extension RaftStatus {
    /// How far the slowest of those followers has come that lag by no more than what is on its way: a snapshot would cost
    /// them more than their entries take up here.
    fileprivate var slowestThatKeepsUp: LogIndex? {
        followers.filter { follower in
            follower.isActive && follower.mode == .replicating
                && applied.rawValue <= follower.match.rawValue + Self.entriesOnTheWay
        }.map(\.match).min()
    }

    private static var entriesOnTheWay: UInt64 { 64 }
}
