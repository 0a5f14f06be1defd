internal import Raft

/// What happens by the clock: ticks, signs of life, maintenance, and a look at the room that is left.
extension StoreLoop {
    func scheduleTick() {
        environment.executor.enqueue(after: options.tick) { [weak self] in self?.tick() }
    }

    /// One tick, however late it comes: a node that was stopped does not catch up on time in which it heard nothing.
    private func tick() {
        guard state != .over else { return }
        scheduleTick()
        ticks += 1
        store.tick()
        let change = liveness.tick()
        for node in change.silent { store.nodeSilent(node) }
        sayAlive(to: change.signs)
        if ticks % options.maintenanceTicks == 0 { maintenanceIsDue = true }
        if isDraining, ticks % Self.drainTicks == 0 { handOver() }
        continueExecutions()
        transactions.tick()
        continueAsks()
        continueOrders()
        continuePlacement()
        continueEnding()
        wake()
    }

    private func sayAlive(to nodes: [NodeID]) {
        if nodes.isEmpty { return }
        for other in nodes { liveness.sent(to: other) }
        environment.network.send(nodes.map { .heartbeats(HeartbeatBundle(from: node, to: $0)) })
    }

    // MARK: Room

    /// Stops taking writes before the disk is full, since then nothing at all could be promised any more, and takes
    /// them again once there is room.
    func noteSpace(_ freeBytes: Int) {
        if freeBytes < options.criticalDiskBytes {
            shedWrites(.nothing)
        } else if freeBytes < options.reservedDiskBytes {
            shedWrites(.little)
        } else if freeBytes >= options.resumeDiskBytes {
            store.room = .enough
            mustFlush = false
        } else if store.room < .little {
            store.room = .little
        }
    }

    /// Takes no more writes; others lead meanwhile. Looked at again with the next maintenance.
    ///
    /// What the engine holds in memory only is in the log: once the engine has written it, that part of the log can go.
    func shedWrites(_ room: DiskRoom) {
        if store.room == .enough { mustFlush = true }
        store.room = room
        handOver(where: othersHaveMoreRoom)
    }

    /// How often a node that drains looks whether it leads anything, in ticks.
    private static var drainTicks: Int { 20 }

    /// Asks others to take over what this node leads, or some of it. Returns whether anybody was asked, or had been.
    @discardableResult
    func handOver(where isWanted: (RaftStatus) -> Bool = { _ in true }) -> Bool {
        var waits = false
        var leaderships = leaderships
        for partition in store.partitions {
            guard let status = store.status(of: partition), status.role == .leader else { continue }
            if status.transferTarget != nil {
                waits = true
                continue
            }
            guard isWanted(status), let successor = successor(status, leaderships) else { continue }
            if (try? store.transferLeadership(of: partition, to: successor)) == nil { continue }
            leaderships[successor, default: 0] += 1
            waits = true
        }
        return waits
    }

    // MARK: An orderly end

    /// Ends in good order: takes no more requests, hands leaderships over, writes what the engine holds in memory, and
    /// closes the log. `completion` is called when it is done; a failure meanwhile is told as any other.
    public func end(completion: @escaping () -> Void) {
        guard state != .over, ending == nil else { return }
        ending = Ending(lastTick: ticks + options.handOverTicks, completion: completion)
        handOver()
        wake()
    }

    private func continueEnding() {
        guard let ending else { return }
        if ending.isClosing {
            // It may be elected still, and takes no requests: writing may last.
            handOver()
            return
        }
        // Without room nobody can be told anything.
        if ticks < ending.lastTick, !store.awaitsRoom, handOver() { return }
        self.ending?.isClosing = true
        flushEngine { [self] in
            betweenTurns.append(.close)
            wake()
        }
    }
}
