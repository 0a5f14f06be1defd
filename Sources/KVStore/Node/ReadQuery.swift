internal import Raft

/// What is read of one partition.
public enum ReadQuery: Hashable, Sendable {
    /// The value of a key.
    case value(of: ArraySlice<UInt8>)
    /// The entries from a key on, up to and without another or up to the partition's end, as far as the limit allows.
    case page(from: ArraySlice<UInt8>, upTo: ArraySlice<UInt8>?, limit: ScanLimit)
    /// What keys had at a timestamp, or, without one, have at last.
    case entries([[UInt8]], at: Timestamp?)
    /// The keys of a range that had something at a timestamp, as far as the limit allows.
    case range(KeyRange, at: Timestamp, limit: ScanLimit)
    /// What the partition knows of itself.
    case partitionFacts
    /// Nothing: for whoever has to know that this replica is up to date.
    case nothing

    func checkLimits() throws(FieldError) {
        switch self {
        case .value(let key): try Self.check("key", key)
        case .page(let from, let upTo, let limit):
            try Self.check("from", from)
            if let upTo { try Self.check("up to", upTo) }
            try limit.check()
        case .entries(let keys, _):
            guard keys.count <= TransactionLimits.operations else {
                throw FieldError("keys", "must be at most \(TransactionLimits.operations)")
            }
            for key in keys where key.count > TransactionLimits.keyBytes {
                throw FieldError("key", "must be at most \(TransactionLimits.keyBytes) bytes")
            }
        case .range(let range, _, let limit):
            for end in [range.lower, range.upper] where end.count > TransactionLimits.keyBytes + 1 {
                throw FieldError("range", "must have ends of at most \(TransactionLimits.keyBytes + 1) bytes")
            }
            try limit.check()
        case .partitionFacts, .nothing: break
        }
    }

    private static func check(_ field: String, _ key: ArraySlice<UInt8>) throws(FieldError) {
        guard key.count <= CommandLimits.keyBytes else {
            throw FieldError(field, "must be at most \(CommandLimits.keyBytes) bytes")
        }
    }

    /// Reads from what has been applied.
    func answer(from machine: StateMachine) throws(StateMachineError) -> ReadAnswer {
        let applied = machine.state.position.index
        do throws(StateMachineError) {
            switch self {
            case .value(let key): return .value(try machine.reader.value(of: key), applied: applied)
            case .page(let from, let upTo, let limit):
                return .page(try machine.reader.scan(from: from, upTo: upTo, limit: limit), applied: applied)
            case .entries(let keys, let timestamp):
                return .entries(try machine.reader.entries(of: keys, at: timestamp), applied: applied)
            case .range(let range, let timestamp, let limit):
                return .range(try machine.reader.entries(in: range, at: timestamp, limit: limit), applied: applied)
            case .partitionFacts: return .facts(machine.facts, applied: applied)
            case .nothing: return .nothing(applied: applied)
            }
        } catch {
            guard case .belowSafePoint(let safePoint) = error else { throw error }
            return .tooOld(safePoint: safePoint)
        }
    }
}
