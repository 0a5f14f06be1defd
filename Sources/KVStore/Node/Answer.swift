public import Raft

/// The caller's own name for a command or a read that it waits for.
public struct RequestToken: Hashable, Sendable {
    /// The number itself.
    public let rawValue: UInt64

    /// Wraps a number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// What became of a command or a read. Each one that was accepted gets one answer, unless the process ends before.
public enum Answer: Hashable, Sendable {
    /// What became of a command.
    case command(RequestToken, CommandAnswer)
    /// What became of a read.
    case read(RequestToken, ReadAnswer)
}

/// What became of a command.
public enum CommandAnswer: Hashable, Sendable {
    /// It was applied at this position, or its condition did not hold there, and no crash takes that back. Where an
    /// earlier copy of it decided, `firstIndex` is that one's.
    case decided(CommandOutcome, at: LogPosition, firstIndex: LogIndex)
    /// Nobody can tell from here: it may be applied, later even, or never. To be proposed again with the same id, which
    /// makes that safe.
    case unknown
}

/// What became of a read.
public enum ReadAnswer: Hashable, Sendable {
    /// The key's value, or that it has none, after everything that was answered before the read began.
    case value([UInt8]?, applied: LogIndex)
    /// The entries that were asked for, likewise.
    case page(ScanPage, applied: LogIndex)
    /// What the keys had, in the order in which they were asked for; nil for nothing.
    case entries([StoredEntry?], applied: LogIndex)
    /// A part of what the range had.
    case range(EntryPage, applied: LogIndex)
    /// What the partition knows of itself.
    case facts(PartitionFacts, applied: LogIndex)
    /// This replica has applied everything that was answered before the read began.
    case nothing(applied: LogIndex)
    /// What was there at the timestamp is not kept any more; it is from this one on.
    case tooOld(safePoint: Timestamp)
    /// Nobody has confirmed in time that this replica is up to date. Ask again.
    case unconfirmed
}
