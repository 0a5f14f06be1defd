/// Changes of the configuration (thesis 4): learners first, joint consensus for every change of the voters, one change
/// at a time.
///
/// A change is in force where its entry is applied. A leader proposes the next one only after it has applied the one
/// before, and a replica does not campaign while it knows of a committed one that it has not applied. So a leader's
/// configuration and that of anybody who might replace it are the same or neighbours, and neighbours' quorums meet.
extension RaftCore {
    /// Why a change of the members was not taken. It had no effect and will have none.
    public enum MembershipRefusal: Error, Hashable, Sendable {
        /// This replica does not lead; the one named does, as far as it knows.
        case notLeader(NodeID?)
        /// Leadership is being handed over.
        case transferring(to: NodeID)
        /// An earlier change, or the first entry of this leadership, is not applied yet. Try again.
        case pending(until: LogIndex)
        /// The change makes no sense for the configuration in force.
        case invalid(MembershipError)
    }

    /// Adds a configuration to the log. The leader then leaves joint configurations and promotes learners by itself.
    public mutating func proposeMembership(_ change: MembershipChange) throws(MembershipRefusal) -> LogPosition {
        guard role == .leader else { throw .notLeader(leader) }
        if let transfer { throw .transferring(to: transfer.target) }
        guard mayProposeConfiguration else { throw .pending(until: configurationBarrier) }
        let next: Configuration
        do {
            next = try configuration.applying(change)
        } catch {
            throw .invalid(error)
        }
        wake()
        return propose(next)
    }

    private var mayProposeConfiguration: Bool { log.applied >= configurationBarrier && transfer == nil }

    private mutating func propose(_ configuration: Configuration) -> LogPosition {
        log.append(.configuration(configuration), term: term)
        configurationBarrier = log.lastIndex
        return log.last
    }

    /// Ends a joint configuration. Called whenever something may have cleared the way, so that a lost leadership or a
    /// transfer only delays it.
    mutating func leaveJointConfiguration() {
        guard configuration.isJoint, mayProposeConfiguration else { return }
        _ = propose(configuration.leavingJoint())
    }

    /// Lets learners vote that were admitted for it, once none of those that are alive lags: all together, so that a
    /// group of one goes to three without depending on a single newcomer on the way.
    mutating func promoteLearners() {
        guard !configuration.isJoint, mayProposeConfiguration else { return }
        var ready: [MembershipChange.Step] = []
        for learner in configuration.learners where learner.promotion == .automatic {
            guard let peer = peerIndex(of: learner.id), peers[peer].isAlive else { continue }
            let lag = log.lastIndex.distance(from: peers[peer].match)
            guard peers[peer].isReplicating, lag <= options.promotionLagEntries else { return }
            ready.append(.promote(learner.id))
        }
        guard !ready.isEmpty, let next = try? configuration.applying(MembershipChange(ready)) else { return }
        _ = propose(next)
    }

    /// Puts a configuration in force: its entry was applied, or it came with a snapshot.
    mutating func adopt(_ configuration: Configuration) {
        guard configuration != self.configuration else { return }
        let wasJoint = self.configuration.isJoint
        self.configuration = configuration
        // Should the others' disks die now, this one must not wait for them by a configuration that is over.
        if writtenCommit < log.applied { hasUnwrittenHardState = true }
        effects.notices.append(.configurationAdopted(configuration))
        guard role == .leader else { return }
        let members = configuration.members
        for peer in peers.indices where !members.contains(peers[peer].id) { tellCommit(toPeer: peer) }
        peers.removeAll { !members.contains($0.id) }
        for member in members where member != id && peerIndex(of: member) == nil {
            peers.append(newPeer(member))
        }
        peers.sort { $0.id < $1.id }
        guard configuration.isVoter(id) else { return stepDownRemoved() }
        if let transfer, !configuration.isVoter(transfer.target) { abortTransfer() }
        settlement = nil
        if !configuration.isJoint { settleConfiguration(wasJoint: wasJoint) }
        // A smaller quorum may have been waiting for nobody but those who left.
        advanceCommit()
        confirmReads()
    }

    /// Writes an entry behind a joint configuration that has been left. Whoever stores it stores with it that the new
    /// configuration is committed; once it is committed itself, a quorum can elect without anybody who has left.
    /// Learners were never needed.
    private mutating func settleConfiguration(wasJoint: Bool) {
        if wasJoint {
            log.append(.noop, term: term)
            configurationBarrier = log.lastIndex
        }
        settlement = wasJoint ? log.lastIndex : log.applied
    }

    /// Tells the runtime, once it is so, that nobody who has left is needed any more.
    mutating func noticeSettlement() {
        guard let settlement, log.applied >= settlement else { return }
        self.settlement = nil
        effects.notices.append(.configurationSettled(configuration))
    }

    /// A leader that has led its group to a configuration without itself hands over instead of letting it wait for a
    /// time-out (4.2.2).
    private mutating func stepDownRemoved() {
        for peer in peers.indices { tellCommit(toPeer: peer) }
        let successor = peers.filter { configuration.isVoter($0.id) }.max { $0.match < $1.match }
        if let successor { send(CampaignNow(), to: successor.id) }
        stepDown(.removed)
    }

    /// A last word: the member learns what it can of the commit index, and with it of the change.
    private mutating func tellCommit(toPeer peer: Int) {
        let index = peers[peer].isReplicating ? peers[peer].next.previous : peers[peer].match
        guard let term = log.term(at: index) else { return }
        let previous = LogPosition(term: term, index: index)
        send(AppendRequest(previous: previous, entries: [], commit: log.committed), to: peers[peer].id)
    }
}
