internal import Raft

/// What ends a store besides its turns.
extension StoreLoop {
    /// Something was to be read of a replica, and could not be.
    ///
    /// An engine whose disk fails in a read goes on, and so would whoever asks for the same key again, for as long as this
    /// node leads it: while other replicas are whole. So the store ends, as it does when it meets the same in a turn. It
    /// ends once the loop is done with what it is at, since this is called from within.
    func readFailed(_ error: StateMachineError, of partition: PartitionID) {
        guard error.endsStore else { return }
        environment.executor.enqueue { [weak self] in self?.fail(.stateMachine(partition, error)) }
    }
}
