/// A transaction over numbers, each under a key of its own; a number that was never written is absent.
public struct TransactionOperation: HistoryOperation {
    /// A part of a transaction. Parts take effect in order, all at one moment.
    public enum Action: Sendable, Equatable {
        /// Reads a number as it is after the actions before.
        case read(key: String)

        /// Writes a number, whatever is there.
        case write(key: String, Int64)

        /// Adds to a number, absent counting as 0. The result must not be below the floor, if there is one.
        case add(key: String, delta: Int64, floor: Int64?)
    }

    /// What is answered.
    public enum Answer: Sendable, Equatable {
        /// It took place. What its reads returned, by key; nil stands for what is absent.
        case committed(reads: [String: Int64?])

        /// It had no effect. With `bound`, because a sum would have been below its floor.
        case refused(isBound: Bool)
    }

    /// What it does, in order.
    public let actions: [Action]

    /// A transaction of these actions.
    public init(_ actions: [Action]) { self.actions = actions }

    /// Every transaction may be answered in every way.
    public func admits(_ answer: Answer) -> Bool {
        guard case .committed(let reads) = answer else { return true }
        return actions.allSatisfy { if case .read(let key) = $0 { reads[key] != nil } else { true } }
    }
}

/// A history of transactions over numbers.
public typealias TransactionHistory = History<TransactionOperation>

extension TransactionOperation.Action {
    /// The key that it is about.
    var key: String {
        switch self {
        case .read(let key), .write(let key, _), .add(let key, _, _): key
        }
    }
}

extension TransactionOperation: CustomStringConvertible {
    /// What it does in a few words, as `add x -5 floor 0, read y`.
    public var description: String { actions.map { "\($0)" }.joined(separator: ", ") }

    /// An answer in a few words, as `committed, y = 4`.
    public static func words(for answer: Answer) -> String {
        switch answer {
        case .refused(true): return "refused by a bound"
        case .refused(false): return "refused"
        case .committed(let reads):
            let values = reads.sorted { $0.key < $1.key }
                .map { ", \($0.key) = \($0.value.map { "\($0)" } ?? "absent")" }
            return "committed" + values.joined()
        }
    }
}

extension TransactionOperation.Action: CustomStringConvertible {
    /// The action in a few words.
    public var description: String {
        switch self {
        case .read(let key): "read \(key)"
        case .write(let key, let value): "write \(key) \(value)"
        case .add(let key, let delta, let floor): "add \(key) \(delta)\(floor.map { " floor \($0)" } ?? "")"
        }
    }
}
