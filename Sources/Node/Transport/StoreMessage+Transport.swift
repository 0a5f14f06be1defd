internal import KVStore
internal import Raft

extension StoreMessage {
    /// Which connection carries it.
    var traffic: TrafficClass {
        switch self {
        case .raft, .heartbeats: .consensus
        case .forwarded: .requests
        case .snapshot: .bulk
        }
    }

    /// About how many bytes it takes while it waits.
    var waitingBytes: Int {
        switch self {
        case .raft(let envelope):
            guard case .append(let request) = envelope.message else { return Self.smallBytes }
            return request.entries.reduce(Self.smallBytes) { $0 + $1.payload.sizeBytes + 16 }
        case .heartbeats(let bundle):
            return Self.smallBytes + 32 * (bundle.heartbeats.count + bundle.replies.count)
        case .forwarded(let message):
            switch message.content {
            case .command(_, let bytes), .request(_, let bytes), .response(let bytes):
                return Self.smallBytes + bytes.count
            case .answer, .refused: return Self.smallBytes
            }
        case .snapshot(let message):
            guard case .chunk(let bytes) = message.content else { return Self.smallBytes }
            return Self.smallBytes + bytes.count
        }
    }

    private static let smallBytes = 128
}
