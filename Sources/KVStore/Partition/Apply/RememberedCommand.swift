internal import Raft

/// A command that was applied, or found that a condition did not hold, and must not be looked at again.
///
///     id: 16 bytes │ index: number │ what it came to │ later fields
///
///     what it came to   0 for applied, the failed operation's number + 1,
///                       or 8,193 and the outcome of a transaction, see ``TransactionOutcome``
struct RememberedCommand: Hashable {
    let id: CommandID
    /// Where its first copy stood.
    let index: LogIndex
    /// Never `expired`: a command that was refused leaves no trace.
    let outcome: CommandOutcome

    private static let transaction = CommandLimits.operations + 1

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        bytes.appendFixed(id.rawValue)
        bytes.appendNumber(index.rawValue)
        switch outcome {
        case .applied: bytes.appendNumber(0)
        case .conditionFailed(let operation): bytes.appendNumber(operation + 1)
        case .transaction(let outcome):
            bytes.appendNumber(Self.transaction)
            outcome.encode(into: &bytes)
        case .expired: preconditionFailure("a command that was refused is not remembered")
        }
        return bytes
    }

    init(id: CommandID, index: LogIndex, outcome: CommandOutcome) {
        self.id = id
        self.index = index
        self.outcome = outcome
    }

    init(encoded bytes: ArraySlice<UInt8>) throws(FieldError) {
        var reader = FieldReader(bytes)
        id = CommandID(try reader.fixed("remembered id", as: UInt128.self))
        index = try reader.index("remembered index")
        switch try reader.count("remembered outcome", upTo: Self.transaction) {
        case 0: outcome = .applied
        case Self.transaction: outcome = .transaction(try TransactionOutcome(from: &reader))
        case let failed: outcome = .conditionFailed(operation: failed - 1)
        }
        try reader.skipLaterFields()
    }
}
