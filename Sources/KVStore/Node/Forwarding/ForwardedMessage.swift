public import Raft

/// How a node that does not lead a partition passes a command on to the one that does:
///
///     client ──▶ node ── command ──▶ leader
///     client ◀── node ◀── answer ───┘
///
/// A message that is lost, doubled or late does no harm: the command is sent again under its own id, and takes effect
/// once.
public struct ForwardedMessage: Hashable, Sendable {
    /// The node that sends.
    public let from: NodeID
    /// The node that receives.
    public let to: NodeID
    /// Which life of the asking node's process asks.
    public let incarnation: UInt64
    /// The asking process's own number for it.
    public let number: UInt64
    /// What it says.
    public let content: Content

    /// What such a message says.
    public enum Content: Hashable, Sendable {
        /// A command, as ``Command/encoded()`` makes it, to be proposed.
        case command(PartitionID, [UInt8])
        /// What became of it.
        case answer(CommandAnswer)
        /// It was not taken; this copy had no effect and will have none.
        case refused(Refusal)
    }

    /// Why a command was not taken.
    public enum Refusal: Hashable, Sendable {
        /// Another node leads; the one named, as far as is known there.
        case notLeader(NodeID?)
        /// Too much is waiting.
        case overloaded
        /// The disk has no room.
        case diskFull
        /// The node is ending.
        case stopping
        /// There is no replica.
        case unknownPartition
        /// It is no command, or breaks a limit of commands.
        case invalid
    }

    /// Makes a message, as read from the network.
    public init(from: NodeID, to: NodeID, incarnation: UInt64, number: UInt64, content: Content) {
        self.from = from
        self.to = to
        self.incarnation = incarnation
        self.number = number
        self.content = content
    }
}

extension ForwardedMessage.Refusal {
    init(_ refusal: RequestRefusal) {
        self =
            switch refusal {
            case .notLeader(let leader): .notLeader(leader)
            case .transferring(let target): .notLeader(target)
            case .overloaded: .overloaded
            case .diskFull: .diskFull
            case .stopping: .stopping
            case .unknownPartition: .unknownPartition
            case .invalid: .invalid
            }
    }
}
