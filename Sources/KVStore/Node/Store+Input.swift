public import Raft

/// What a store hears of other nodes and of time.
extension Store {
    /// Takes a message in. It may be lost, doubled, late, out of order, or for a replica that is not here.
    public func receive(_ message: StoreMessage) {
        guard message.to == node, message.from != node else {
            drops.misaddressed += 1
            return
        }
        guard !awaitsRoom else {
            drops.shed += 1
            return
        }
        switch message {
        case .raft(let envelope): step(envelope)
        case .heartbeats(let bundle): for envelope in bundle.envelopes { step(envelope) }
        case .snapshot(let message): take(message)
        case .forwarded: drops.misaddressed += 1
        }
    }

    private func step(_ envelope: Envelope) {
        guard let replica = replica(for: envelope.partition) else { return }
        if room == .nothing, envelope.message.bringsData {
            drops.shed += 1
            return
        }
        if case .installSnapshot(let order) = envelope.message {
            install(order, in: envelope, by: replica)
        } else {
            replica.core.step(envelope)
        }
        touched(replica)
    }

    private func take(_ message: SnapshotMessage) {
        guard let replica = replica(for: message.partition) else { return }
        switch message.content {
        case .chunk where roomToLead == .nothing: drops.shed += 1
        case .chunk(let bytes): take(bytes, in: message, by: replica)
        case .want, .done, .failed: hear(message.content, in: message, by: replica)
        }
    }

    /// The replica that a message is for. What is not here is never made by a message: of a replica that was destroyed
    /// it would forget what that one has promised.
    func replica(for partition: PartitionID) -> Replica? {
        if let replica = replicas[partition] { return replica }
        if tombstones.contains(partition) {
            drops.destroyed += 1
        } else if recovery.failures.contains(where: { $0.partition == partition }) {
            drops.notRunning += 1
        } else {
            drops.unknownPartition += 1
        }
        return nil
    }

    /// Lets one tick of time pass. Groups that sleep cost nothing.
    public func tick() {
        now += 1
        for id in awake.ids {
            guard let replica = replicas[id] else { continue }
            replica.core.tick()
            ready.insert(id)
            if replica.core.isQuiet { awake.remove(id) }
        }
        giveUpReads()
        giveUpOutgoing()
        tickIncoming()
        if awaitsRoom { dropMessages() }
    }

    /// Nothing was heard from a node for an election time-out, on any of its connections.
    public func nodeSilent(_ other: NodeID) {
        if let place = silentNodes.firstIndex(where: { $0 >= other }) {
            if silentNodes[place] != other { silentNodes.insert(other, at: place) }
        } else {
            silentNodes.append(other)
        }
        forEachReplica { $0.core.nodeSilent(other) }
    }

    /// A node is heard again, or has started anew.
    public func nodeReturned(_ other: NodeID) {
        silentNodes.removeAll { $0 == other }
        forEachReplica { $0.core.nodeReturned(other) }
    }

    /// The connection to a node ended without a goodbye: its process seems to have died.
    public func connectionLost(to other: NodeID) { forEachReplica { $0.core.connectionLost(to: other) } }

    /// Changes the members of a partition's group; see `RaftCore.proposeMembership`. What comes of it is told by
    /// notices.
    public func changeMembership(
        of partition: PartitionID,
        _ change: MembershipChange
    ) throws(RaftCore.MembershipRefusal) -> LogPosition {
        guard let replica = replicas[partition] else { throw .notLeader(nil) }
        defer { touched(replica) }
        return try replica.core.proposeMembership(change)
    }

    /// Asks a replica to hand its leadership over; see `RaftCore.transferLeadership`.
    public func transferLeadership(of partition: PartitionID, to target: NodeID) throws(RaftCore.TransferRefusal) {
        guard let replica = replicas[partition] else { throw .notLeader(nil) }
        defer { touched(replica) }
        try replica.core.transferLeadership(to: target)
    }

    private func forEachReplica(_ body: (Replica) -> Void) {
        for id in ids.ids {
            guard let replica = replicas[id] else { continue }
            body(replica)
            touched(replica)
        }
    }
}

extension Message {
    /// True for what takes up room on the disk of whoever accepts it, beyond a few bytes: without a leader's first
    /// entry, which says nothing, nobody could be sure that what he reads is the latest.
    fileprivate var bringsData: Bool {
        switch self {
        case .append(let request): request.entries.contains { $0.payload.isCommand }
        case .installSnapshot: true
        default: false
        }
    }
}

extension EntryPayload {
    fileprivate var isCommand: Bool {
        if case .command = self { true } else { false }
    }
}
