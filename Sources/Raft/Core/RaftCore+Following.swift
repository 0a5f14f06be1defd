/// How a follower takes its leader's entries and heartbeats (3.5).
extension RaftCore {
    mutating func handleAppend(_ request: AppendRequest, from sender: NodeID) {
        guard hears(sender) else { return }
        wake()
        switch log.accept(request.entries, after: request.previous) {
        case .matches(let end, let truncatedFrom):
            if let truncatedFrom { writes.truncate(from: truncatedFrom) }
            log.commit(through: max(log.committed, min(request.commit, end)))
            // What is committed here is in the log of every later leader: it matches without being looked at.
            sendOnceDurable(AppendAcknowledgement(match: max(end, log.committed)), to: sender)
        case .mismatch(let hint):
            send(AppendRejection(rejected: request.previous.index, hint: hint), to: sender)
        case .contradictsCommitted:
            reject(.contradictsCommitted)
        }
    }

    mutating func handleHeartbeat(_ heartbeat: Heartbeat, from sender: NodeID) {
        guard hears(sender) else { return }
        wake()
        // A leader that counts on entries which this log does not have must not count on this replica.
        guard heartbeat.commit <= log.lastIndex else { return reject(.contradictsCommitted) }
        log.commit(through: heartbeat.commit)
        send(HeartbeatReply(readRound: heartbeat.readRound), to: sender)
    }
}
