internal import Raft

extension StoreMessage {
    /// Appends the message's bytes, as ``MessageKind`` draws them.
    ///
    /// - Throws: the first field that exceeds a limit of who reads. Nothing is appended then.
    func encode(into bytes: inout [UInt8]) throws(FieldError) {
        let start = bytes.count
        do throws(FieldError) {
            switch self {
            case .raft(let envelope): try envelope.encode(into: &bytes)
            case .snapshot(let message): try message.encode(into: &bytes)
            case .heartbeats(let bundle): try bundle.encode(into: &bytes)
            case .forwarded(let message): try message.encode(into: &bytes)
            }
        } catch {
            bytes.removeLast(bytes.count - start)
            throw error
        }
    }
}

extension Envelope {
    fileprivate func encode(into bytes: inout [UInt8]) throws(FieldError) {
        try bytes.appendMessage(message.kind, expecting: 8 + message.fieldBytes) { bytes throws(FieldError) in
            bytes.appendNumber(partition.rawValue)
            bytes.appendNumber(from.rawValue)
            bytes.appendNumber(to.rawValue)
            bytes.appendNumber(term.rawValue)
            try message.encodeFields(into: &bytes)
        }
    }
}

extension Message {
    fileprivate var kind: MessageKind {
        switch self {
        case .preVoteRequest: .preVoteRequest
        case .preVoteReply: .preVoteReply
        case .voteRequest: .voteRequest
        case .voteReply: .voteReply
        case .append: .append
        case .appended: .appended
        case .appendRejected: .appendRejected
        case .heartbeat: .heartbeat
        case .heartbeatReply: .heartbeatReply
        case .staleTerm: .staleTerm
        case .installSnapshot: .installSnapshot
        case .campaignNow: .campaignNow
        case .readRequest: .readRequest
        case .readReply: .readReply
        case .quiesce: .quiesce
        case .wakeRequest: .wakeRequest
        }
    }

    /// About how many bytes the fields take.
    fileprivate var fieldBytes: Int {
        switch self {
        case .append(let request): request.entries.reduce(16) { $0 + $1.payload.wireBytes }
        case .installSnapshot(let install): 16 + install.metadata.configuration.sizeBytes
        default: 16
        }
    }

    fileprivate func encodeFields(into bytes: inout [UInt8]) throws(FieldError) {
        switch self {
        case .preVoteRequest(let request):
            bytes.appendNumber(request.prospectiveTerm.rawValue)
            request.lastEntry.encode(into: &bytes)
            request.committed.encode(into: &bytes)
        case .preVoteReply(let reply):
            bytes.appendNumber(reply.prospectiveTerm.rawValue)
            bytes.append(reply.isGranted ? 1 : 0)
            reply.committed.encode(into: &bytes)
        case .voteRequest(let request):
            request.lastEntry.encode(into: &bytes)
            bytes.append(request.isTransfer ? 1 : 0)
            request.committed.encode(into: &bytes)
        case .voteReply(let reply):
            bytes.append(reply.isGranted ? 1 : 0)
            reply.committed.encode(into: &bytes)
        case .append(let request):
            try request.encode(into: &bytes)
        case .appended(let acknowledgement):
            bytes.appendNumber(acknowledgement.match.rawValue)
        case .appendRejected(let rejection):
            bytes.appendNumber(rejection.rejected.rawValue)
            rejection.hint.encode(into: &bytes)
        case .heartbeat(let heartbeat):
            bytes.appendNumber(heartbeat.commit.rawValue)
            bytes.appendNumber(heartbeat.readRound.rawValue)
        case .heartbeatReply(let reply):
            bytes.appendNumber(reply.readRound.rawValue)
        case .installSnapshot(let install):
            install.metadata.position.encode(into: &bytes)
            bytes.appendMembers(of: install.metadata.configuration)
        case .readRequest(let request):
            bytes.appendReadID(request.id)
        case .readReply(let reply):
            bytes.appendReadID(reply.id)
            bytes.appendNumber(reply.index.rawValue)
        case .quiesce(let quiesce):
            quiesce.lastEntry.encode(into: &bytes)
        case .staleTerm, .campaignNow, .wakeRequest:
            break
        }
    }
}

extension AppendRequest {
    fileprivate func encode(into bytes: inout [UInt8]) throws(FieldError) {
        guard entries.count <= WireLimits.entries else {
            throw FieldError("entries", "must be at most \(WireLimits.entries)")
        }
        previous.encode(into: &bytes)
        bytes.appendNumber(commit.rawValue)
        bytes.appendNumber(entries.count)
        var before = previous
        for entry in entries {
            guard entry.term >= before.term else { throw FieldError("entry term", "must not go back") }
            guard entry.index == before.index.next else { throw FieldError("entries", "must be contiguous") }
            bytes.appendNumber(entry.term.rawValue - before.term.rawValue)
            try entry.payload.encodeForWire(into: &bytes)
            before = entry.position
        }
    }
}

extension EntryPayload {
    /// About how many bytes an entry takes.
    fileprivate var wireBytes: Int {
        switch self {
        case .noop: 2
        case .command(let command): command.count + 3
        case .configuration(let configuration): configuration.sizeBytes
        }
    }

    fileprivate func encodeForWire(into bytes: inout [UInt8]) throws(FieldError) {
        switch self {
        case .noop:
            bytes.appendNumber(EntryKind.noop)
        case .command(let command):
            guard command.count <= CommandLimits.commandBytes else {
                throw FieldError("command", "must be at most \(CommandLimits.commandBytes) bytes")
            }
            bytes.appendNumber(UInt64(command.count) << EntryKind.bits | EntryKind.command)
            bytes.append(contentsOf: command)
        case .configuration(let configuration):
            var members: [UInt8] = []
            members.appendMembers(of: configuration)
            bytes.appendNumber(UInt64(members.count) << EntryKind.bits | EntryKind.configuration)
            bytes.append(contentsOf: members)
        }
    }
}

extension HeartbeatBundle {
    /// The bundle, or as many as are needed to keep to a limit of heartbeats and of replies.
    func parts(of limit: Int) -> [HeartbeatBundle] {
        guard max(heartbeats.count, replies.count) > limit else { return [self] }
        return stride(from: 0, to: max(heartbeats.count, replies.count), by: limit).map { start in
            HeartbeatBundle(
                from: from,
                to: to,
                heartbeats: Array(heartbeats.dropFirst(start).prefix(limit)),
                replies: Array(replies.dropFirst(start).prefix(limit))
            )
        }
    }

    fileprivate func encode(into bytes: inout [UInt8]) throws(FieldError) {
        for (field, count) in [("heartbeats", heartbeats.count), ("replies", replies.count)] {
            guard count <= WireLimits.bundleItems else {
                throw FieldError(field, "must be at most \(WireLimits.bundleItems)")
            }
        }
        let expected = 16 + 8 * (heartbeats.count + replies.count)
        try bytes.appendMessage(.heartbeats, expecting: expected) { bytes throws(FieldError) in
            bytes.appendNumber(from.rawValue)
            bytes.appendNumber(to.rawValue)
            bytes.appendItems(heartbeats) { bytes, heartbeat in
                bytes.appendNumber(heartbeat.commit.rawValue)
                bytes.appendNumber(heartbeat.readRound.rawValue)
            }
            bytes.appendItems(replies) { bytes, reply in bytes.appendNumber(reply.readRound.rawValue) }
        }
    }
}

extension SnapshotMessage {
    fileprivate func encode(into bytes: inout [UInt8]) throws(FieldError) {
        switch content {
        case .chunk(let chunk):
            guard chunk.count <= Self.chunkBytes else {
                throw FieldError("chunk", "must be at most \(Self.chunkBytes) bytes")
            }
            try encode(.chunk, expecting: 40 + chunk.count, into: &bytes) { $0.appendString(chunk[...]) }
        case .want(let number): try encode(.wantedChunk, into: &bytes) { $0.appendNumber(number) }
        case .done: try encode(.snapshotDone, into: &bytes) { _ in }
        case .failed: try encode(.snapshotFailed, into: &bytes) { _ in }
        }
    }

    private func encode(
        _ kind: MessageKind,
        expecting expectedBytes: Int = 40,
        into bytes: inout [UInt8],
        _ encodeContent: (inout [UInt8]) -> Void
    ) throws(FieldError) {
        try bytes.appendMessage(kind, expecting: expectedBytes) { bytes throws(FieldError) in
            bytes.appendNumber(partition.rawValue)
            bytes.appendNumber(from.rawValue)
            bytes.appendNumber(to.rawValue)
            position.encode(into: &bytes)
            encodeContent(&bytes)
        }
    }

    /// The longest chunk that is on its way as it was made.
    static let chunkBytes = SnapshotLimits.acceptedBytes + SnapshotChunk.headerBytes
}

extension ForwardedMessage {
    fileprivate func encode(into bytes: inout [UInt8]) throws(FieldError) {
        switch content {
        case .command(let partition, let command):
            guard command.count <= CommandLimits.commandBytes else {
                throw FieldError("command", "must be at most \(CommandLimits.commandBytes) bytes")
            }
            try encode(.command, expecting: 48 + command.count, into: &bytes) { bytes in
                bytes.appendNumber(partition.rawValue)
                bytes.appendString(command[...])
            }
        case .answer(let answer): try encode(.commandAnswer, into: &bytes) { $0.appendAnswer(answer) }
        case .refused(let refusal): try encode(.commandRefused, into: &bytes) { $0.appendRefusal(refusal) }
        case .request(let partition, let request):
            guard request.count <= WireLimits.requestBytes else {
                throw FieldError("request", "must be at most \(WireLimits.requestBytes) bytes")
            }
            try encode(.request, expecting: 48 + request.count, into: &bytes) { bytes in
                bytes.appendNumber(partition.rawValue)
                bytes.appendString(request[...])
            }
        case .response(let response):
            guard response.count <= WireLimits.responseBytes else {
                throw FieldError("response", "must be at most \(WireLimits.responseBytes) bytes")
            }
            try encode(.response, expecting: 48 + response.count, into: &bytes) { $0.appendString(response[...]) }
        }
    }

    private func encode(
        _ kind: MessageKind,
        expecting expectedBytes: Int = 48,
        into bytes: inout [UInt8],
        _ encodeContent: (inout [UInt8]) -> Void
    ) throws(FieldError) {
        try bytes.appendMessage(kind, expecting: expectedBytes) { bytes throws(FieldError) in
            bytes.appendNumber(from.rawValue)
            bytes.appendNumber(to.rawValue)
            bytes.appendFixed(incarnation)
            bytes.appendNumber(number)
            encodeContent(&bytes)
            if let trace {
                bytes.appendNumber(Self.traceField)
                bytes.appendString(Array(trace.utf8)[...])
            }
        }
    }

    /// The number of the later field that is the trace.
    private static let traceField = 1
}

extension [UInt8] {
    fileprivate mutating func appendAnswer(_ answer: CommandAnswer) {
        guard case .decided(let outcome, let position, let firstIndex) = answer else { return append(0) }
        switch outcome {
        case .applied: append(1)
        case .conditionFailed: append(2)
        case .expired: append(3)
        case .transaction: append(4)
        }
        position.encode(into: &self)
        appendNumber(firstIndex.rawValue)
        switch outcome {
        case .applied, .expired: break
        case .conditionFailed(let operation): appendNumber(operation)
        case .transaction(let outcome): outcome.encode(into: &self)
        }
    }

    fileprivate mutating func appendRefusal(_ refusal: ForwardedMessage.Refusal) {
        switch refusal {
        case .notLeader(let leader):
            append(0)
            append(leader == nil ? 0 : 1)
            if let leader { appendNumber(leader.rawValue) }
        case .overloaded: append(1)
        case .diskFull: append(2)
        case .stopping: append(3)
        case .unknownPartition: append(4)
        case .invalid: append(5)
        }
    }
}

extension [UInt8] {
    /// Appends a message's length, its kind and what `encodeFields` appends.
    ///
    /// The length stands in front, in as few bytes as it needs, and is known last. So room is left for as many bytes as
    /// `expectedBytes` would need; only where that was wrong are the fields moved.
    fileprivate mutating func appendMessage(
        _ kind: MessageKind,
        expecting expectedBytes: Int,
        _ encodeFields: (inout [UInt8]) throws(FieldError) -> Void
    ) throws(FieldError) {
        let start = count
        let room = Self.numberBytes(expectedBytes)
        reserve(expectedBytes)
        for _ in 0..<room { append(0) }
        append(kind.rawValue)
        try encodeFields(&self)
        let length = count - start - room
        guard length <= WireLimits.messageBytes else {
            throw FieldError("message", "must be at most \(WireLimits.messageBytes) bytes")
        }
        let needed = Self.numberBytes(length)
        if needed > room {
            insert(contentsOf: repeatElement(0, count: needed - room), at: start)
        } else if needed < room {
            removeSubrange(start..<start + room - needed)
        }
        for place in 0..<needed {
            let group = UInt8(truncatingIfNeeded: length >> (7 * place)) & 0x7F
            self[start + place] = place + 1 < needed ? group | 0x80 : group
        }
    }

    /// How many bytes a number takes.
    private static func numberBytes(_ number: Int) -> Int {
        Swift.max(1, (Int.bitWidth - number.leadingZeroBitCount + 6) / 7)
    }

    /// Makes room for as many bytes at least, in steps that double, so that many calls copy little.
    private mutating func reserve(_ more: Int) {
        if capacity - count < more { reserveCapacity(Swift.max(count + more, 2 * capacity)) }
    }

    fileprivate mutating func appendReadID(_ id: ReadID) {
        appendFixed(id.incarnation)
        appendNumber(id.sequence)
    }

    fileprivate mutating func appendItems<Payload>(
        _ items: [HeartbeatBundle.Item<Payload>],
        _ encodePayload: (inout [UInt8], Payload) -> Void
    ) {
        appendNumber(items.count)
        var before: UInt64 = 0
        for item in items {
            let distance = Int64(bitPattern: item.partition.rawValue &- before)
            appendNumber(UInt64(bitPattern: distance << 1 ^ distance >> 63))
            appendNumber(item.term.rawValue)
            encodePayload(&self, item.payload)
            before = item.partition.rawValue
        }
    }
}
