/// Whether every register of a history took each operation at one moment between its call and its return.
///
/// Linearizability is local: a history is linearizable if the operations on each key are. So every key is judged on
/// its own, in the order in which keys first appear.
public struct RegisterLinearizability: Sendable {
    /// Why the operations of one key cannot be ordered.
    public struct Failure: Sendable {
        /// The key.
        public let key: String

        /// One of the longest orders of operations that begin the history.
        public let ordered: [RegisterHistory.Entry]

        /// What the register holds after them.
        public let value: String?

        /// Every operation that real time allows to be the next, and why none can be.
        public let obstacles: [Obstacle]
    }

    /// An operation that cannot be the next one, and why.
    public struct Obstacle: Sendable {
        /// The operation.
        public let entry: RegisterHistory.Entry

        /// Why it cannot be the next.
        public let reason: String
    }

    /// A key whose operations could neither be ordered nor shown to have no order within the limits.
    public struct Undecided: Sendable {
        /// The key.
        public let key: String

        /// How many operations with an outcome it has.
        public let operationCount: Int

        /// How many of those could be ordered at most.
        public let longestOrder: Int
    }

    /// What was found.
    public enum Verdict: Sendable, Equatable {
        /// Every key has an order.
        case linearizable

        /// Some key has none.
        case notLinearizable

        /// No key is known to have none, but some could not be decided. This is no proof of anything.
        case undecided
    }

    /// The keys that cannot be ordered, each with the reason.
    public private(set) var failures: [Failure] = []

    /// The keys for which a limit was reached.
    public private(set) var undecided: [Undecided] = []

    /// How many keys were judged.
    public let keyCount: Int

    /// The judgement on all keys.
    public var verdict: Verdict {
        if !failures.isEmpty { return .notLinearizable }
        return undecided.isEmpty ? .linearizable : .undecided
    }

    /// Judges `history`. The limits hold for each key.
    public init(of history: RegisterHistory, limits: SearchLimits = SearchLimits()) {
        let parts = Self.partition(history)
        keyCount = parts.count
        for part in parts { judge(part, limits) }
    }

    private static func partition(_ history: RegisterHistory) -> [[RegisterHistory.Entry]] {
        var places: [[UInt8]: Int] = [:]
        var parts: [[RegisterHistory.Entry]] = []
        for entry in history.entries {
            let key = Array(entry.operation.key.utf8)
            if let place = places[key] {
                parts[place].append(entry)
            } else {
                places[key] = parts.count
                parts.append([entry])
            }
        }
        return parts
    }

    private mutating func judge(_ entries: [RegisterHistory.Entry], _ limits: SearchLimits) {
        let key = entries[0].operation.key
        let steps = RegisterSteps(entries)
        var search = LinearizabilitySearch(model: steps.model, steps: steps.steps, limits: limits)
        switch search.run() {
        case .found: break
        case .impossible(let order, let candidates):
            let explanation = RegisterExplanation(
                entries: entries,
                order: order.map { steps.entryOfStep[$0] },
                candidates: candidates.map { steps.entryOfStep[$0] }
            )
            failures.append(explanation.failure(key: key))
        case .undecided(let longest):
            let count = entries.count { $0.completion != nil && $0.operation.key == key }
            undecided.append(.init(key: key, operationCount: count, longestOrder: longest))
        }
    }
}

extension RegisterLinearizability.Failure: CustomStringConvertible {
    private static let shownOperations = 8

    /// The end of the order that was found, and what cannot follow it, one operation a line.
    public var description: String {
        var lines = ["key \(quoted(key)): no order of its operations is possible."]
        let shown = ordered.suffix(Self.shownOperations)
        if ordered.isEmpty {
            lines.append("  Already at the beginning, where the register holds nothing,")
        } else {
            lines.append("  The longest beginning orders \(ordered.count) operations, the last of them")
            lines += shown.map { "    \($0)" }
            lines.append("  after which the register holds \(quoted(value)), and")
        }
        lines.append("  nothing that real time allows to be next can be:")
        lines += obstacles.map { "    \($0.entry): \($0.reason)" }
        return lines.joined(separator: "\n")
    }
}

extension RegisterLinearizability.Undecided: CustomStringConvertible {
    /// The key and how far the search came.
    public var description: String {
        "key \(quoted(key)): undecided, at most \(longestOrder) of \(operationCount) operations could be ordered "
            + "before the search reached its limit."
    }
}
