internal import KVStore
internal import Raft

extension StoreMessage {
    /// The message in a few words, for timelines.
    var brief: String {
        switch self {
        case .raft(let envelope):
            "\(from) → \(to) partition \(envelope.partition) term \(envelope.term) \(envelope.message.brief)"
        case .heartbeats(let bundle):
            "\(from) → \(to) \(bundle.heartbeats.count) heartbeats, \(bundle.replies.count) replies"
        case .forwarded(let message): "\(from) → \(to) number \(message.number) \(message.content.brief)"
        case .snapshot(let message):
            "\(from) → \(to) partition \(message.partition) snapshot \(message.position.index) \(message.content.brief)"
        }
    }

    /// A number that differs where messages differ in what matters most.
    var digest: UInt64 {
        switch self {
        case .raft(let envelope):
            envelope.partition.rawValue << 48 ^ envelope.term.rawValue << 32 ^ envelope.message.digest
        case .heartbeats(let bundle): UInt64(bundle.heartbeats.count) << 16 | UInt64(bundle.replies.count) | 1 << 63
        case .forwarded(let message): message.number << 8 ^ message.incarnation
        case .snapshot(let message): message.partition.rawValue << 48 ^ message.position.index.rawValue | 1 << 62
        }
    }
}

extension Message {
    fileprivate var brief: String {
        switch self {
        case .append(let request):
            "append \(request.previous) + \(request.entries.count), commit \(request.commit)"
        case .appended(let reply): "appended \(reply.match)"
        case .appendRejected(let reply): "rejected \(reply.rejected), hint \(reply.hint)"
        case .voteReply(let reply): "vote \(reply.isGranted ? "granted" : "refused")"
        case .preVoteReply(let reply): "pre-vote \(reply.isGranted ? "granted" : "refused")"
        default: String("\(self)".prefix { $0 != "(" })
        }
    }

    fileprivate var digest: UInt64 {
        switch self {
        case .append(let request): request.previous.index.rawValue << 8 | UInt64(request.entries.count & 0xFF)
        case .appended(let reply): reply.match.rawValue << 8 | 0xA1
        case .appendRejected(let reply): reply.rejected.rawValue << 8 | 0xA2
        default: 0xA3
        }
    }
}

extension SnapshotMessage.Content {
    fileprivate var brief: String {
        switch self {
        case .chunk(let bytes): "chunk of \(bytes.count) bytes"
        case .want(let number): "wants chunk \(number)"
        case .done: "is complete"
        case .failed: "failed"
        }
    }
}

extension ForwardedMessage.Content {
    fileprivate var brief: String {
        switch self {
        case .command(let partition, let bytes): "passes on \(bytes.count) bytes for partition \(partition)"
        case .answer(let answer): "came to \(answer)"
        case .refused(let refusal): "refused: \(refusal)"
        case .request(let partition, let bytes): "asks \(bytes.count) bytes about partition \(partition)"
        case .response(let bytes): "responds with \(bytes.count) bytes"
        }
    }
}
