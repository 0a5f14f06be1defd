/// Whether every register of a history took each operation at one moment between its call and its return.
///
/// Linearizability is local: a history is linearizable if the operations on each key are. So every key is judged on
/// its own, in the order in which keys first appear.
public struct RegisterLinearizability: Sendable {
    /// Why the operations of one key cannot be ordered; at least one of the two reasons is there.
    public struct Failure: Sendable {
        /// The key.
        public let key: String

        /// Operations that no order can reconcile, where they can be named.
        public let conflict: Conflict?

        /// Where the search for an order came to its end, unless it took too long.
        public let deadEnd: DeadEnd?
    }

    /// A few operations that contradict each other whatever the others do.
    public enum Conflict: Sendable {
        /// The operation saw what no operation had been called to write when it returned.
        case unwritten(RegisterHistory.Entry)

        /// A text that is written once was held from `first` (nil: the beginning) to `last`, yet `others` show that it
        /// was not.
        case held(first: RegisterHistory.Entry?, last: RegisterHistory.Entry, others: [RegisterHistory.Entry])
    }

    /// How far operations could be ordered.
    public struct DeadEnd: Sendable {
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
        let conflict = RegisterConflict(steps.steps, model: steps.model).map { Conflict($0, steps, entries) }
        var limits = limits
        if conflict != nil { limits.steps = min(limits.steps, Self.stepsToExplainConflict) }
        var search = LinearizabilitySearch(model: steps.model, steps: steps.steps, limits: limits)
        switch (search.run(), conflict) {
        case (.found, .none): break
        case (.found, .some): preconditionFailure("operations that contradict each other have an order")
        case (.impossible(let order, let candidates), let conflict):
            let explanation = RegisterExplanation(
                entries: entries,
                order: order.map { steps.entryOfStep[$0] },
                candidates: candidates.map { steps.entryOfStep[$0] }
            )
            failures.append(Failure(key: key, conflict: conflict, deadEnd: explanation.deadEnd))
        case (.undecided, .some(let conflict)):
            failures.append(Failure(key: key, conflict: conflict, deadEnd: nil))
        case (.undecided(let longest), .none):
            let count = entries.count { $0.completion != nil }
            undecided.append(.init(key: key, operationCount: count, longestOrder: longest))
        }
    }

    /// The verdict is known then; the search only shows how far an order can come.
    private static let stepsToExplainConflict = 100_000
}

extension RegisterLinearizability.Conflict: CustomStringConvertible {
    fileprivate init(_ conflict: RegisterConflict, _ steps: RegisterSteps, _ entries: [RegisterHistory.Entry]) {
        let entry = { (step: Int) in entries[steps.entryOfStep[step]] }
        switch conflict {
        case .unwritten(let reader): self = .unwritten(entry(reader))
        case .held(let first, let last, let others):
            self = .held(first: first.map(entry), last: entry(last), others: others.map(entry))
        }
    }

    /// The contradiction, one operation a line.
    public var description: String {
        switch self {
        case .unwritten(let reader): return "  Nobody had begun to write what this saw:\n    \(reader)"
        case .held(let first, let last, let others):
            let start = first.map { "    \($0)" } ?? "    (the beginning)"
            let lines = ["  From the first of these to the second the register holds what is written only once:"]
            let contradiction = ["  yet in between there is"] + others.map { "    \($0)" }
            return (lines + [start, "    \(last)"] + contradiction).joined(separator: "\n")
        }
    }
}

extension RegisterLinearizability.Failure: CustomStringConvertible {
    /// The key and all that is known, one operation a line.
    public var description: String {
        let reasons = [conflict?.description, deadEnd?.description].compactMap { $0 }
        return (["key \(quoted(key)): no order of its operations is possible."] + reasons).joined(separator: "\n")
    }
}

extension RegisterLinearizability.DeadEnd: CustomStringConvertible {
    private static let shownOperations = 8

    /// The end of the order that was found, and what cannot follow it, one operation a line.
    public var description: String {
        var lines: [String] = []
        if ordered.isEmpty {
            lines.append("  Already at the beginning, where the register holds nothing,")
        } else {
            lines.append("  The longest beginning orders \(ordered.count) operations, the last of them")
            lines += ordered.suffix(Self.shownOperations).map { "    \($0)" }
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
