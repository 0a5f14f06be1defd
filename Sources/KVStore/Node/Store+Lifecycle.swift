public import Raft

/// How replicas come and go. Either is durable in the log before anything follows from it.
extension Store {
    /// Makes a replica. It exists, over any crash, when this returns.
    ///
    /// Where the disk is found to be full only now, what was written may be found after a restart, or not: the process
    /// has to end, as after any other failure.
    ///
    /// - Parameter configuration: For a first replica of a group the group's first configuration, the same on all; for
    ///   one that joins later an empty one, since the log or a snapshot tells it the rest.
    public func create(_ partition: PartitionID, initial configuration: Configuration) throws(CreationRefusal) {
        precondition(phase == .idle, "replicas are made between turns")
        guard replicas[partition] == nil, !recovery.failures.contains(where: { $0.partition == partition }) else {
            throw .exists
        }
        guard !tombstones.contains(partition) else { throw .destroyed }
        guard !recovery.mayMissReplicas else { throw .logIncomplete }
        guard !shedsWrites else { throw .diskFull }
        do throws(StoreError) {
            try guarded { () throws(StoreError) in
                let start = ReplicaStart(creating: partition, initial: configuration)
                for record in start.records { try callLog { () throws(LogError) in try log.append(record) } }
                try callLog { () throws(LogError) in try log.sync() }
                let machine = try callMachine(partition) { () throws(StateMachineError) in
                    try StateMachine(partition, in: engine, initial: configuration)
                }
                run(start, machine)
            }
        } catch {
            throw .failed(error)
        }
    }

    /// Destroys a replica and its data. Who waits for it is answered with the next turn.
    ///
    /// The caller knows that the group does not need it any more. Nothing happens where there is no replica.
    public func destroy(_ partition: PartitionID) throws(StoreError) {
        precondition(phase == .idle, "replicas are destroyed between turns")
        guard let replica = replicas[partition] else { return }
        try guarded { () throws(StoreError) in
            try callLog { () throws(LogError) in
                try log.append(.destroy(partition))
                try log.sync()
            }
            tombstones.insert(partition)
            forget(replica)
            try callMachine(partition) { () throws(StateMachineError) in
                try StateMachine.destroy(partition, in: engine)
            }
        }
    }

    private func forget(_ replica: Replica) {
        let partition = replica.partition
        answerUnknown(replica.commands.removeAll(after: .zero))
        for number in replica.reads.keys.sorted() { answerRead(number, of: replica, .unconfirmed) }
        abandonIncoming(of: replica)
        outgoing.removeAll(of: partition)
        replicas[partition] = nil
        ids.remove(partition)
        ready.remove(partition)
        awake.remove(partition)
        applyQueue.removeAll { $0 == partition }
    }
}
