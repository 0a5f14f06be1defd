public import Raft

/// What one node asks of another. A command is passed on to the node that leads its partition:
///
///     client ──▶ node ── command ──▶ leader
///     client ◀── node ◀── answer ───┘
///
/// A message that is lost, doubled or late does no harm: the command is sent again under its own id, and takes effect
/// once. A request is anything else that one node asks of another, in bytes that only the two ends understand:
///
///     node ── request ──▶ node
///     node ◀── response ──┘
///
/// It is sent once. Where no response comes, it may have been carried out or not: see ``StoreLoop/ask(_:about:_:patienceTicks:trace:reply:)``.
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
    /// For which request of a client: see ``RequestTrace``. Only commands and requests carry it.
    public let trace: String?

    /// What such a message says.
    public enum Content: Hashable, Sendable {
        /// A command, as ``Command/encoded()`` makes it, to be proposed.
        case command(PartitionID, [UInt8])
        /// What became of it.
        case answer(CommandAnswer)
        /// It was not taken; this copy had no effect and will have none.
        case refused(Refusal)
        /// Something to be answered, about a partition; at most ``WireLimits/requestBytes``.
        case request(PartitionID, [UInt8])
        /// The answer; at most ``WireLimits/responseBytes``.
        case response([UInt8])
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

    /// Makes a message, as read from the network. A trace that is longer than ``WireLimits/traceBytes``, or empty, or
    /// has nothing to do with the content, is left out: nothing depends on it.
    public init(
        from: NodeID,
        to: NodeID,
        incarnation: UInt64,
        number: UInt64,
        content: Content,
        trace: String? = nil
    ) {
        self.from = from
        self.to = to
        self.incarnation = incarnation
        self.number = number
        self.content = content
        self.trace = trace.flatMap { trace in
            content.isTraced && 1...WireLimits.traceBytes ~= trace.utf8.count ? trace : nil
        }
    }
}

extension ForwardedMessage.Content {
    /// True for what asks something, and so may say for whom.
    var isTraced: Bool {
        switch self {
        case .command, .request: true
        case .answer, .refused, .response: false
        }
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
