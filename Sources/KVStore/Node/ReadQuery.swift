internal import Raft

/// What is read of one partition.
public enum ReadQuery: Hashable, Sendable {
    /// The value of a key.
    case value(of: ArraySlice<UInt8>)
    /// The entries from a key on, up to and without another or up to the partition's end, as far as the limit allows.
    case page(from: ArraySlice<UInt8>, upTo: ArraySlice<UInt8>?, limit: ScanLimit)

    func checkLimits() throws(FieldError) {
        switch self {
        case .value(let key): try Self.check("key", key)
        case .page(let from, let upTo, let limit):
            try Self.check("from", from)
            if let upTo { try Self.check("up to", upTo) }
            try limit.check()
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
        switch self {
        case .value(let key): return .value(try machine.reader.value(of: key), applied: applied)
        case .page(let from, let upTo, let limit):
            return .page(try machine.reader.scan(from: from, upTo: upTo, limit: limit), applied: applied)
        }
    }
}
