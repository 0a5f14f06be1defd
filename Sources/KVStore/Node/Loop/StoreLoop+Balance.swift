public import Raft

/// How a node takes part in spreading leaderships; what is to be done, ``LeaderBalance`` says.
extension StoreLoop {
    /// How this node is.
    var ownState: NodeState {
        NodeState(
            isDraining: isDraining,
            shedsWrites: store.shedsWrites,
            isEnding: isEnding,
            isFull: store.roomToLead == .nothing
        )
    }

    /// How another node is, as it said itself not long ago; nil where nothing is known.
    public func state(of other: NodeID) -> NodeState? {
        other == node ? ownState : placement.state(of: other, at: ticks)
    }

    func continueBalance(_ options: PlacementOptions) {
        if placement.mustAskStates(options, at: ticks) { askStates(options) }
        store.nodesWithoutRoom = peers.filter { state(of: $0)?.shedsWrites ?? false }
        for transfer in placement.decideBalance(balanceView, at: ticks) {
            // Where that is refused, somebody else leads by now.
            try? store.transferLeadership(of: transfer.partition, to: transfer.target)
        }
    }

    private func askStates(_ options: PlacementOptions) {
        for other in peers where !store.silentNodes.contains(other) {
            ask(other, about: Self.nodeItself, NodeRequest.state.encoded, patienceTicks: options.stateTicks) {
                [weak self] response in
                guard let self else { return }
                guard case .state(let state)? = response.flatMap({ try? NodeResponse(encoded: $0) }) else {
                    return placement.note(nil, of: other, at: ticks)
                }
                placement.note(state, of: other, at: ticks)
            }
        }
    }

    private var balanceView: LeaderBalance.View {
        LeaderBalance.View(
            node: node,
            members: ([node] + peers).sorted().map { id in
                LeaderBalance.View.Member(id: id, mayLead: mayLead(id))
            },
            partitions: store.partitions.map { id in
                guard let leader = store.leader(of: id), leader == node, let status = store.status(of: id) else {
                    return LeaderBalance.View.Partition(id: id, leader: store.leader(of: id), successors: [])
                }
                return LeaderBalance.View.Partition(
                    id: id,
                    leader: status.transferTarget == nil ? leader : nil,
                    successors: status.upToDateFollowers
                )
            }
        )
    }

    private func mayLead(_ id: NodeID) -> Bool {
        !store.silentNodes.contains(id) && (state(of: id)?.mayLead ?? false)
    }

    /// Whether a quorum of a group has more room than this node: only then is it of use that another one leads. A leader
    /// that begins has to bring an entry to a quorum before anybody can read, and one that has begun has done so.
    func othersHaveMoreRoom(_ status: RaftStatus) -> Bool {
        status.configuration.isQuorum { id in
            id != node && !store.silentNodes.contains(id) && room(of: id) > store.roomToLead
        }
    }

    /// How much room a node has, as far as is known.
    private func room(of id: NodeID) -> DiskRoom { state(of: id)?.room ?? .nothing }

    /// Whether a node may be given what this one leads: it has more room, if that is what this one lacks.
    private func mayTakeOver(_ id: NodeID) -> Bool {
        guard !store.silentNodes.contains(id), let state = state(of: id) else { return false }
        return !state.isDraining && !state.isEnding && state.room > min(store.roomToLead, .little)
    }

    /// How many partitions each node is known to lead.
    var leaderships: [NodeID: Int] {
        store.partitions.reduce(into: [:]) { counts, id in
            if let leader = store.leader(of: id) { counts[leader, default: 0] += 1 }
        }
    }

    /// Who is to lead a partition that this node hands over.
    ///
    /// - Parameter leaderships: How many partitions each node leads, or will.
    func successor(_ status: RaftStatus, _ leaderships: [NodeID: Int]) -> NodeID? {
        let able = status.followers.filter {
            $0.isActive && $0.mode == .replicating && status.configuration.voters.contains($0.id)
        }
        guard options.placement != nil else { return able.max { $0.match < $1.match }?.id }
        // Others may be on their way out as well, and would hand it on; but any is better than one that ends.
        let willing = able.filter { mayTakeOver($0.id) }
        return (willing.isEmpty && isEnding ? able : willing).min { a, b in
            (room(of: b.id), leaderships[a.id] ?? 0, b.match, a.id)
                < (room(of: a.id), leaderships[b.id] ?? 0, a.match, b.id)
        }?.id
    }
}

extension RaftStatus {
    /// Voters that lack next to nothing, and so could lead after a moment.
    fileprivate var upToDateFollowers: [NodeID] {
        followers.filter { follower in
            follower.mode == .replicating && configuration.voters.contains(follower.id)
                && last.index.rawValue - min(last.index, follower.match).rawValue <= Self.fewEntries
        }.map(\.id)
    }

    private static var fewEntries: UInt64 { 64 }
}
