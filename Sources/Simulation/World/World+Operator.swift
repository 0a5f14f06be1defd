internal import KVStore
internal import Raft

/// What an operator does to a cluster, and looks at.
extension World {
    /// The process that leads a partition, as far as it knows itself.
    func leader(of partition: PartitionID) -> (SimulatedProcess, RaftStatus)? {
        for machine in machines {
            guard let process = machine.process, !process.isStopped,
                let status = process.loop?.store.status(of: partition), status.role == .leader
            else { continue }
            return (process, status)
        }
        return nil
    }

    var allPartitions: [PartitionID] { partitions + systemPartitions }

    func transferLeadership() {
        let partition = chance.pick(allPartitions)
        guard let (process, status) = leader(of: partition) else { return }
        let target = chance.pick(status.configuration.voters)
        trace.note(.transfer, partition.rawValue, target.rawValue, text: "partition \(partition) to \(target)")
        try? process.loop?.transferLeadership(of: partition, to: target)
    }

    /// Brings a partition to a node where it never was, or lets a member go.
    func changeMembership() {
        let partition = chance.pick(partitions)
        guard let (process, status) = leader(of: partition), !status.configuration.isJoint else { return }
        let members = status.configuration.members
        let newcomers = machines.map(\.id).filter {
            !members.contains($0) && !status.configuration.retired.contains($0)
        }
        if members.count > 3 || (members.count > 1 && newcomers.isEmpty && chance.percent(30)) {
            return propose(.remove(chance.pick(members)), process, partition)
        }
        guard !newcomers.isEmpty else { return }
        let newcomer = chance.pick(newcomers)
        guard let host = machine(newcomer).process else { return }
        host.run { [unowned self] in
            host.loop?.create(partition, initial: Configuration(voters: [])) { [unowned self] refusal in
                guard refusal == nil || refusal == .exists, !process.isDead else { return }
                propose(.add(newcomer), process, partition)
            }
        }
    }

    private func propose(_ step: MembershipChange.Step, _ process: SimulatedProcess, _ partition: PartitionID) {
        trace.note(.membership, partition.rawValue, step.id.rawValue, text: "partition \(partition): \(step)")
        process.run {
            try? process.loop?.changeMembership(of: partition, MembershipChange([step]))
        }
    }

    // MARK: Looking

    func scheduleInspections() {
        scheduler.after(chance.milliseconds(100...400)) { [unowned self] in
            inspect(anyMachine(), chance.pick(allPartitions))
            if isTroubled { scheduleInspections() }
        }
    }

    /// Replicas that have applied the same entries hold the same.
    private func inspect(_ machine: SimulatedMachine, _ partition: PartitionID) {
        guard let store = machine.process?.loop?.store else { return }
        do throws(StoreError) {
            guard let sum = try store.checksum(of: partition), sum.position.index > .zero else { return }
            trace.note(.inspected, machine.id.rawValue, partition.rawValue, sum.position.index.rawValue)
            let place = Place(partition: partition, index: sum.position.index)
            if let known = checksums[place], known != sum {
                fail("\(machine.id) differs in partition \(partition): \(sum) instead of \(known)")
            }
            checksums[place] = sum
        } catch {
            fail("\(machine.id) cannot be inspected: \(error)")
        }
    }

    /// True when every partition has one leader and all its members have applied the same.
    var isConverged: Bool {
        for partition in allPartitions {
            guard let (_, status) = leader(of: partition), !status.configuration.isJoint else { return false }
            for id in status.configuration.members {
                guard let other = machine(id).process?.loop?.store.status(of: partition),
                    other.applied == status.last.index, other.leader == status.leader,
                    other.configuration == status.configuration
                else { return false }
                inspect(machine(id), partition)
            }
        }
        return true
    }

    /// How every replica stands, for a report.
    var situation: String {
        var lines: [String] = ["", "workloads finished: \(workloads.map(\.isFinished))"]
        for machine in machines {
            guard let store = machine.process?.loop?.store else {
                lines.append("\(machine.id): down")
                continue
            }
            for partition in store.partitions {
                guard let status = store.status(of: partition) else { continue }
                lines.append(
                    "\(machine.id), partition \(partition): \(status.role), term \(status.term), leader "
                        + "\(status.leader.map { "\($0)" } ?? "unknown"), applied \(status.applied) of "
                        + "\(status.committed), last \(status.last), \(status.configuration)"
                )
            }
        }
        return lines.joined(separator: "\n  ")
    }
}
