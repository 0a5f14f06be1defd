import Raft

/// How messages are written in scripts; `Arguments+Message` reads the same words.
extension Message {
    /// All kinds, as commands name them.
    static let kinds = [
        "prevote", "prevote-reply", "vote", "vote-reply", "append", "appended", "append-rejected", "heartbeat",
        "heartbeat-reply", "stale-term", "install", "campaign-now", "read", "read-reply", "quiesce", "wake-request",
    ]

    /// What it is.
    var kind: String {
        switch self {
        case .preVoteRequest: "prevote"
        case .preVoteReply: "prevote-reply"
        case .voteRequest: "vote"
        case .voteReply: "vote-reply"
        case .append: "append"
        case .appended: "appended"
        case .appendRejected: "append-rejected"
        case .heartbeat: "heartbeat"
        case .heartbeatReply: "heartbeat-reply"
        case .staleTerm: "stale-term"
        case .installSnapshot: "install"
        case .campaignNow: "campaign-now"
        case .readRequest: "read"
        case .readReply: "read-reply"
        case .quiesce: "quiesce"
        case .wakeRequest: "wake-request"
        }
    }

    /// True for what a leader and its followers exchange while nothing happens.
    var isRoutine: Bool {
        switch self {
        case .heartbeat(let heartbeat): heartbeat.readRound == .none
        case .heartbeatReply(let reply): reply.readRound == .none
        default: false
        }
    }

    /// What it says, behind kind and term. A replica draws the first half of a read's name at random: `incarnation`
    /// gives it a number that people can read.
    func details(incarnation: (UInt64) -> Int) -> String {
        switch self {
        case .preVoteRequest(let request):
            "for \(request.prospectiveTerm) last \(request.lastEntry)\(text(committed: request.committed))"
        case .preVoteReply(let reply):
            "for \(reply.prospectiveTerm) \(text(isGranted: reply.isGranted))\(text(committed: reply.committed))"
        case .voteRequest(let request):
            "last \(request.lastEntry)\(request.isTransfer ? " transfer" : "")\(text(committed: request.committed))"
        case .voteReply(let reply): "\(text(isGranted: reply.isGranted))\(text(committed: reply.committed))"
        case .append(let request):
            "prev \(request.previous)\(request.entries.isEmpty ? "" : " entries \(request.entries.text)")"
                + " commit \(request.commit)"
        case .appended(let acknowledgement): "match \(acknowledgement.match)"
        case .appendRejected(let rejection): "at \(rejection.rejected) hint \(rejection.hint)"
        case .heartbeat(let heartbeat): "commit \(heartbeat.commit)\(text(of: heartbeat.readRound))"
        case .heartbeatReply(let reply): String(text(of: reply.readRound).dropFirst())
        case .installSnapshot(let install): install.metadata.text
        case .readRequest(let request): "id \(incarnation(request.id.incarnation)).\(request.id.sequence)"
        case .readReply(let reply): "id \(incarnation(reply.id.incarnation)).\(reply.id.sequence) index \(reply.index)"
        case .quiesce(let quiesce): "last \(quiesce.lastEntry)"
        case .staleTerm, .campaignNow, .wakeRequest: ""
        }
    }

    private func text(isGranted: Bool) -> String { isGranted ? "granted" : "refused" }

    private func text(committed position: LogPosition) -> String {
        position == .origin ? "" : " committed \(position)"
    }

    private func text(of round: ReadRound) -> String { round == .none ? "" : " round \(round)" }
}

extension Envelope {
    /// `1→2 append term 2 prev 1/5 entries [2/6 "a"] commit 5`.
    func text(incarnation: (UInt64) -> Int) -> String {
        let details = message.details(incarnation: incarnation)
        return "\(from)→\(to) \(message.kind) term \(term)\(details.isEmpty ? "" : " \(details)")"
    }
}
