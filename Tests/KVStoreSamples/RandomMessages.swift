public import KVStore
internal import Raft

/// Makes up messages between stores: every kind, with numbers of every length. Nothing in them fits together; all of it
/// can be written and read.
public struct RandomMessages<Generator: RandomNumberGenerator> {
    private var random: Generator

    /// Draws from a generator.
    public init(using random: Generator) { self.random = random }

    /// How many kinds there are.
    public static var kinds: Int { 26 }

    /// A message of any kind.
    public mutating func next() -> StoreMessage { next(kind: Int.random(in: 1...Self.kinds, using: &random)) }

    /// A message of the kind that has this number in the wire format.
    public mutating func next(kind: Int) -> StoreMessage {
        switch kind {
        case 17: .heartbeats(bundle())
        case 18: .snapshot(snapshot(.chunk(bytes(upTo: 300))))
        case 19: .snapshot(snapshot(.want(number())))
        case 20: .snapshot(snapshot(.done))
        case 21: .snapshot(snapshot(.failed))
        case 22: .forwarded(forwarded(.command(PartitionID(number()), bytes(upTo: 200))))
        case 23: .forwarded(forwarded(.answer(answer())))
        case 24: .forwarded(forwarded(.refused(refusal())))
        case 25: .forwarded(forwarded(.request(PartitionID(number()), bytes(upTo: 200))))
        case 26: .forwarded(forwarded(.response(bytes(upTo: 200))))
        default: .raft(envelope(message(kind: kind)))
        }
    }

    private mutating func message(kind: Int) -> Message {
        switch kind {
        case 1:
            .preVoteRequest(PreVoteRequest(prospectiveTerm: term(), lastEntry: position(), committed: position()))
        case 2: .preVoteReply(PreVoteReply(prospectiveTerm: term(), isGranted: flag(), committed: position()))
        case 3: .voteRequest(VoteRequest(lastEntry: position(), isTransfer: flag(), committed: position()))
        case 4: .voteReply(VoteReply(isGranted: flag(), committed: position()))
        case 5: .append(append())
        case 6: .appended(AppendAcknowledgement(match: index()))
        case 7: .appendRejected(AppendRejection(rejected: index(), hint: position()))
        case 8: .heartbeat(Heartbeat(commit: index(), readRound: ReadRound(number())))
        case 9: .heartbeatReply(HeartbeatReply(readRound: ReadRound(number())))
        case 10: .staleTerm(StaleTermNotice())
        case 11:
            .installSnapshot(
                InstallSnapshot(metadata: SnapshotMetadata(position: position(), configuration: configuration()))
            )
        case 12: .campaignNow(CampaignNow())
        case 13: .readRequest(ReadRequest(id: ReadID(incarnation: number(), sequence: number())))
        case 14: .readReply(ReadReply(id: ReadID(incarnation: number(), sequence: number()), index: index()))
        case 15: .quiesce(Quiesce(lastEntry: position()))
        default: .wakeRequest(WakeRequest())
        }
    }

    private mutating func forwarded(_ content: ForwardedMessage.Content) -> ForwardedMessage {
        ForwardedMessage(
            from: node(),
            to: node(),
            incarnation: number(),
            number: number(),
            content: content,
            trace: flag() ? nil : text()
        )
    }

    private mutating func text() -> String {
        let letters = Array("abc-_.09äß€😀")
        let count = Int.random(in: 1...32, using: &random)
        return String((0..<count).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] })
    }

    private mutating func answer() -> CommandAnswer {
        switch Int.random(in: 0..<5, using: &random) {
        case 0: .unknown
        case 4: .decided(.transaction(transactionOutcome()), at: position(), firstIndex: index())
        case 1: .decided(.applied, at: position(), firstIndex: index())
        case 2: .decided(.conditionFailed(operation: 7), at: position(), firstIndex: index())
        default: .decided(.expired, at: position(), firstIndex: index())
        }
    }

    private mutating func transactionOutcome() -> TransactionOutcome {
        let timestamp = Timestamp(number())
        let key = [1] + bytes(upTo: 40)
        let age = TransactionAge(milliseconds: number(), tieBreak: number())
        let id = TransactionID(UInt128(number()) << 64 | UInt128(number()))
        let holder = IntentHolder(id: id, age: age, primary: key, expires: timestamp)
        let all: [TransactionOutcome] = [
            .committed(timestamp), .prepared, .rolledBack, .pending(expires: timestamp),
            .refused(.checkFailed, key: key),
            .refused(.boundReached, key: key), .refused(.wrongType, key: key), .outdated(key: key),
            .blocked(key: key, by: holder), .needsNewerTimestamp(key: key), .wrongTerm, .tooLate, .tooOld,
            .wrongPartition(epoch: number()), .done,
        ]
        return all[Int.random(in: 0..<all.count, using: &random)]
    }

    private mutating func refusal() -> ForwardedMessage.Refusal {
        let all: [ForwardedMessage.Refusal] = [
            .notLeader(nil), .notLeader(node()), .overloaded, .diskFull, .stopping, .unknownPartition, .invalid,
        ]
        return all[Int.random(in: 0..<all.count, using: &random)]
    }

    private mutating func append() -> AppendRequest {
        let previous = LogPosition(term: Term(number() % 1_000), index: LogIndex(number() % (1 << 40)))
        var entries: [Entry] = []
        var term = previous.term.rawValue
        for offset in 0..<Int.random(in: 0...8, using: &random) {
            if Int.random(in: 0..<4, using: &random) == 0 { term += number() % 1_000 }
            entries.append(Entry(index: previous.index + (offset + 1), term: Term(term), payload: payload()))
        }
        return AppendRequest(previous: previous, entries: entries, commit: index())
    }

    private mutating func payload() -> EntryPayload {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: .noop
        case 1: .configuration(configuration())
        default: .command(bytes(upTo: 200))
        }
    }

    private mutating func bundle() -> HeartbeatBundle {
        HeartbeatBundle(
            from: node(),
            to: node(),
            heartbeats: (0..<Int.random(in: 0...9, using: &random)).map { _ in
                let heartbeat = Heartbeat(commit: index(), readRound: ReadRound(number()))
                return HeartbeatBundle.Item(partition: PartitionID(number()), term: term(), payload: heartbeat)
            },
            replies: (0..<Int.random(in: 0...9, using: &random)).map { _ in
                let reply = HeartbeatReply(readRound: ReadRound(number()))
                return HeartbeatBundle.Item(partition: PartitionID(number()), term: term(), payload: reply)
            }
        )
    }

    private mutating func configuration() -> Configuration {
        Configuration(
            voters: nodes(),
            outgoingVoters: nodes(),
            learners: nodes().map { Configuration.Learner(id: $0, promotion: flag() ? .automatic : .manual) },
            demotedVoters: nodes(),
            retired: nodes()
        )
    }

    private mutating func nodes() -> [NodeID] {
        var ids: [NodeID] = []
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            let id = node()
            if !ids.contains(id) { ids.append(id) }
        }
        return ids
    }

    private mutating func envelope(_ message: Message) -> Envelope {
        Envelope(partition: PartitionID(number()), from: node(), to: node(), term: term(), message: message)
    }

    private mutating func snapshot(_ content: SnapshotMessage.Content) -> SnapshotMessage {
        SnapshotMessage(
            partition: PartitionID(number()),
            from: node(),
            to: node(),
            position: position(),
            content: content
        )
    }

    /// Of any length, the ends of each among them.
    private mutating func number() -> UInt64 {
        switch Int.random(in: 0..<8, using: &random) {
        case 0: 0
        case 1: .max
        case 2: UInt64(1) << UInt64.random(in: 0..<64, using: &random)
        case 3: (UInt64(1) << UInt64.random(in: 0..<64, using: &random)) - 1
        default: random.next() >> UInt64.random(in: 0..<64, using: &random)
        }
    }

    private mutating func bytes(upTo limit: Int) -> [UInt8] {
        (0..<Int.random(in: 0...limit, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private mutating func flag() -> Bool { Bool.random(using: &random) }
    private mutating func node() -> NodeID { NodeID(number()) }
    private mutating func term() -> Term { min(.max, Term(number())) }
    private mutating func index() -> LogIndex { min(.max, LogIndex(number())) }
    private mutating func position() -> LogPosition { LogPosition(term: term(), index: index()) }
}
