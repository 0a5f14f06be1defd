import Raft

/// How things are written in scripts. Messages are written by `Message+Text`.
extension Entry {
    /// `2/6 "a"`.
    var text: String {
        switch payload {
        case .noop: "\(position) noop"
        case .command(let bytes): "\(position) \(Self.text(of: bytes))"
        case .configuration(let configuration): "\(position) \(configuration)"
        }
    }

    /// Short commands are shown, long ones are counted.
    static func text(of bytes: [UInt8]) -> String {
        bytes.count <= 16 ? "\"\(String(decoding: bytes, as: UTF8.self))\"" : "\(bytes.count)B"
    }
}

extension [Entry] {
    /// Each of a few entries; of many only where they begin and end.
    var text: String {
        guard count > 8, let first, let last else { return "[" + map(\.text).joined(separator: ", ") + "]" }
        let bytes = reduce(0) { $0 + $1.payload.sizeBytes }
        return "[\(first.position)…\(last.position), \(count) entries, \(bytes)B]"
    }
}

extension SnapshotMetadata {
    var text: String { "\(position) \(configuration)" }
}

extension PersistRequest {
    var text: String {
        var text = "persist #\(id.rawValue) term \(hardState.term)"
        if let vote = hardState.vote { text += " vote \(vote)" }
        text += " commit \(hardState.commit)"
        if let snapshot { text += " snapshot \(snapshot.text)" }
        if !entries.isEmpty { text += " entries \(entries.text)" }
        return text
    }
}

extension Notice {
    var text: String {
        switch self {
        case .becameLeader(let term): "becomes leader of term \(term)"
        case .steppedDown(let term, let reason): "steps down in term \(term): \(words(reason))"
        case .leaderChanged(let leader?): "follows \(leader)"
        case .leaderChanged(nil): "knows no leader"
        case .configurationAdopted(let configuration): "adopts \(configuration)"
        case .configurationSettled(let configuration): "has settled \(configuration)"
        case .retiredMemberHeard(let id): "hears \(id), which was removed"
        case .transferAborted(let target): "gives up the transfer to \(target)"
        case .quiesced: "falls asleep"
        case .woke: "wakes"
        }
    }
}

extension ReadOutcome {
    var text: String {
        switch self {
        case .ready(let token, let index): "read \(token.rawValue) ready at \(index)"
        case .failed(let token): "read \(token.rawValue) failed"
        }
    }
}

extension LogReadRequest {
    var text: String { "reads log \(first)…\(last) for \(follower)" }
}

extension SnapshotRequest {
    var text: String { "needs to send \(follower) a snapshot of at least \(minimumIndex)" }
}

extension RaftCore.ProposalRefusal {
    var text: String {
        switch self {
        case .notLeader(let leader): leaderText(leader)
        case .transferring(let target): "transferring to \(target)"
        case .overloaded(let bytes): "overloaded by \(bytes)B"
        }
    }
}

extension RaftCore.MembershipRefusal {
    var text: String {
        switch self {
        case .notLeader(let leader): leaderText(leader)
        case .transferring(let target): "transferring to \(target)"
        case .pending(let index): "pending until \(index) is applied"
        case .invalid(let error): error.text
        }
    }
}

extension MembershipError {
    fileprivate var text: String {
        switch self {
        case .empty: "empty"
        case .repeated(let id): "\(id) is named twice"
        case .alreadyMember(let id): "\(id) is a member already"
        case .retired(let id): "\(id) is retired"
        case .notMember(let id): "\(id) is no member"
        case .notLearner(let id): "\(id) is no learner"
        case .notVoter(let id): "\(id) is no voter"
        case .noVoterLeft: "no voter would be left"
        case .joint: "the configuration is joint"
        }
    }
}

extension RaftCore.TransferRefusal {
    var text: String {
        switch self {
        case .notLeader(let leader): leaderText(leader)
        case .alreadyLeader: "leads already"
        case .notVoter(let id): "\(id) is no voter"
        }
    }
}

extension RaftCore.ReadRefusal {
    var text: String {
        switch self {
        case .noLeader: "no leader is known"
        case .overloaded: "overloaded"
        }
    }
}

extension RaftStatus {
    /// One line; what is not there is left out.
    var text: String {
        var text = "\(role == .preCandidate ? "pre-candidate" : words(role)) term \(term)"
        if let leader, role != .leader { text += " leader \(leader)" }
        if base != .origin { text += " base \(base)" }
        text += " last \(last)"
        if durable != last.index { text += " durable \(durable)" }
        return text + " committed \(committed) applied \(applied)"
    }
}

extension RaftStatus.Follower {
    var text: String { "\(id) \(words(mode)) match \(match)\(isActive ? "" : " inactive")" }
}

/// A case's name in words: `staleTerm` as "stale term".
func words(_ value: some Any) -> String {
    var text = ""
    for character in "\(value)" {
        if character.isUppercase { text += " " }
        text += character.lowercased()
    }
    return text
}

private func leaderText(_ leader: NodeID?) -> String {
    leader.map { "not the leader, which is \($0)" } ?? "not the leader, and knows none"
}
