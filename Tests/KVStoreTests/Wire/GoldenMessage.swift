import KVStore
import Raft

/// A message of each kind, and the bytes that it has had since there is a format.
struct GoldenMessage: CustomStringConvertible, Sendable {
    let message: StoreMessage
    let bytes: [UInt8]

    var description: String { "kind \(bytes[1])" }

    /// Partition 300, from node 1, to node 2, in term 7.
    private static let head: [UInt8] = [0xAC, 2, 1, 2, 7]

    private init(_ kind: UInt8, _ fields: [UInt8], _ message: Message) {
        let envelope = Envelope(
            partition: PartitionID(300),
            from: NodeID(1),
            to: NodeID(2),
            term: Term(7),
            message: message
        )
        self.init(kind, Self.head + fields, .raft(envelope))
    }

    /// Of a state at 7/9.
    private init(_ kind: UInt8, _ fields: [UInt8], _ content: SnapshotMessage.Content) {
        let message = SnapshotMessage(
            partition: PartitionID(300),
            from: NodeID(1),
            to: NodeID(2),
            position: position(7, 9),
            content: content
        )
        self.init(kind, Self.head + [9] + fields, .snapshot(message))
    }

    /// Number 130 of the life of `readID`.
    private init(_ kind: UInt8, _ fields: [UInt8], _ content: ForwardedMessage.Content, trace: String? = nil) {
        let message = ForwardedMessage(
            from: NodeID(1),
            to: NodeID(2),
            incarnation: Self.readID.incarnation,
            number: Self.readID.sequence,
            content: content,
            trace: trace
        )
        self.init(kind, [1, 2] + Self.readIDBytes + fields, .forwarded(message))
    }

    private init(_ kind: UInt8, _ fields: [UInt8], _ message: StoreMessage) {
        bytes = [UInt8(fields.count + 1), kind] + fields
        self.message = message
    }

    private static let configuration = Configuration(
        voters: [NodeID(1), NodeID(2)],
        outgoingVoters: [NodeID(1), NodeID(3)],
        learners: [.init(id: NodeID(4), promotion: .automatic), .init(id: NodeID(5), promotion: .manual)],
        demotedVoters: [NodeID(3)],
        retired: [NodeID(200)]
    )
    private static let members: [UInt8] = [2, 1, 2, 2, 1, 3, 2, 4, 1, 5, 0, 1, 3, 1, 0xC8, 1]
    private static let readID = ReadID(incarnation: 0x0102_0304_0506_0708, sequence: 130)
    private static let readIDBytes: [UInt8] = [8, 7, 6, 5, 4, 3, 2, 1, 0x82, 1]

    private static let request = AppendRequest(
        previous: position(5, 9),
        entries: [
            Entry(index: LogIndex(10), term: Term(5), payload: .command([0xAA, 0xBB])),
            Entry(index: LogIndex(11), term: Term(7), payload: .noop),
            Entry(index: LogIndex(12), term: Term(7), payload: .configuration(configuration)),
            Entry(index: LogIndex(13), term: Term(7), payload: .command([])),
        ],
        commit: LogIndex(8)
    )
    private static let requestBytes: [UInt8] =
        [5, 9, 8, 4] + [0, 9, 0xAA, 0xBB] + [2, 0] + [0, 16 * 4 + 2] + members + [0, 1]

    private static let bundle = HeartbeatBundle(
        from: NodeID(1),
        to: NodeID(2),
        heartbeats: [
            beat(10, Heartbeat(commit: LogIndex(300), readRound: .none)),
            beat(12, Heartbeat(commit: .zero, readRound: ReadRound(1))),
            beat(11, Heartbeat(commit: .zero, readRound: .none)),
        ],
        replies: [beat(.max, HeartbeatReply(readRound: ReadRound(4)))]
    )
    private static let bundleBytes: [UInt8] =
        [1, 2, 3] + [20, 7, 0xAC, 2, 0] + [4, 7, 0, 1] + [1, 7, 0, 0] + [1] + [1, 7, 4]

    private static func beat<Payload>(_ partition: UInt64, _ payload: Payload) -> HeartbeatBundle.Item<Payload> {
        HeartbeatBundle.Item(partition: PartitionID(partition), term: Term(7), payload: payload)
    }

    static let all: [GoldenMessage] = [
        .init(
            1,
            [8, 7, 9, 6, 3],
            .preVoteRequest(
                .init(prospectiveTerm: Term(8), lastEntry: position(7, 9), committed: position(6, 3))
            )
        ),
        .init(
            2,
            [8, 1, 6, 3],
            .preVoteReply(.init(prospectiveTerm: Term(8), isGranted: true, committed: position(6, 3)))
        ),
        .init(
            3,
            [7, 9, 1, 6, 3],
            .voteRequest(.init(lastEntry: position(7, 9), isTransfer: true, committed: position(6, 3)))
        ),
        .init(4, [0, 6, 3], .voteReply(.init(isGranted: false, committed: position(6, 3)))),
        .init(5, requestBytes, .append(request)),
        .init(6, [0x80, 1], .appended(.init(match: LogIndex(128)))),
        .init(7, [9, 6, 3], .appendRejected(.init(rejected: LogIndex(9), hint: position(6, 3)))),
        .init(8, [9, 3], .heartbeat(.init(commit: LogIndex(9), readRound: ReadRound(3)))),
        .init(9, [3], .heartbeatReply(.init(readRound: ReadRound(3)))),
        .init(10, [], .staleTerm(.init())),
        .init(
            11,
            [7, 9] + members,
            .installSnapshot(.init(metadata: .init(position: position(7, 9), configuration: configuration)))
        ),
        .init(12, [], .campaignNow(.init())),
        .init(13, readIDBytes, .readRequest(.init(id: readID))),
        .init(14, readIDBytes + [9], .readReply(.init(id: readID, index: LogIndex(9)))),
        .init(15, [7, 9], .quiesce(.init(lastEntry: position(7, 9)))),
        .init(16, [], .wakeRequest(.init())),
        .init(17, bundleBytes, .heartbeats(bundle)),
        .init(18, [3, 4, 5, 6], .chunk([4, 5, 6])),
        .init(19, [0x81, 1], .want(129)),
        .init(20, [], .done),
        .init(21, [], .failed),
        .init(22, [0xAC, 2, 2, 8, 9], .command(PartitionID(300), [8, 9])),
        .init(
            23,
            [2, 7, 9, 8, 5],
            .answer(.decided(.conditionFailed(operation: 5), at: position(7, 9), firstIndex: LogIndex(8)))
        ),
        .init(
            23,
            [4, 7, 9, 8, 11, 0xAC, 2],
            .answer(
                .decided(.transaction(.wrongPartition(epoch: 300)), at: position(7, 9), firstIndex: LogIndex(8))
            )
        ),
        .init(24, [0, 1, 3], .refused(.notLeader(NodeID(3)))),
        .init(25, [0xAC, 2, 2, 8, 9], .request(PartitionID(300), [8, 9])),
        .init(26, [3, 7, 8, 9], .response([7, 8, 9])),
        .init(22, [0xAC, 2, 2, 8, 9, 1, 3, 0x72, 0x2D, 0x31], .command(PartitionID(300), [8, 9]), trace: "r-1"),
        .init(25, [0xAC, 2, 0, 1, 2, 0xC3, 0xA4], .request(PartitionID(300), []), trace: "ä"),
    ]
}

func position(_ term: UInt64, _ index: UInt64) -> LogPosition {
    LogPosition(term: Term(term), index: LogIndex(index))
}
