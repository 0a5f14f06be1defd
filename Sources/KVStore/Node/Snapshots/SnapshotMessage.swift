public import Raft

/// What two stores say to each other to bring a replica's data from one to the other. The receiver pulls:
///
///     sender     chunk 0 ──▶           chunk 1 ──▶   …   last chunk ──▶           install (of Raft) ──▶
///     receiver            ◀── want 1            ◀── want 2         …    ◀── done
///
/// A lost message is made good by the receiver, which asks again. Where a transfer was cut off and its sender has still
/// the same state, it goes on at the chunk that is missing, also where the sender has begun anew: chunks are the same
/// whoever makes them. Where they are not, the receiver finds it out with the next chunk, or the sender by the number
/// that is wanted; either says so, and it is begun anew at once.
public struct SnapshotMessage: Hashable, Sendable {
    /// Which partition.
    public let partition: PartitionID
    /// The node that sends.
    public let from: NodeID
    /// The node that receives.
    public let to: NodeID
    /// Which state of the partition.
    public let position: LogPosition
    /// What it says.
    public let content: Content

    /// What such a message says.
    public enum Content: Hashable, Sendable {
        /// A chunk, which is checked by its receiver.
        case chunk([UInt8])
        /// The chunk with this number is wanted.
        case want(UInt64)
        /// Everything is here, and whole.
        case done
        /// It is not wanted, or lost.
        case failed
    }

    /// Makes a message, as read from the network.
    public init(partition: PartitionID, from: NodeID, to: NodeID, position: LogPosition, content: Content) {
        self.partition = partition
        self.from = from
        self.to = to
        self.position = position
        self.content = content
    }
}
