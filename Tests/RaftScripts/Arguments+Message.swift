import Raft

/// Reads messages, entries and configurations as `Message+Text` and `Wording` write them.
extension Arguments {
    /// `1→2 append term 2 prev 1/5 entries [2/6 "a"] commit 5`.
    mutating func envelope(partition: PartitionID, incarnation: (Int) -> UInt64) throws(CommandError) -> Envelope {
        let link = try namedLink()
        let kind = try word("a kind of message")
        try expect("term")
        let term = try term()
        let message = try message(kind, incarnation: incarnation)
        return Envelope(partition: partition, from: link.from, to: link.to, term: term, message: message)
    }

    private mutating func message(_ kind: String, incarnation: (Int) -> UInt64) throws(CommandError) -> Message {
        switch kind {
        case "prevote":
            try expect("for")
            let prospective = try term()
            let last = try position("last")
            return .preVoteRequest(
                PreVoteRequest(prospectiveTerm: prospective, lastEntry: last, committed: try committed())
            )
        case "prevote-reply":
            try expect("for")
            let prospective = try term()
            let isGranted = try isGranted()
            return .preVoteReply(
                PreVoteReply(prospectiveTerm: prospective, isGranted: isGranted, committed: try committed())
            )
        case "vote":
            let last = try position("last")
            let isTransfer = take("transfer")
            return .voteRequest(VoteRequest(lastEntry: last, isTransfer: isTransfer, committed: try committed()))
        case "vote-reply":
            let isGranted = try isGranted()
            return .voteReply(VoteReply(isGranted: isGranted, committed: try committed()))
        case "append":
            let previous = try position("prev")
            let entries = take("entries") ? try entries() : []
            return .append(AppendRequest(previous: previous, entries: entries, commit: try index(after: "commit")))
        case "appended": return .appended(AppendAcknowledgement(match: try index(after: "match")))
        case "append-rejected":
            let rejected = try index(after: "at")
            return .appendRejected(AppendRejection(rejected: rejected, hint: try position("hint")))
        case "heartbeat":
            return .heartbeat(Heartbeat(commit: try index(after: "commit"), readRound: try round()))
        case "heartbeat-reply": return .heartbeatReply(HeartbeatReply(readRound: try round()))
        case "stale-term": return .staleTerm(StaleTermNotice())
        case "install":
            let position = try logPosition()
            return .installSnapshot(
                InstallSnapshot(metadata: SnapshotMetadata(position: position, configuration: try configuration()))
            )
        case "campaign-now": return .campaignNow(CampaignNow())
        case "read": return .readRequest(ReadRequest(id: try readID(incarnation)))
        case "read-reply":
            let id = try readID(incarnation)
            return .readReply(ReadReply(id: id, index: try index(after: "index")))
        case "wake-request": return .wakeRequest(WakeRequest())
        case "quiesce": return .quiesce(Quiesce(lastEntry: try position("last")))
        default: throw CommandError("'\(kind)' is no kind of message")
        }
    }

    private mutating func position(_ name: String) throws(CommandError) -> LogPosition {
        try expect(name)
        return try logPosition()
    }

    private mutating func committed() throws(CommandError) -> LogPosition {
        take("committed") ? try logPosition() : .origin
    }

    private mutating func index(after name: String) throws(CommandError) -> LogIndex {
        try expect(name)
        return try index(name)
    }

    private mutating func isGranted() throws(CommandError) -> Bool {
        if take("granted") { return true }
        try expect("refused")
        return false
    }

    private mutating func round() throws(CommandError) -> ReadRound {
        take("round") ? ReadRound(UInt64(try number("a round"))) : .none
    }

    private mutating func readID(_ incarnation: (Int) -> UInt64) throws(CommandError) -> ReadID {
        try expect("id")
        let parts = try word("a read's name").split(separator: ".")
        guard parts.count == 2, let start = Int(parts[0]), let sequence = UInt64(parts[1]) else {
            throw CommandError("a read is named '1.1'")
        }
        return ReadID(incarnation: incarnation(start), sequence: sequence)
    }

    private mutating func entries() throws(CommandError) -> [Entry] {
        let list = try word("entries")
        guard list.hasPrefix("["), list.hasSuffix("]") else { throw CommandError("entries stand in brackets") }
        var entries: [Entry] = []
        for item in Self.split(String(list.dropFirst().dropLast())) { entries.append(try Self.entry(item)) }
        return entries
    }

    /// Splits at ", ": the commas inside a configuration have no space behind them.
    private static func split(_ text: String) -> [String] {
        var items = [""]
        var previous: Character = " "
        for character in text {
            if previous == ",", character == " " {
                items[items.count - 1].removeLast()
                items.append("")
            } else {
                items[items.count - 1].append(character)
            }
            previous = character
        }
        return items.filter { !$0.isEmpty }
    }

    private static func entry(_ text: String) throws(CommandError) -> Entry {
        var arguments = try Arguments(text)
        let position = try arguments.logPosition()
        let payload: EntryPayload
        if arguments.take("noop") {
            payload = .noop
        } else if let word = arguments.peeked, word.hasPrefix("\""), word.count >= 2 {
            _ = try arguments.word("a command")
            payload = .command(Array(word.dropFirst().dropLast().utf8))
        } else {
            payload = .configuration(try arguments.configuration())
        }
        try arguments.end()
        return Entry(index: position.index, term: position.term, payload: payload)
    }

    /// `voters 1,2,4 outgoing 1,2,3 learners 5+ demoted 3 retired 6`; a plus marks a learner that is to vote.
    mutating func configuration() throws(CommandError) -> Configuration {
        Configuration(
            voters: take("voters") ? try ids() : [],
            outgoingVoters: take("outgoing") ? try ids() : [],
            learners: take("learners") ? try learners() : [],
            demotedVoters: take("demoted") ? try ids() : [],
            retired: take("retired") ? try ids() : []
        )
    }

    private mutating func learners() throws(CommandError) -> [Configuration.Learner] {
        var learners: [Configuration.Learner] = []
        for part in try word("learners").split(separator: ",") {
            let isAutomatic = part.hasSuffix("+")
            let id = try Self.number(String(isAutomatic ? part.dropLast() : part), "a learner")
            learners.append(
                Configuration.Learner(id: NodeID(UInt64(id)), promotion: isAutomatic ? .automatic : .manual)
            )
        }
        return learners
    }
}
