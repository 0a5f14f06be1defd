public import Raft

/// What stores say to each other. Loss, duplication and reordering do no harm.
public enum StoreMessage: Hashable, Sendable {
    /// From one replica of a group to another.
    case raft(Envelope)
    /// The heartbeats of all groups that two nodes share.
    case heartbeats(HeartbeatBundle)
    /// About a snapshot on its way.
    case snapshot(SnapshotMessage)
    /// A command that is passed on, or what became of it. Meant for the node's loop.
    case forwarded(ForwardedMessage)

    /// The node that it comes from.
    public var from: NodeID {
        switch self {
        case .raft(let envelope): envelope.from
        case .heartbeats(let bundle): bundle.from
        case .snapshot(let message): message.from
        case .forwarded(let message): message.from
        }
    }

    /// The node that it is for.
    public var to: NodeID {
        switch self {
        case .raft(let envelope): envelope.to
        case .heartbeats(let bundle): bundle.to
        case .snapshot(let message): message.to
        case .forwarded(let message): message.to
        }
    }
}

/// Gathers a turn's messages. Heartbeats between two nodes travel together, behind everything else.
struct Outbox {
    private var messages: [StoreMessage] = []
    /// Ascending by receiver.
    private var bundles: [HeartbeatBundle] = []

    mutating func add(_ message: StoreMessage) { messages.append(message) }

    mutating func add(_ envelope: Envelope) {
        if !bundle(envelope) { messages.append(.raft(envelope)) }
    }

    /// Everything, leaving nothing.
    mutating func takeAll() -> [StoreMessage] {
        let all = messages + bundles.map { .heartbeats($0) }
        self = Outbox()
        return all
    }

    private mutating func bundle(_ envelope: Envelope) -> Bool {
        switch envelope.message {
        case .heartbeat, .heartbeatReply: break
        default: return false
        }
        let place = bundles.firstIndex { $0.to >= envelope.to } ?? bundles.count
        if place == bundles.count || bundles[place].to != envelope.to {
            bundles.insert(HeartbeatBundle(from: envelope.from, to: envelope.to), at: place)
        }
        return bundles[place].add(envelope)
    }
}
