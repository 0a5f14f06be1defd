public import Raft

/// Why a log refused.
public enum LogError: Error, Hashable, Sendable {
    /// The directory holds no log. If one was here before, all of it is gone: the node must not start under its ids.
    case missing
    /// The directory holds a log already.
    case alreadyExists
    /// Another process has the log open, or another part of this one. Nothing was looked at or changed.
    case locked
    /// A file was written by a version that this one cannot read.
    case version(file: String, version: UInt32)
    /// What was to be appended is larger than a batch may be. Nothing was changed.
    case tooLarge(bytes: Int, limit: Int)
    /// What was to be appended could not be read back. Nothing was changed.
    case unreadable(reason: String)
    /// There is no room for another segment. Nothing is broken: what is pending stays pending, reads go on, and `sync`
    /// succeeds once there is room.
    case noSpace
    /// The disk failed, or an earlier call met that. The log refuses everything from now on, and so must the process:
    /// what the disk holds is known only once it is read again.
    case disk(DiskError)
    /// A record that was intact no longer is. The log refuses everything from now on; opening it anew tells the rest.
    case damaged(LogDamage)
}

extension LogError: CustomStringConvertible {
    /// What happened and what to do, for an operator.
    public var description: String {
        switch self {
        case .missing: "there is no log here; if there was one, its node must not start again"
        case .alreadyExists: "there is a log here already"
        case .locked: "the log is in use; end the process that uses it, or give this one a directory of its own"
        case .version(let file, let version): "\(file) has format \(version), which this version cannot read"
        case .tooLarge(let bytes, let limit): "\(bytes) bytes are more than a batch may hold (\(limit))"
        case .unreadable(let reason): "a record was refused that could not be read back: \(reason)"
        case .noSpace: "the disk has no room for another segment of the log"
        case .disk(let error): "the log has stopped: \(error)"
        case .damaged(let damage): "the log has stopped: \(damage)"
        }
    }
}

/// Something in a log's files that is not as it was written. It is never a torn tail, which is no damage.
public struct LogDamage: Error, Hashable, Sendable {
    /// What is damaged.
    public enum Kind: Sendable, Hashable {
        /// The catalog, or it is missing. The files that are there took its place.
        case catalog
        /// A segment's file is missing.
        case segmentMissing
        /// A segment's file is shorter than it was made.
        case segmentShort
        /// A segment's first sector.
        case segmentHeader
        /// The state of all groups at a segment's beginning. It stands in two more places.
        case roster
        /// A batch that had been durable; `groups` are those that wrote into it. Without any: one or several of which
        /// only what follows tells what they had done.
        case batch
        /// A batch of which nobody can say what it held. Every group's floor is unknown.
        case unidentifiedBatch
        /// Bytes where nothing was written. Nothing is lost by them.
        case stray
        /// A ledger's header, or the ledger is missing. Only proof is lost.
        case ledger
    }

    /// What is damaged.
    public let kind: Kind
    /// In which segment; zero for the catalog.
    public let segment: UInt64
    /// Where in the file, in bytes.
    public let offset: Int
    /// The groups that wrote there, as far as they are known. Ascending.
    public let groups: [PartitionID]
}

extension LogDamage: CustomStringConvertible {
    /// What happened and what to do, for an operator.
    public var description: String {
        let place = "segment \(segment) at byte \(offset)"
        let named = groups.map(\.description).joined(separator: ", ")
        return switch kind {
        case .catalog:
            "the log's catalog is damaged or missing; it is rebuilt from the files that are there"
        case .segmentMissing:
            "segment \(segment) of the log is missing; replicas that lost what they had not applied do not run"
        case .segmentShort:
            "segment \(segment) of the log has been cut at byte \(offset)"
        case .segmentHeader:
            "the header of segment \(segment) is damaged; its records are read nevertheless"
        case .roster:
            "the roster of segment \(segment) is damaged; it is read from the other places where it stands"
        case .batch where groups.isEmpty:
            "durable batches from \(place) on are damaged; replicas that lost what they had not applied do not run"
        case .batch:
            "a durable batch of groups \(named) in \(place) is damaged; those that had not applied it do not run here"
        case .unidentifiedBatch:
            "a batch in \(place) is damaged and nothing says what it held; this node's replicas do not run"
        case .stray:
            "there are foreign bytes in \(place), where nothing was written; nothing is lost"
        case .ledger:
            "the ledger of segment \(segment) is damaged or missing; nothing is lost as long as the segment is intact"
        }
    }
}
