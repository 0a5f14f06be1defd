internal import Raft

/// What a call of `WriteAheadLog.reclaim` did.
public struct LogReclamation: Sendable, Hashable {
    /// How many segments were given up.
    public let segments: Int
    /// How many bytes of records were copied to the head.
    public let copiedBytes: Int
    /// True when another call would find work, too.
    public let hasMore: Bool
}

extension WriteAheadLog {
    /// Gives up old segments, having copied what still counts of the oldest to the head where that is worth it.
    ///
    /// It is, when no more than half of what the log holds still counts: then the copies never take up more than half of
    /// what is gained, and a group that lags for ever keeps no more space than its own entries.
    ///
    /// - Parameter maxBytes: How many bytes of records to copy at most; at least one record is copied.
    /// - Throws: As `sync()`, which it calls.
    public func reclaim(maxBytes: Int) throws(LogError) -> LogReclamation {
        // On a full disk nothing can be written until something is given up.
        var dropped = try guarded { () throws(LogError) in try dropDeadSegments() }
        // A copy must be of what is durable: it would bring back what a pending record replaces.
        try sync()
        return try guarded { () throws(LogError) in
            dropped += try dropDeadSegments()
            guard let oldest = oldestWorthCopying else {
                return LogReclamation(segments: dropped, copiedBytes: 0, hasMore: false)
            }
            let copied = try copy(from: oldest, maxBytes: maxBytes)
            while let batch = pending.first {
                try commit(batch)
                pending.removeFirst()
            }
            dropped += try dropDeadSegments()
            return LogReclamation(segments: dropped, copiedBytes: copied, hasMore: oldestWorthCopying != nil)
        }
    }

    /// Gives up what no group needs any more and copies nothing, for a disk on which nothing can be written before.
    ///
    /// - Returns: How many segments were given up.
    public func giveUpDead() throws(LogError) -> Int {
        try guarded { () throws(LogError) in try dropDeadSegments() }
    }

    /// The bytes of entries that some group has not compacted.
    public var liveBytes: Int { live.total }

    /// The bytes of all segments that were written, without what the head has reserved.
    public var usedBytes: Int { segments.reduce(0) { $0 + $1.usedBytes } }

    /// How many segments there are.
    public var segmentCount: Int { segments.count }

    private var oldestWorthCopying: UInt64? {
        guard segments.count > 1, let newest = segments.last else { return nil }
        let oldest = segments[0]
        let closedBytes = usedBytes - newest.usedBytes
        let closedLive = live.total - live.bytes(in: newest.number)
        let isWorthIt = closedLive <= closedBytes / 2 || live.bytes(in: oldest.number) <= oldest.usedBytes / 2
        return isWorthIt ? oldest.number : nil
    }

    private func copy(from segment: UInt64, maxBytes: Int) throws(LogError) -> Int {
        var copied = 0
        for group in groups.keys.sorted() {
            guard let state = groups[group] else { continue }
            for locator in state.locators where locator.address.segment == segment {
                if copied > 0, copied + locator.address.length > maxBytes { return copied }
                let entries = try entries(at: locator, of: group)
                addEntries(
                    entries[...],
                    after: locator.previousTerm,
                    to: PendingGroup(state, id: group),
                    from: .zero,
                    kind: .relocated
                )
                copied += locator.address.length
            }
        }
        return copied
    }
}
