internal import KVStore
internal import Raft

/// The troubles of a world, each at times by chance.
extension World {
    func scheduleFaults() {
        every(plan.kill) { [unowned self] in kill(power: nil) }
        every(plan.powerLoss) { [unowned self] in kill(power: chance.pick([.nothing, .some, .everything])) }
        every(plan.crashPoint) { [unowned self] in armCrashPoint() }
        every(plan.deathWhileSending) { [unowned self] in
            anyMachine().process?.diesAfter(messages: chance.below(12))
        }
        every(plan.blackout) { [unowned self] in blackout() }
        every(plan.pause) { [unowned self] in pause() }
        every(plan.orderlyRestart) { [unowned self] in restart() }
        every(plan.partition) { [unowned self] in separate() }
        every(plan.clog) { [unowned self] in clog() }
        every(plan.reset) { [unowned self] in
            let (a, b) = twoMachines()
            trace.note(.reset, a.id.rawValue, b.id.rawValue, text: "\(a.id) – \(b.id)")
            breakConnection(of: a, to: b.id)
            breakConnection(of: b, to: a.id)
        }
        every(plan.slowDisk) { [unowned self] in slowDown() }
        every(plan.fullDisk) { [unowned self] in fill() }
        every(plan.failingSync) { [unowned self] in
            let machine = anyMachine()
            trace.note(.failingSync, machine.id.rawValue, text: "\(machine.id)")
            machine.disk.failSynchronization(after: chance.below(4))
        }
        every(plan.transfer) { [unowned self] in transferLeadership() }
        every(plan.membership) { [unowned self] in changeMembership() }
        every(.milliseconds(300)) { [unowned self] in anyMachine().flushSome() }
    }

    /// Does something again and again while there are troubles.
    func every(_ mean: Duration?, _ action: @escaping () -> Void) {
        guard let mean else { return }
        scheduler.after(chance.around(mean)) { [unowned self] in
            guard isTroubled else { return }
            action()
            every(mean, action)
        }
    }

    func anyMachine() -> SimulatedMachine { chance.pick(machines) }

    private func twoMachines() -> (SimulatedMachine, SimulatedMachine) {
        let first = chance.below(machines.count)
        let second = (first + 1 + chance.below(machines.count - 1)) % machines.count
        return (machines[first], machines[second])
    }

    // MARK: Processes

    private func kill(power: SimulatedDisk.Survival?) {
        let machine = anyMachine()
        end(machine, power: power)
        startSoon(machine)
    }

    private func blackout() {
        for machine in machines {
            end(machine, power: chance.pick([.nothing, .some, .everything]))
            startSoon(machine)
        }
    }

    private func armCrashPoint() {
        let machine = anyMachine()
        let operation = machine.disk.operations + chance.from(1...12)
        trace.note(.crashPoint, machine.id.rawValue, text: "\(machine.id), at operation \(operation) of its disk")
        machine.disk.powerFails(atOperation: operation)
    }

    private func pause() {
        let machine = anyMachine()
        guard let process = machine.process else { return }
        process.stop()
        trace.note(.paused, machine.id.rawValue, text: "\(machine.id)")
        scheduler.after(chance.milliseconds(50...4000)) { [unowned self] in
            guard !process.isDead, process.isStopped else { return }
            trace.note(.resumed, machine.id.rawValue, text: "\(machine.id)")
            process.resume()
        }
    }

    /// Ends a process in good order and starts it again.
    private func restart() {
        let machine = anyMachine()
        guard let process = machine.process else { return }
        process.run { [unowned self] in
            process.loop?.end { [unowned self] in
                trace.note(.ended, machine.id.rawValue, text: "\(machine.id)")
                noteCounts(of: process)
                machine.endProcess(power: nil)
                lost(process)
                startSoon(machine)
            }
        }
    }

    // MARK: The network

    private func separate() {
        var cuts: [(NodeID, NodeID)] = []
        switch chance.below(4) {
        case 0:
            let (a, b) = twoMachines()
            cuts = [(a.id, b.id)]
        case 1:
            let (a, b) = twoMachines()
            cuts = [(a.id, b.id), (b.id, a.id)]
        case 2:
            let lonely = anyMachine().id
            for machine in machines where machine.id != lonely { cuts += [(lonely, machine.id), (machine.id, lonely)] }
        default:
            let side = machines.filter { _ in chance.percent(50) }.map(\.id)
            for a in machines.map(\.id) {
                for b in machines.map(\.id) where side.contains(a) != side.contains(b) { cuts.append((a, b)) }
            }
        }
        for (a, b) in cuts { network.cut(a, b) }
        for (a, b) in cuts {
            scheduler.after(chance.milliseconds(100...5000)) { [unowned self] in network.heal(a, b) }
        }
    }

    private func clog() {
        let (a, b) = twoMachines()
        network.clog(a.id, b.id, for: chance.milliseconds(50...2000))
    }

    // MARK: Disks

    private func slowDown() {
        let machine = anyMachine()
        machine.diskSlowness = chance.pick([10, 100, 1000])
        trace.note(.slowDisk, machine.id.rawValue, text: "\(machine.id), \(machine.diskSlowness) times")
        scheduler.after(chance.milliseconds(200...3000)) { machine.diskSlowness = 1 }
    }

    private func fill() {
        let machine = anyMachine()
        machine.disk.capacityBytes = machine.disk.usedBytes + chance.below(80 << 10)
        trace.note(.fullDisk, machine.id.rawValue, text: "\(machine.id), at \(machine.disk.usedBytes) bytes")
        scheduler.after(chance.milliseconds(500...5000)) { machine.disk.capacityBytes = nil }
    }
}
