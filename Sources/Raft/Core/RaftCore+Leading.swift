/// What a leader does as time passes: heartbeats, and the check that a quorum still hears it (6.2).
extension RaftCore {
    mutating func tickAsLeader() {
        // Before the heartbeat, whose answers would come when the group sleeps already.
        if quiesceWhenIdle() { return }
        ticksSinceHeartbeat += 1
        if ticksSinceHeartbeat >= options.heartbeatTicks { broadcastHeartbeat() }
        ticksSinceQuorumCheck += 1
        if ticksSinceQuorumCheck >= options.electionTicks {
            guard checkQuorum() else { return }
        }
        tickTransfer()
        leaveJointConfiguration()
        promoteLearners()
    }

    /// A leader that a quorum has not answered for one to two election time-outs steps down, so that its clients look elsewhere and its group may elect.
    private mutating func checkQuorum() -> Bool {
        ticksSinceQuorumCheck = 0
        let isHeard = configuration.isQuorum { voter in
            voter == id || peerIndex(of: voter).map { peers[$0].isRecentlyActive } == true
        }
        guard isHeard else {
            stepDown(.quorumLost)
            return false
        }
        for peer in peers.indices {
            peers[peer].wasRecentlyActive = peers[peer].isRecentlyActive
            peers[peer].isRecentlyActive = false
        }
        return true
    }

    mutating func broadcastHeartbeat() {
        ticksSinceHeartbeat = 0
        for peer in peers.indices { sendHeartbeat(toPeer: peer) }
    }

    /// The commit index that a heartbeat carries is never above what the follower has acknowledged: it may lack the
    /// rest, or hold something else there.
    mutating func sendHeartbeat(toPeer peer: Int) {
        let commit = min(peers[peer].match, log.committed)
        peers[peer].toldCommit = max(peers[peer].toldCommit, commit)
        send(Heartbeat(commit: commit, readRound: reads.pendingRound), to: peers[peer].id)
    }

    mutating func handleHeartbeatReply(_ reply: HeartbeatReply, from follower: NodeID) {
        guard let peer = activePeer(follower) else { return }
        guard reply.readRound <= reads.newestRound else { return reject(.impossibleFields) }
        if reply.readRound > peers[peer].confirmedRound {
            peers[peer].confirmedRound = reply.readRound
            confirmReads()
        }
        repeatTransfer(to: follower)
        switch peers[peer].state {
        case .probe:
            peers[peer].state = .probe(isPaused: false)
        case .replicate:
            // Everything on its way may have been lost, a whole window of it: ask, beside the window.
            if peers[peer].match < peers[peer].next.previous { sendEmptyAppend(toPeer: peer) }
        case .snapshot(let metadata?):
            send(InstallSnapshot(metadata: metadata), to: follower)
        case .snapshot(nil):
            break
        }
    }

    // MARK: Peers

    func peerIndex(of id: NodeID) -> Int? { peers.firstIndex { $0.id == id } }

    /// The sender of an answer to this leader, who is thereby known to hear it; nil, and counted, when the message is
    /// not for a leader or not from a member.
    mutating func activePeer(_ sender: NodeID) -> Int? {
        guard role == .leader else {
            reject(.outOfPlace)
            return nil
        }
        guard let peer = peerIndex(of: sender) else {
            reject(.notAMember)
            return nil
        }
        peers[peer].isRecentlyActive = true
        if peers[peer].isSilent {
            // It has missed what happened since.
            peers[peer].isSilent = false
            silentNodes.removeAll { $0 == sender }
            wake()
        }
        return peer
    }
}
