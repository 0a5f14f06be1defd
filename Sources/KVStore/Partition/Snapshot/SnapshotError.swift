public import Raft

/// Why a chunk of a snapshot was not taken. Except after ``engine(_:)``, the receiver is as it was, and wants the chunk
/// that it wanted before.
public enum SnapshotError: Error, Hashable, Sendable {
    /// The chunk's bytes are not such as a writer makes, or are of a newer format.
    case malformed(FieldError)
    /// The chunk is not as it was sent.
    case corrupt
    /// The chunk does not continue what was received: its sender's data are others.
    case otherContent
    /// The chunk belongs to another partition.
    case otherPartition(PartitionID)
    /// The chunk belongs to a snapshot at another position. To take that one, abandon this one.
    case otherSnapshot(LogPosition)
    /// The chunk has been received already.
    case duplicate(number: UInt64, wanted: UInt64)
    /// A chunk before this one is missing.
    case early(number: UInt64, wanted: UInt64)
    /// Nothing more is expected: the snapshot is complete, was abandoned or has failed.
    case finished
    /// The engine refused to take it in. The receiver is of no use any more.
    case engine(EngineError)
}

/// The sizes of snapshots in transit.
public enum SnapshotLimits {
    /// About how long a chunk usually is, in bytes before compression.
    public static let usualChunkBytes = 256 << 10
    /// The largest size that may be asked for.
    public static let chunkBytes = 1 << 20
    /// The longest chunk that is accepted, in bytes before and after compression: one entry of the largest kind still
    /// fits, since entries are not divided.
    public static let acceptedBytes = 2 << 20
}
