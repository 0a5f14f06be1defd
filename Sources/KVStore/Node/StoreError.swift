public import Raft

/// What ends a store. After it the store refuses everything, and so must the process: what its disk holds is known only
/// once it is read again. Only ``log(_:)`` with `noSpace` is no end: `sync` may be called again.
public enum StoreError: Error, Hashable, Sendable {
    /// The log failed.
    case log(LogError)
    /// A replica's state machine failed.
    case stateMachine(PartitionID, StateMachineError)
    /// The engine could not write what it holds in memory.
    case engine(EngineError)
}

/// Why a command or a read was not taken. It had no effect and will have none.
public enum RequestRefusal: Error, Hashable, Sendable {
    /// Another replica leads; the one named, as far as is known here.
    case notLeader(NodeID?)
    /// Leadership is being handed over to this node. Try again there, or here.
    case transferring(to: NodeID)
    /// Too much is waiting already. Try again later.
    case overloaded
    /// The node's disk has no room for more. Try again at another node, or later.
    case diskFull
    /// The node is about to end. Try again at another node.
    case stopping
    /// There is no replica of the partition here.
    case unknownPartition
    /// It breaks a limit of commands.
    case invalid(FieldError)
}

/// Why a replica was not made.
public enum CreationRefusal: Error, Hashable, Sendable {
    /// There is one.
    case exists
    /// There was one. What it had promised is forgotten, so its node must never hold one again under its id.
    case destroyed
    /// The log has lost something, and with it perhaps the mark of a replica that was destroyed.
    case logIncomplete
    /// The node's disk has no room for more.
    case diskFull
    /// The store ended.
    case failed(StoreError)
}

/// Why a recovered replica does not run. Its state machine's data is untouched; of its log, what follows the damage is
/// given up, and goes with its segments. Messages for it are counted and dropped.
public enum StartFailure: Error, Hashable, Sendable {
    /// The log has lost entries that are not applied, up to this end, or nobody knows which. It must not vote.
    case logDamaged(LogFloor)
    /// Log and state machine do not fit together.
    case inconsistent(RestoredState.Inconsistency)
    /// The log was cut behind another entry than the one that the state machine has applied there.
    case otherHistory(applied: LogPosition, base: LogPosition)
    /// The state machine's own records cannot be read.
    case stateMachine(StateMachineError)
}

extension StartFailure: CustomStringConvertible {
    /// What happened and what to do, for an operator.
    public var description: String {
        let advice =
            "the others go on without it as long as they are a majority. It cannot be repaired or replaced yet; "
            + "an older copy of the node's directory must not take the place of this one"
        return switch self {
        case .logDamaged(.position(let end)):
            "its log has lost entries that are not applied here, the last of which is entry \(end.index) of term "
                + "\(end.term); \(advice)"
        case .logDamaged(.unknown): "its log has lost something, and nothing tells what; \(advice)"
        case .inconsistent(let what): "its log and its data do not fit together (\(what)); \(advice)"
        case .otherHistory(let applied, let base):
            "its log was cut behind another entry (\(base)) than it has applied (\(applied)); \(advice)"
        case .stateMachine(let error): "its data cannot be read (\(error)); \(advice)"
        }
    }
}

/// Does something at the log, and turns its error into the store's.
func callLog<R>(_ body: () throws(LogError) -> R) throws(StoreError) -> R {
    do throws(LogError) {
        return try body()
    } catch {
        throw .log(error)
    }
}

/// Does something with a replica's state machine, and turns its error into the store's.
func callMachine<R>(_ partition: PartitionID, _ body: () throws(StateMachineError) -> R) throws(StoreError) -> R {
    do throws(StateMachineError) {
        return try body()
    } catch {
        throw .stateMachine(partition, error)
    }
}
