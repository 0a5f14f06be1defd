/// A leadership that is being handed over (3.10).
struct LeadershipTransfer: Hashable {
    let target: NodeID
    /// Ticks until the leader gives up and goes on leading.
    var ticksLeft: Int
    /// The target has caught up and was told to campaign.
    var hasAsked = false
}

/// Handing leadership over: proposals stop, the target catches up, is told to campaign at once, and wins.
extension RaftCore {
    /// Why leadership cannot be handed over so.
    public enum TransferRefusal: Error, Hashable, Sendable {
        /// This replica does not lead; the one named does, as far as it knows.
        case notLeader(NodeID?)
        /// The target leads already.
        case alreadyLeader
        /// The target does not vote, so it cannot lead.
        case notVoter(NodeID)
    }

    /// Begins to hand leadership over. Ends with a notice: stepped down, or transfer aborted after an election time-out.
    /// Another target replaces the one before.
    public mutating func transferLeadership(to target: NodeID) throws(TransferRefusal) {
        guard role == .leader else { throw .notLeader(leader) }
        guard target != id else { throw .alreadyLeader }
        guard configuration.isVoter(target) else { throw .notVoter(target) }
        if let transfer {
            if transfer.target == target { return }
            abortTransfer()
        }
        wake()
        transfer = LeadershipTransfer(target: target, ticksLeft: options.electionTicks)
        continueTransfer()
    }

    /// Tells the target to campaign, once it has everything, for it could not win without, and once no change of the
    /// configuration can add to that.
    mutating func continueTransfer() {
        guard let transfer, !transfer.hasAsked, let peer = peerIndex(of: transfer.target),
            peers[peer].match == log.lastIndex, log.applied >= configurationBarrier
        else { return }
        self.transfer?.hasAsked = true
        send(CampaignNow(), to: transfer.target)
    }

    /// The target still follows: the order to campaign may have been lost.
    mutating func repeatTransfer(to follower: NodeID) {
        if let transfer, transfer.hasAsked, transfer.target == follower { send(CampaignNow(), to: follower) }
    }

    mutating func tickTransfer() {
        guard let transfer else { return }
        self.transfer?.ticksLeft -= 1
        if transfer.ticksLeft <= 1 { abortTransfer() }
    }

    mutating func abortTransfer() {
        guard let transfer else { return }
        effects.notices.append(.transferAborted(transfer.target))
        self.transfer = nil
    }

    /// The leadership that was to be handed over has ended, one way or the other.
    mutating func endTransfer() { transfer = nil }

    mutating func handleCampaignNow(from sender: NodeID) {
        guard role == .follower || role == .preCandidate, leader == nil || leader == sender else {
            return reject(.outOfPlace)
        }
        wake()
        takeOverTicks = options.electionTicks
        takeOverLeadership()
    }

    /// Campaigns without a pre-vote: the leader wants it. Where the configuration by which votes are counted is still to
    /// be applied, or a snapshot to be installed, the request stands for as long as the leader waits.
    mutating func takeOverLeadership() {
        guard takeOverTicks > 0, role == .follower || role == .preCandidate, mayCampaign else { return }
        campaignForVotes(isTransfer: true)
    }
}
