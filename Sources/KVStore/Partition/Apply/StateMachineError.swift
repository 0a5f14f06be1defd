public import Raft

/// Why a state machine did not do what it was asked to do. Nothing was changed.
///
/// After ``engine(_:)``, see ``EngineError``; after ``limit(_:)`` the caller asks for less, after
/// ``belowSafePoint(_:)`` for something newer. All others are fail-stop:
/// the replica's data and its log do not fit together, and it must not go on.
public enum StateMachineError: Error, Hashable, Sendable {
    /// The engine refused.
    case engine(EngineError)
    /// What was asked for is more than is allowed.
    case limit(FieldError)
    /// What was asked for is older than what is kept: it lies below this safe point.
    case belowSafePoint(Timestamp)
    /// The partition's own records are not as they were written, or were written by a newer program.
    case damaged(FieldError)
    /// A committed entry is not a command that this program can read.
    case unreadableEntry(LogIndex, FieldError)
    /// The next entry to be applied is missing.
    case gap(expected: LogIndex, found: LogIndex)
    /// An entry contradicts what was applied before it: the log is not the one that the data came from.
    case otherHistory(applied: LogPosition, found: LogPosition)
    /// A snapshot contains less than what was applied already.
    case snapshotBehind(applied: LogPosition, snapshot: LogPosition)
    /// The snapshot is not complete, or was installed or abandoned already.
    case snapshotIncomplete
}

extension StateMachineError {
    /// True where what the engine holds cannot be read, or is not what was written. It will not be read any better later,
    /// so the store ends; false for what only concerns who has asked, and for an engine that is closed or full.
    var endsStore: Bool {
        switch self {
        case .engine(.corruption), .engine(.inputOutput), .engine(.refused), .damaged: true
        default: false
        }
    }

    /// Tells what reading the partition's own records has met.
    init(_ error: any Error) {
        switch error {
        case let error as EngineError: self = .engine(error)
        case let error as FieldError: self = .damaged(error)
        case let error as StateMachineError: self = error
        default: preconditionFailure("a state machine has met an error that nothing of it throws: \(error)")
        }
    }
}

/// Calls an engine and turns its error into the caller's.
func callEngine<R>(_ body: () throws(EngineError) -> R) throws(StateMachineError) -> R {
    do {
        return try body()
    } catch {
        throw .engine(error)
    }
}
