internal import KVStore
internal import Raft

/// How processes come and go.
extension World {
    /// Starts a machine's process, if there is none.
    func start(_ machine: SimulatedMachine) {
        guard machine.process == nil else { return }
        let process = SimulatedProcess(machine, scheduler, network, trace)
        trace.note(.started, machine.id.rawValue, text: "\(machine.id)")
        machine.process = process
        do throws(StoreLoopError) {
            let peers = machines.map(\.id).filter { $0 != machine.id }
            try process.start(peers: peers, options: options.loop) { [unowned self] in take($0, at: machine.id) }
        } catch {
            return startFailed(machine, error)
        }
        guard let store = process.loop?.store, store.recovery.failures.isEmpty, !store.recovery.mayMissReplicas else {
            return fail("\(machine.id) does not start whole: \(String(describing: process.loop?.store.recovery))")
        }
        for partition in partitions {
            let residence = Residence(partition: partition, node: machine.id)
            if retired.contains(residence) { destroySoon(partition, at: machine.id) }
            if destroyed.contains(residence) { makeAgain(residence) }
        }
    }

    private func startFailed(_ machine: SimulatedMachine, _ error: StoreLoopError) {
        trace.note(.failed, machine.id.rawValue, text: "\(machine.id) does not start: \(error)")
        switch error {
        case .log(.disk(.poweredOff)), .store(.log(.disk(.poweredOff))), .log(.disk(.synchronization)),
            .store(.log(.disk(.synchronization))):
            end(machine, power: chance.percent(50) ? .some : nil)
        case .log(.noSpace), .store(.log(.noSpace)), .log(.disk(.noSpace)):
            end(machine, power: nil)
        default:
            return fail("\(machine.id) does not start: \(error)")
        }
        startSoon(machine)
    }

    func startSoon(_ machine: SimulatedMachine) {
        guard machine.process == nil, !restarts.contains(machine.id) else { return }
        restarts.insert(machine.id)
        scheduler.after(isTroubled ? chance.milliseconds(20...3000) : chance.milliseconds(1...100)) { [unowned self] in
            restarts.remove(machine.id)
            start(machine)
        }
    }

    /// A process has met something that ends it, or a fault ends it in the midst of what it does.
    func processFailed(_ id: NodeID, _ error: StoreError?) {
        let machine = machine(id)
        switch error {
        case nil, .log(.disk(.poweredOff)):
            end(machine, power: anyPower())
        case .log(.disk(.synchronization)), .log(.disk(.noSpace)), .log(.noSpace):
            end(machine, power: chance.percent(30) ? .some : nil)
        case let error?:
            return fail("\(id) ended by itself: \(error)")
        }
        startSoon(machine)
    }

    func anyPower() -> SimulatedDisk.Survival? { chance.pick([.nothing, .some, .everything, nil]) }

    /// Ends a process at once. Those who hold a connection to it see it break, sooner or later or not at all.
    func end(_ machine: SimulatedMachine, power: SimulatedDisk.Survival?) {
        guard let process = machine.process else { return }
        trace.note(
            power == nil ? .killed : .powerLost,
            machine.id.rawValue,
            text: "\(machine.id)\(power.map { ", the disk keeps \($0) of what was not synchronised" } ?? "")"
        )
        noteCounts(of: process)
        machine.endProcess(power: power)
        lost(process)
        for other in machines where other !== machine && chance.percent(80) {
            breakConnection(of: other, to: machine.id)
        }
    }

    /// Clients that waited for a process see their connections break.
    func lost(_ process: SimulatedProcess) {
        for workload in workloads { workload.lost(process, self) }
    }

    /// One end of a connection learns that it has ended without a goodbye.
    func breakConnection(of machine: SimulatedMachine, to other: NodeID) {
        guard let process = machine.process, !network.isCut(other, machine.id) else { return }
        let delay = chance.microseconds(network.manners.delayMicroseconds)
        scheduler.after(delay) {
            process.run { process.loop?.connectionLost(to: other) }
        }
    }

    // MARK: Notices

    private func take(_ notice: StoreNotice, at node: NodeID) {
        switch notice.notice {
        case .becameLeader(let term):
            trace.note(
                .leader,
                node.rawValue,
                notice.partition.rawValue,
                term.rawValue,
                text: "\(node) leads partition \(notice.partition) in term \(term)"
            )
        case .configurationSettled(let configuration):
            for id in configuration.retired {
                let residence = Residence(partition: notice.partition, node: id)
                if retired.insert(residence).inserted { destroySoon(notice.partition, at: id) }
            }
        default: break
        }
    }

    /// Destroys a replica that its group has let go.
    private func destroySoon(_ partition: PartitionID, at node: NodeID) {
        scheduler.after(chance.milliseconds(1...2000)) { [unowned self] in
            guard let process = machine(node).process else { return }
            trace.note(.destroyed, node.rawValue, partition.rawValue, text: "partition \(partition) at \(node)")
            process.run {
                process.loop?.destroy(partition) { [unowned self] in
                    let residence = Residence(partition: partition, node: node)
                    destroyed.insert(residence)
                    makeAgain(residence)
                }
            }
        }
    }

    /// Tries in vain to make a replica that was destroyed: a new one would not know what the old one has promised.
    private func makeAgain(_ gone: Residence) {
        machine(gone.node).process?.loop?.create(gone.partition, initial: Configuration(voters: [])) {
            [unowned self] refusal in
            // Where there is no room, a node says so first.
            if refusal == .destroyed || refusal == .diskFull { return }
            let word = refusal.map { "says \($0)" } ?? "does so"
            fail("\(gone.node), told to make a replica of partition \(gone.partition) that was destroyed, \(word)")
        }
    }
}
