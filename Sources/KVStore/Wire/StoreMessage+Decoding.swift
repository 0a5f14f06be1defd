internal import Raft

extension StoreMessage {
    /// Reads one message behind its length: its kind, its fields, and whatever later versions add.
    ///
    /// - Returns: nil for a kind that this version does not know.
    /// - Throws: the first field that is not as `encode` writes it.
    init?(fields bytes: ArraySlice<UInt8>) throws(FieldError) {
        var reader = FieldReader(bytes)
        // Kinds are few, but a later version may have more than fit in a byte.
        guard let number = UInt8(exactly: try reader.number("kind")), let kind = MessageKind(rawValue: number) else {
            return nil
        }
        switch kind {
        case .heartbeats: self = .heartbeats(try reader.bundle())
        case .chunk, .wantedChunk, .snapshotDone, .snapshotFailed: self = .snapshot(try reader.snapshotMessage(kind))
        case .command, .commandAnswer, .commandRefused, .request, .response:
            self = .forwarded(try reader.forwarded(kind))
        default: self = .raft(try reader.envelope(kind))
        }
        try reader.skipLaterFields()
    }
}

extension FieldReader {
    fileprivate mutating func envelope(_ kind: MessageKind) throws(FieldError) -> Envelope {
        let partition = PartitionID(try number("partition"))
        let from = NodeID(try number("from"))
        let to = NodeID(try number("to"))
        let term = try term("term")
        return Envelope(partition: partition, from: from, to: to, term: term, message: try message(kind))
    }

    private mutating func message(_ kind: MessageKind) throws(FieldError) -> Message {
        switch kind {
        case .preVoteRequest, .preVoteReply, .voteRequest, .voteReply: try electionMessage(kind)
        case .append: .append(try appendRequest())
        case .appended: .appended(AppendAcknowledgement(match: try index("match")))
        case .appendRejected:
            .appendRejected(AppendRejection(rejected: try index("rejected"), hint: try position("hint")))
        case .heartbeat: .heartbeat(try heartbeat())
        case .heartbeatReply: .heartbeatReply(try heartbeatReply())
        case .staleTerm: .staleTerm(StaleTermNotice())
        case .installSnapshot: .installSnapshot(InstallSnapshot(metadata: try snapshotMetadata()))
        case .campaignNow: .campaignNow(CampaignNow())
        case .readRequest: .readRequest(ReadRequest(id: try readID()))
        case .readReply: .readReply(ReadReply(id: try readID(), index: try index("read index")))
        case .quiesce: .quiesce(Quiesce(lastEntry: try position("last entry")))
        case .wakeRequest: .wakeRequest(WakeRequest())
        case .heartbeats, .chunk, .wantedChunk, .snapshotDone, .snapshotFailed, .command, .commandAnswer,
            .commandRefused, .request, .response:
            throw FieldError("kind", "must be one of Raft's")
        }
    }

    private mutating func electionMessage(_ kind: MessageKind) throws(FieldError) -> Message {
        switch kind {
        case .preVoteRequest:
            let prospectiveTerm = try term("prospective term")
            let lastEntry = try position("last entry")
            let committed = try position("committed")
            return .preVoteRequest(
                PreVoteRequest(prospectiveTerm: prospectiveTerm, lastEntry: lastEntry, committed: committed)
            )
        case .preVoteReply:
            let prospectiveTerm = try term("prospective term")
            let isGranted = try flag("granted")
            let committed = try position("committed")
            return .preVoteReply(
                PreVoteReply(prospectiveTerm: prospectiveTerm, isGranted: isGranted, committed: committed)
            )
        case .voteRequest:
            let lastEntry = try position("last entry")
            let isTransfer = try flag("transfer")
            let committed = try position("committed")
            return .voteRequest(VoteRequest(lastEntry: lastEntry, isTransfer: isTransfer, committed: committed))
        default:
            let isGranted = try flag("granted")
            return .voteReply(VoteReply(isGranted: isGranted, committed: try position("committed")))
        }
    }

    private mutating func appendRequest() throws(FieldError) -> AppendRequest {
        let previous = try position("previous")
        let commit = try index("commit")
        let count = try count("entries", upTo: WireLimits.entries, eachAtLeast: 2)
        guard previous.index.rawValue <= LogIndex.max.rawValue - UInt64(count) else {
            throw FieldError("entries", "must not pass the last index there is")
        }
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        var term = previous.term
        var index = previous.index
        for _ in 0..<count {
            index = index.next
            let step = try number("entry term")
            guard step <= Term.max.rawValue - term.rawValue else {
                throw FieldError("entry term", "must be at most \(Term.max)")
            }
            term = Term(term.rawValue + step)
            entries.append(Entry(index: index, term: term, payload: try entryPayload()))
        }
        return AppendRequest(previous: previous, entries: entries, commit: commit)
    }

    private mutating func entryPayload() throws(FieldError) -> EntryPayload {
        let tag = try number("entry")
        let length = tag >> EntryKind.bits
        guard length <= UInt64(CommandLimits.commandBytes) else {
            throw FieldError("entry", "must be at most \(CommandLimits.commandBytes) bytes")
        }
        let bytes = try take(Int(length), "entry")
        switch tag & (1 << EntryKind.bits - 1) {
        case EntryKind.noop where bytes.isEmpty:
            return .noop
        case EntryKind.command:
            return .command(Array(bytes))
        case EntryKind.configuration:
            var reader = FieldReader(bytes)
            let configuration = try reader.configuration()
            try reader.skipLaterFields()
            return .configuration(configuration)
        default:
            throw FieldError("entry", "must be of a known kind")
        }
    }

    private mutating func snapshotMetadata() throws(FieldError) -> SnapshotMetadata {
        let position = try position("position")
        return SnapshotMetadata(position: position, configuration: try configuration())
    }

    private mutating func readID() throws(FieldError) -> ReadID {
        let incarnation = try fixed("incarnation", as: UInt64.self)
        return ReadID(incarnation: incarnation, sequence: try number("sequence"))
    }

    private mutating func heartbeat() throws(FieldError) -> Heartbeat {
        let commit = try index("commit")
        return Heartbeat(commit: commit, readRound: ReadRound(try number("read round")))
    }

    private mutating func heartbeatReply() throws(FieldError) -> HeartbeatReply {
        HeartbeatReply(readRound: ReadRound(try number("read round")))
    }

    fileprivate mutating func bundle() throws(FieldError) -> HeartbeatBundle {
        let from = NodeID(try number("from"))
        let to = NodeID(try number("to"))
        let heartbeats = try items("heartbeats", eachAtLeast: 4) { reader throws(FieldError) in try reader.heartbeat() }
        let replies = try items("replies", eachAtLeast: 3) { reader throws(FieldError) in try reader.heartbeatReply() }
        return HeartbeatBundle(from: from, to: to, heartbeats: heartbeats, replies: replies)
    }

    private mutating func items<Payload>(
        _ field: String,
        eachAtLeast itemBytes: Int,
        _ payload: (inout FieldReader) throws(FieldError) -> Payload
    ) throws(FieldError) -> [HeartbeatBundle.Item<Payload>] {
        let count = try count(field, upTo: WireLimits.bundleItems, eachAtLeast: itemBytes)
        var items: [HeartbeatBundle.Item<Payload>] = []
        items.reserveCapacity(count)
        var before: UInt64 = 0
        for _ in 0..<count {
            let distance = try number("partition")
            before &+= (distance >> 1) ^ (0 &- (distance & 1))
            let term = try term("term")
            let partition = PartitionID(before)
            items.append(HeartbeatBundle.Item(partition: partition, term: term, payload: try payload(&self)))
        }
        return items
    }

    fileprivate mutating func snapshotMessage(_ kind: MessageKind) throws(FieldError) -> SnapshotMessage {
        let partition = PartitionID(try number("partition"))
        let from = NodeID(try number("from"))
        let to = NodeID(try number("to"))
        let position = try position("position")
        let content: SnapshotMessage.Content
        switch kind {
        case .chunk: content = .chunk(Array(try string("chunk", upTo: SnapshotMessage.chunkBytes)))
        case .wantedChunk: content = .want(try number("wanted chunk"))
        case .snapshotDone: content = .done
        default: content = .failed
        }
        return SnapshotMessage(partition: partition, from: from, to: to, position: position, content: content)
    }

    /// How many of something there are, each of which takes some bytes: no more than could be here.
    private mutating func count(
        _ field: String,
        upTo limit: Int,
        eachAtLeast itemBytes: Int
    ) throws(FieldError) -> Int {
        let count = try count(field, upTo: limit)
        guard count <= remaining / itemBytes else { throw FieldError(field, "must be complete") }
        return count
    }
}

extension FieldReader {
    fileprivate mutating func forwarded(_ kind: MessageKind) throws(FieldError) -> ForwardedMessage {
        let from = NodeID(try number("from"))
        let to = NodeID(try number("to"))
        let incarnation = try fixed("incarnation", as: UInt64.self)
        let number = try number("number")
        let content: ForwardedMessage.Content
        switch kind {
        case .command:
            let partition = PartitionID(try self.number("partition"))
            content = .command(partition, Array(try string("command", upTo: CommandLimits.commandBytes)))
        case .commandAnswer: content = .answer(try commandAnswer())
        case .commandRefused: content = .refused(try refusal())
        case .request:
            let partition = PartitionID(try self.number("partition"))
            content = .request(partition, Array(try string("request", upTo: WireLimits.requestBytes)))
        default: content = .response(Array(try string("response", upTo: WireLimits.responseBytes)))
        }
        return ForwardedMessage(
            from: from,
            to: to,
            incarnation: incarnation,
            number: number,
            content: content,
            trace: content.isTraced ? try trace() : nil
        )
    }

    /// The first later field of what asks something, if it is there.
    private mutating func trace() throws(FieldError) -> String? {
        var ahead = self
        guard remaining > 0, try ahead.number("later field") == 1 else { return nil }
        let bytes = try ahead.string("trace", upTo: WireLimits.traceBytes)
        guard let trace = String(validating: bytes, as: UTF8.self), !trace.isEmpty else {
            throw FieldError("trace", "must be 1 to \(WireLimits.traceBytes) bytes of UTF-8")
        }
        return trace
    }

    private mutating func commandAnswer() throws(FieldError) -> CommandAnswer {
        let code = try byte("outcome")
        if code == 0 { return .unknown }
        guard code <= 4 else { throw FieldError("outcome", "must be at most 4") }
        let position = try position("position")
        let firstIndex = try index("first index")
        let outcome: CommandOutcome
        switch code {
        case 1: outcome = .applied
        case 2: outcome = .conditionFailed(operation: try count("operation", upTo: CommandLimits.operations))
        case 3: outcome = .expired
        default: outcome = .transaction(try TransactionOutcome(from: &self))
        }
        return .decided(outcome, at: position, firstIndex: firstIndex)
    }

    private mutating func refusal() throws(FieldError) -> ForwardedMessage.Refusal {
        switch try byte("reason") {
        case 0: .notLeader(try flag("knows leader") ? NodeID(try number("leader")) : nil)
        case 1: .overloaded
        case 2: .diskFull
        case 3: .stopping
        case 4: .unknownPartition
        // Reasons of later versions are worth as much as this one: it was not taken.
        default: .invalid
        }
    }
}
