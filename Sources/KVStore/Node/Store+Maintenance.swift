internal import Raft

/// What keeps the log short.
extension Store {
    /// Cuts the replicas' logs, gives back segments of the log, and makes its proofs last. For between turns, now and
    /// then and when there is nothing else to do.
    ///
    /// A log is cut below what the engine has *flushed*, never merely below what is applied: after a crash the state
    /// machine is as it was flushed, and goes on with the entry behind that.
    ///
    /// - Parameter maxBytes: How many bytes of the log to move at most.
    /// - Returns: True when another call would find work, too.
    @discardableResult
    public func maintain(maxBytes: Int = 1 << 20) throws(StoreError) -> Bool {
        precondition(phase == .idle, "maintenance comes between turns")
        return try guarded { () throws(StoreError) in
            for id in ids.ids {
                if let replica = replicas[id] { try cutLog(of: replica) }
            }
            return try callLog { () throws(LogError) in
                let reclaimed = try log.reclaim(maxBytes: maxBytes)
                try log.settle()
                return reclaimed.hasMore
            }
        }
    }

    private func cutLog(of replica: Replica) throws(StoreError) {
        let status = replica.core.status
        let kept = UInt64(options.keptEntries)
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
        guard cut > status.base.index else { return }
        replica.core.compact(through: cut)
        try callLog { () throws(LogError) in try log.append(.compact(replica.partition, through: cut)) }
    }
}
