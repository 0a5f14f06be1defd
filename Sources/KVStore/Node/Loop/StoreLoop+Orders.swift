public import Raft

/// What operators have nodes do. Whichever node is asked, it is done by the one that can.
///
///     operator ──▶ node ── NodeRequest ──▶ the leader, or the node that is meant
///     operator ◀── node ◀── outcome ──────┘   when it is so, or its time is over
extension StoreLoop {
    /// Stands for the node itself where a request has to be about a partition. No partition has this id.
    public static var nodeItself: PartitionID { PartitionID(0) }

    /// How much longer than the one who does it the one who has asked for it waits, in ticks.
    private static var graceTicks: Int { 100 }

    /// Has whoever leads a partition hand it over to a node, or to whichever is best.
    public func orderTransfer(
        of partition: PartitionID,
        to target: NodeID?,
        patienceTicks: Int,
        reply: @escaping (OrderOutcome) -> Void
    ) {
        guard store.appliedPosition(of: partition) != nil else {
            return reply(.notFound("there is no partition \(partition)"))
        }
        guard let leader = store.leader(of: partition) else { return reply(.noLeader) }
        if leader == node { return transfer(partition, to: target, patienceTicks: patienceTicks, reply: reply) }
        order(leader, .handOver(partition, to: target), patienceTicks: patienceTicks, reply: reply)
    }

    /// Has a node give away all that it leads and take nothing more, or lead again.
    public func orderDraining(
        _ isDraining: Bool,
        of other: NodeID,
        patienceTicks: Int,
        reply: @escaping (OrderOutcome) -> Void
    ) {
        if other == node { return setDraining(isDraining, patienceTicks: patienceTicks, reply: reply) }
        guard peers.contains(other) else { return reply(.notFound("there is no node \(other)")) }
        order(other, .setDraining(isDraining), patienceTicks: patienceTicks, reply: reply)
    }

    private func order(
        _ other: NodeID,
        _ request: NodeRequest,
        patienceTicks: Int,
        reply: @escaping (OrderOutcome) -> Void
    ) {
        guard !store.silentNodes.contains(other) else { return reply(.refused("node \(other) is not heard")) }
        let patience = patienceTicks + Self.graceTicks
        ask(other, about: Self.nodeItself, request.encoded, patienceTicks: patience) { response in
            guard case .outcome(let outcome)? = response.flatMap({ try? NodeResponse(encoded: $0) }) else {
                return reply(.unfinished)
            }
            reply(outcome)
        }
    }

    /// Another node asks this one itself.
    func serveNode(_ bytes: [UInt8], reply: @escaping ([UInt8]) -> Void) {
        // What a later version asks is not answered: whoever asks knows by the silence.
        guard let request = try? NodeRequest(encoded: bytes) else { return }
        let patience = options.handOverTicks
        switch request {
        case .state: reply(NodeResponse.state(ownState).encoded)
        case .handOver(let partition, let target):
            transfer(partition, to: target, patienceTicks: patience) { reply(NodeResponse.outcome($0).encoded) }
        case .setDraining(let isDraining):
            setDraining(isDraining, patienceTicks: patience) { reply(NodeResponse.outcome($0).encoded) }
        }
    }

    // MARK: Here

    private func transfer(
        _ partition: PartitionID,
        to wanted: NodeID?,
        patienceTicks: Int,
        reply: @escaping (OrderOutcome) -> Void
    ) {
        guard let status = store.status(of: partition), status.role == .leader else { return reply(.noLeader) }
        if wanted == node { return reply(.done) }
        guard let target = wanted ?? successor(status, leaderships) else {
            return reply(.refused("no other replica of partition \(partition) could lead"))
        }
        if store.silentNodes.contains(target) { return reply(.refused("node \(target) is not heard")) }
        do throws(RaftCore.TransferRefusal) {
            try transferLeadership(of: partition, to: target)
        } catch {
            return reply(.refused("node \(target) has no vote in partition \(partition)"))
        }
        orders.append(Order(goal: .handedOver(partition, to: target), lastTick: ticks + patienceTicks, reply: reply))
    }

    private func setDraining(_ isDraining: Bool, patienceTicks: Int, reply: @escaping (OrderOutcome) -> Void) {
        self.isDraining = isDraining
        guard isDraining else { return reply(.done) }
        handOver()
        wake()
        orders.append(Order(goal: .drained, lastTick: ticks + patienceTicks, reply: reply))
    }

    /// Looks which orders have come about.
    func continueOrders() {
        if orders.isEmpty { return }
        let waiting = orders
        orders = []
        for order in waiting {
            if let outcome = outcome(of: order.goal) {
                order.reply(outcome)
            } else if ticks >= order.lastTick {
                order.reply(.unfinished)
            } else {
                orders.append(order)
            }
        }
    }

    func giveUpOrders() {
        let waiting = orders
        orders = []
        for order in waiting { order.reply(.unfinished) }
    }

    private func outcome(of goal: Order.Goal) -> OrderOutcome? {
        switch goal {
        case .handedOver(let partition, let target):
            guard let status = store.status(of: partition) else { return .notFound("partition \(partition) is gone") }
            if status.role == .leader {
                return status.transferTarget == nil
                    ? .refused("node \(target) did not take partition \(partition) over in time") : nil
            }
            return status.leader == nil ? nil : .done
        case .drained:
            guard isDraining else { return .refused("the node was told to lead again") }
            return store.partitions.contains { store.leader(of: $0) == node } ? nil : .done
        }
    }
}

/// Something that an operator wants, until it is so.
struct Order {
    enum Goal {
        case handedOver(PartitionID, to: NodeID)
        case drained
    }

    let goal: Goal
    let lastTick: Int
    let reply: (OrderOutcome) -> Void
}
