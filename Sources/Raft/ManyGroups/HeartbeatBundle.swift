/// The heartbeats, or the answers to them, that one node has for another at one moment, of all groups, in one message.
///
/// A node with a thousand groups would otherwise send a thousand messages a heartbeat to every other node.
public struct HeartbeatBundle: Hashable, Sendable {
    /// The node that sends.
    public let from: NodeID
    /// The node that receives.
    public let to: NodeID
    /// Heartbeats, in the order in which they were added.
    public private(set) var heartbeats: [Item<Heartbeat>] = []
    /// Answers to heartbeats, in the order in which they were added.
    public private(set) var replies: [Item<HeartbeatReply>] = []

    /// What one group has to say.
    public struct Item<Payload: Hashable & Sendable>: Hashable, Sendable {
        /// The group.
        public let partition: PartitionID
        /// The sender's term in that group.
        public let term: Term
        /// What it says.
        public let payload: Payload

        /// Makes an item, as read from the network.
        public init(partition: PartitionID, term: Term, payload: Payload) {
            self.partition = partition
            self.term = term
            self.payload = payload
        }
    }

    /// A bundle of nothing.
    public init(from: NodeID, to: NodeID) {
        self.from = from
        self.to = to
    }

    /// A bundle as read from the network.
    public init(from: NodeID, to: NodeID, heartbeats: [Item<Heartbeat>], replies: [Item<HeartbeatReply>]) {
        self.from = from
        self.to = to
        self.heartbeats = heartbeats
        self.replies = replies
    }

    /// True when there is nothing in it.
    public var isEmpty: Bool { heartbeats.isEmpty && replies.isEmpty }

    /// Takes the message in if it is a heartbeat or an answer to one between these nodes; returns whether it did.
    public mutating func add(_ envelope: Envelope) -> Bool {
        guard envelope.from == from, envelope.to == to else { return false }
        switch envelope.message {
        case .heartbeat(let heartbeat):
            heartbeats.append(Item(partition: envelope.partition, term: envelope.term, payload: heartbeat))
        case .heartbeatReply(let reply):
            replies.append(Item(partition: envelope.partition, term: envelope.term, payload: reply))
        default:
            return false
        }
        return true
    }

    /// The messages again, one a group, to be fed to the groups' cores.
    public var envelopes: [Envelope] {
        heartbeats.map { envelope($0, .heartbeat($0.payload)) }
            + replies.map { envelope($0, .heartbeatReply($0.payload)) }
    }

    private func envelope<Payload>(_ item: Item<Payload>, _ message: Message) -> Envelope {
        Envelope(partition: item.partition, from: from, to: to, term: item.term, message: message)
    }
}
