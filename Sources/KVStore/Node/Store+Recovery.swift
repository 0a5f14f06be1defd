public import Raft

/// What a store found when it started.
public struct StoreRecovery: Sendable, Hashable {
    /// Replicas that do not run, ascending by partition.
    public internal(set) var failures: [Failure] = []
    /// True when the log may have had replicas that nobody knows of any more.
    public internal(set) var mayMissReplicas = false

    /// A replica that does not run.
    public struct Failure: Sendable, Hashable {
        /// Which partition's.
        public let partition: PartitionID
        /// Why.
        public let reason: StartFailure
    }
}

extension Store {
    /// Starts what the log and the engine hold, having brought the two together.
    func recover(_ found: LogRecovery) throws(StoreError) {
        recovery.mayMissReplicas = found.mayMissGroups
        var starts: [(ReplicaStart, StateMachine)] = []
        for group in found.groups {
            switch group.lifecycle {
            case .destroyed:
                tombstones.insert(group.group)
                try finishDestruction(of: group.group)
            case .live:
                do throws(StartFailure) {
                    starts.append(try start(of: group))
                } catch {
                    recovery.failures.append(StoreRecovery.Failure(partition: group.group, reason: error))
                }
            }
        }
        for (start, _) in starts {
            try callLog { () throws(LogError) in try log.append(start.records) }
        }
        try callLog { () throws(LogError) in try log.sync() }
        for (start, machine) in starts { run(start, machine) }
    }

    private func start(of group: RecoveredGroup) throws(StartFailure) -> (ReplicaStart, StateMachine) {
        let machine: StateMachine
        do {
            let initial = ReplicaStart.initialConfiguration(of: group)
            machine = try StateMachine(group.group, in: engine, initial: initial)
        } catch {
            throw .stateMachine(error)
        }
        return (try ReplicaStart(recovering: group, applied: machine.state), machine)
    }

    /// Lets a replica run.
    func run(_ start: ReplicaStart, _ machine: StateMachine) {
        let replica = Replica(start, machine: machine, node: node, options: options.raft, seed: random.next())
        for silent in silentNodes { replica.core.nodeSilent(silent) }
        replicas[replica.partition] = replica
        ids.insert(replica.partition)
        touched(replica)
    }

    /// A crash may have come between the mark of a destruction and the removal of its data, which goes in one step.
    private func finishDestruction(of partition: PartitionID) throws(StoreError) {
        try callMachine(partition) { () throws(StateMachineError) in
            let left = try PartitionReader(PartitionKeys(partition), of: engine).state()
            if left != nil { try StateMachine.destroy(partition, in: engine) }
        }
    }
}
