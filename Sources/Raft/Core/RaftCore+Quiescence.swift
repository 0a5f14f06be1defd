/// Sleep for groups with nothing to do. A sleeping replica takes no ticks and sends no heartbeats; that its leader's
/// node lives is known from the store's own heartbeats, which all groups share.
///
/// Failover is not slower for it. ``nodeSilent(_:)`` and ``connectionLost(to:)`` wake the followers of a dead node with
/// their time-out already over; any message, proposal or read wakes a replica too.
extension RaftCore {
    /// Puts the group to sleep when everybody has everything and nothing happens, and returns whether it did. Followers
    /// on silent nodes are left behind; ``nodeReturned(_:)`` wakes the group for them.
    mutating func quiesceWhenIdle() -> Bool {
        guard let quiesceTicks = options.quiesceTicks else { return false }
        if log.lastIndex != idleSince || !isIdle {
            idleSince = log.lastIndex
            idleTicks = 0
            return false
        }
        idleTicks += 1
        guard idleTicks >= quiesceTicks else { return false }
        for peer in peers { send(Quiesce(lastEntry: log.last), to: peer.id) }
        sleep()
        return true
    }

    private var isIdle: Bool {
        let end = log.lastIndex
        guard log.applied == end, log.durable == end, log.last.term == term, reads.isEmpty, transfer == nil,
            !configuration.isJoint
        else { return false }
        guard configuration.isQuorum(where: { voter in voter == id || isAwake(voter) }) else { return false }
        return peers.allSatisfy { peer in
            peer.isSilent
                || !awaitsPromotion(peer.id) && (peer.isReplicating && peer.match == end && peer.toldCommit == end)
        }
    }

    private func awaitsPromotion(_ member: NodeID) -> Bool {
        configuration.learners.contains { $0.id == member && $0.promotion == .automatic }
    }

    private func isAwake(_ voter: NodeID) -> Bool { peerIndex(of: voter).map { !peers[$0].isSilent } ?? false }

    /// The node is heard again, or has started anew: a sleeping leader looks what its replica has missed.
    public mutating func nodeReturned(_ node: NodeID) {
        silentNodes.removeAll { $0 == node }
        // A leader that has started anew leads no longer: its followers must not sleep on.
        if leader == node { wake() }
        guard let peer = peerIndex(of: node) else { return }
        peers[peer].isSilent = false
        wake()
    }

    mutating func handleQuiesce(_ quiesce: Quiesce, from sender: NodeID) {
        guard hears(sender) else { return }
        // An order to sleep may be late: from before something was missed, or from a node that has died since.
        guard log.last == quiesce.lastEntry, !silentNodes.contains(sender) else {
            wake()
            return send(WakeRequest(), to: sender)
        }
        log.commit(through: quiesce.lastEntry.index)
        sleep()
    }

    mutating func handleWakeRequest(from follower: NodeID) {
        if activePeer(follower) != nil { wake() }
    }

    private mutating func sleep() {
        if isQuiet { return }
        isQuiet = true
        takeOverTicks = 0
        effects.notices.append(.quiesced)
    }

    /// Ends the sleep as if everybody had just been heard. A leader's heartbeat wakes the others.
    mutating func wake() {
        guard isQuiet else { return }
        isQuiet = false
        effects.notices.append(.woke)
        ticksSinceLeader = 0
        resetCampaignTimer()
        guard role == .leader else { return }
        ticksSinceQuorumCheck = 0
        idleTicks = 0
        for peer in peers.indices { peers[peer].isRecentlyActive = true }
        broadcastHeartbeat()
    }
}
