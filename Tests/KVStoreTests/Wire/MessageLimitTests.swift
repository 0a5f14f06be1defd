import Raft
import Testing

@testable import KVStore

@Suite("Messages between stores: limits")
struct MessageLimitTests {
    private static let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]
    /// The number behind the greatest term and the greatest index.
    private static let beyond: [UInt8] = [0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]

    private func refused(_ kind: MessageKind, _ fields: [UInt8]...) -> String? {
        field { try StoreMessage(fields: ([kind.rawValue] + fields.flatMap(\.self))[...]) }
    }

    @Test("Who reads looks at every number")
    func numbers() {
        let head: [UInt8] = [1, 1, 2]
        #expect(refused(.wakeRequest, head, Self.beyond) == "term")
        #expect(refused(.preVoteRequest, head, [7], Self.beyond) == "prospective term")
        #expect(refused(.preVoteRequest, head, [7, 8, 1], Self.beyond) == "last entry")
        #expect(refused(.voteReply, head, [7, 2]) == "granted")
        #expect(refused(.voteRequest, head, [7, 1, 1, 2]) == "transfer")
        #expect(refused(.appended, head, [7], Self.beyond) == "match")
        #expect(refused(.appended, head, [7], Self.huge + [1]) == "match")
        #expect(refused(.appendRejected, head, [7, 1, 1], Self.beyond) == "hint")
        #expect(refused(.heartbeat, head, [7], Self.beyond, [0]) == "commit")
        #expect(refused(.readReply, head, [7], [0, 0, 0, 0, 0, 0, 0, 0, 1], Self.beyond) == "read index")
        #expect(refused(.wakeRequest, head, [0x87, 0]) == "term", "a number has one encoding")
    }

    @Test("A count that the bytes cannot hold is refused before anything is reserved")
    func counts() {
        let append: [UInt8] = [1, 1, 2, 7, 5, 9, 8]
        #expect(refused(.append, append, Self.huge) == "entries")
        #expect(refused(.append, append, [0x81, 0x80, 4]) == "entries", "one more than there may be")
        #expect(refused(.append, append, [0x80, 0x80, 4], [UInt8](repeating: 0, count: 131_071)) == "entries")
        #expect(refused(.append, append, [2, 0, 0, 0]) == "entries")
        #expect(refused(.append, append, [1, 0], Self.huge) == "entry")
        #expect(refused(.append, append, [1, 0, 9, 1]) == "entry")
        #expect(refused(.append, append, [1, 0, 3]) == "entry")
        #expect(refused(.append, append, [1, 0, 4, 1]) == "entry")
        #expect(refused(.append, append, [1, 0, 4 * 2 + 2, 1, 1]) == "outgoing voters")
        #expect(refused(.append, append, [1], Self.huge, [0]) == "entry term")
        #expect(refused(.append, [1, 1, 2, 7, 5], Self.maximum, [8, 1, 0, 0]) == "entries")
        #expect(refused(.heartbeats, [1, 2], Self.huge) == "heartbeats")
        #expect(refused(.heartbeats, [1, 2, 2, 0, 0, 0, 0, 0, 0, 0]) == "heartbeats")
        #expect(refused(.heartbeats, [1, 2, 0, 2, 0, 0, 0, 0, 0]) == "replies")
        #expect(refused(.installSnapshot, [1, 1, 2, 7, 7, 9], Self.huge) == "voters")
        #expect(refused(.installSnapshot, [1, 1, 2, 7, 7, 9, 2, 3, 3]) == "voters")
        #expect(refused(.chunk, [1, 1, 2, 7, 9], Self.huge) == "chunk")
        #expect(refused(.chunk, [1, 1, 2, 7, 9, 2, 0]) == "chunk")
    }

    /// The greatest index.
    private static let maximum: [UInt8] = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]

    @Test("A message is no longer than it may be")
    func messages() {
        var batch = MessageBatch((Self.huge + [0])[...])
        #expect(field { try batch.next() } == "message")
        batch = MessageBatch([3, 6, 1])
        #expect(field { try batch.next() } == "message")
        batch = MessageBatch([0])
        #expect(field { try batch.next() } == "kind")
    }

    private func append(_ entries: [Entry]) -> StoreMessage {
        let request = AppendRequest(previous: .origin, entries: entries, commit: .zero)
        let term = Term(1)
        return .raft(
            Envelope(partition: PartitionID(1), from: NodeID(1), to: NodeID(2), term: term, message: .append(request))
        )
    }

    @Test("Who writes keeps to the same limits, and writes nothing where it cannot")
    func writing() throws {
        func refused(_ message: StoreMessage) -> String? {
            var bytes: [UInt8] = [9]
            let name = field { try message.encode(into: &bytes) }
            #expect(name == nil || bytes == [9])
            return name
        }
        let longest = [UInt8](repeating: 1, count: CommandLimits.commandBytes)
        let entry = Entry(1, .command(longest))
        #expect(refused(append([entry])) == nil)
        #expect(try decode(encode([append([entry])])).messages == [append([entry])])
        #expect(refused(append([Entry(1, .command(longest + [1]))])) == "command")
        #expect(refused(append([entry, Entry(2, .command(longest))])) == "message")
        let many = (1...WireLimits.entries + 1).map { Entry(UInt64($0)) }
        #expect(try decode(encode([append(many.dropLast())])).messages == [append(many.dropLast())])
        #expect(refused(append(many)) == "entries")
        #expect(refused(append([Entry(2)])) == "entries")
        #expect(refused(append([Entry(1, term: 2), Entry(2, term: 1)])) == "entry term")
        let chunk = [UInt8](repeating: 1, count: SnapshotMessage.chunkBytes)
        #expect(refused(snapshot(.chunk(chunk))) == nil)
        #expect(try decode(encode([snapshot(.chunk(chunk))])).messages == [snapshot(.chunk(chunk))])
        #expect(refused(snapshot(.chunk(chunk + [1]))) == "chunk")
        let request = [UInt8](repeating: 1, count: WireLimits.requestBytes)
        #expect(refused(forwarded(.request(PartitionID(.max), request))) == nil)
        #expect(refused(forwarded(.request(PartitionID(.max), request + [1]))) == "request")
        let response = [UInt8](repeating: 1, count: WireLimits.responseBytes)
        #expect(refused(forwarded(.response(response))) == nil)
        #expect(refused(forwarded(.response(response + [1]))) == "response")
    }

    @Test("Requests and responses that say they are too long are refused before anything is reserved")
    func lengths() {
        let head: [UInt8] = [1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        #expect(refused(.request, head, [1], Self.huge) == "request")
        #expect(refused(.request, head, [1, 2, 0]) == "request")
        #expect(refused(.response, head, Self.huge) == "response")
        #expect(refused(.response, head, [2, 0]) == "response")
    }

    /// With the longest of everything around the content.
    private func forwarded(_ content: ForwardedMessage.Content) -> StoreMessage {
        .forwarded(
            ForwardedMessage(
                from: NodeID(.max),
                to: NodeID(.max),
                incarnation: .max,
                number: .max,
                content: content,
                trace: String(repeating: "a", count: WireLimits.traceBytes)
            )
        )
    }

    private func snapshot(_ content: SnapshotMessage.Content) -> StoreMessage {
        .snapshot(
            SnapshotMessage(
                partition: PartitionID(1),
                from: NodeID(1),
                to: NodeID(2),
                position: position(1, 1),
                content: content
            )
        )
    }

    @Test("Groups without number share two nodes: their heartbeats come in parts")
    func parts() throws {
        func items(_ count: Int) -> [HeartbeatBundle.Item<Heartbeat>] {
            (0..<count).map { place in
                let heartbeat = Heartbeat(commit: .max, readRound: ReadRound(.max))
                return .init(
                    partition: PartitionID(.max - UInt64(place % 2) * (.max / 2)),
                    term: .max,
                    payload: heartbeat
                )
            }
        }
        let replies = items(WireLimits.bundleItems + 1).map { item in
            HeartbeatBundle.Item(
                partition: item.partition,
                term: item.term,
                payload: HeartbeatReply(readRound: item.payload.readRound)
            )
        }
        let bundle = HeartbeatBundle(
            from: NodeID(.max),
            to: NodeID(.max),
            heartbeats: items(2 * WireLimits.bundleItems + 5),
            replies: replies
        )
        #expect(field { try encode([.heartbeats(bundle)]) } == "heartbeats")
        var encoder = FrameEncoder()
        try encoder.append(.heartbeats(bundle))
        let received = try receivedMessages(in: encoder.takeBytes())
        #expect(received.count == 3)
        #expect(received.flatMap(\.heartbeats) == bundle.heartbeats)
        #expect(received.flatMap(\.replies) == bundle.replies)
    }
}

extension StoreMessage {
    fileprivate var heartbeats: [HeartbeatBundle.Item<Heartbeat>] {
        if case .heartbeats(let bundle) = self { bundle.heartbeats } else { [] }
    }
    fileprivate var replies: [HeartbeatBundle.Item<HeartbeatReply>] {
        if case .heartbeats(let bundle) = self { bundle.replies } else { [] }
    }
}
