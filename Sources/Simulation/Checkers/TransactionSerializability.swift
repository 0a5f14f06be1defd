// Whether a history of transactions over numbers is strictly serializable: whether some order of all of them gives just
// the answers that clients saw, and respects real time. Keys that no transaction ties together are judged apart.
//
// The search is exponential in how many transactions of unknown outcome, or at one time, there are; past its limits it
// says that it is undecided. Histories of hundreds of transactions by a few clients are decided at once. For longer ones
// there are list-append histories, whose orders can be read off.

/// The judgement on a history of transactions over numbers.
public struct TransactionSerializability: Sendable {
    /// What can be said about a history.
    public enum Verdict: Sendable, Equatable {
        /// There is an order.
        case serializable
        /// There is none.
        case notSerializable
        /// The search reached a limit.
        case undecided
    }

    /// Keys that belong together and cannot be ordered.
    public struct Failure: Sendable {
        /// The keys.
        public let keys: [String]
        /// The longest order that was found.
        public let ordered: [TransactionHistory.Entry]
        /// What the keys then hold.
        public let values: [String: Int64?]
        /// What real time would allow next; none of it fits.
        public let obstacles: [TransactionHistory.Entry]
    }

    /// What cannot be ordered.
    public private(set) var failures: [Failure] = []
    /// Keys that belong together and for which a limit was reached.
    public private(set) var undecided: [[String]] = []
    /// How many groups of keys there are that nothing ties together.
    public private(set) var groupCount = 0

    /// The judgement on all.
    public var verdict: Verdict {
        if !failures.isEmpty { return .notSerializable }
        return undecided.isEmpty ? .serializable : .undecided
    }

    /// Judges a history. The limits hold for each group of keys.
    public init(of history: TransactionHistory, limits: SearchLimits = SearchLimits()) {
        var groups = KeyGroups()
        for entry in history.entries { groups.tie(entry.operation.actions.map(\.key)) }
        for (keys, entries) in groups.split(history.entries) { judge(keys, entries, limits) }
    }

    private mutating func judge(_ keys: [String], _ entries: [TransactionHistory.Entry], _ limits: SearchLimits) {
        groupCount += 1
        var numbers: [String: Int] = [:]
        for (number, key) in keys.enumerated() { numbers[key] = number }
        var places: [Int] = []
        var steps: [TimedStep<TransactionModel.Step>] = []
        for (place, entry) in entries.enumerated() {
            // What had no effect for reasons that a history does not show was not there.
            if case .refused(isBound: false) = entry.completion?.answer { continue }
            places.append(place)
            let step = TransactionModel.Step(entry) { numbers[$0] ?? 0 }
            steps.append(TimedStep(step: step, callNs: entry.callNs, returnNs: entry.completion?.returnNs))
        }
        let model = TransactionModel(keyCount: keys.count)
        var search = LinearizabilitySearch(model: model, steps: steps, limits: limits)
        switch search.run() {
        case .found: break
        case .undecided: undecided.append(keys)
        case .impossible(let order, let candidates):
            var state = model.initialState
            for step in order { state = model.apply(steps[step].step, to: state) ?? state }
            failures.append(
                Failure(
                    keys: keys,
                    ordered: order.map { entries[places[$0]] },
                    values: Dictionary(zip(keys, state)) { first, _ in first },
                    obstacles: candidates.map { entries[places[$0]] }
                )
            )
        }
    }
}

extension TransactionModel.Step {
    fileprivate init(_ entry: TransactionHistory.Entry, number: (String) -> Int) {
        var reads: [String: Int64?]?
        if case .committed(let seen) = entry.completion?.answer { reads = seen }
        actions = entry.operation.actions.map { action in
            switch action {
            case .read(let key): .read(number(key), reads.flatMap { $0[key] })
            case .write(let key, let value): .write(number(key), value)
            case .add(let key, let delta, let floor): .add(number(key), delta, floor: floor)
            }
        }
        if case .refused = entry.completion?.answer { isRefusal = true } else { isRefusal = false }
    }
}

/// Keys that transactions tie together.
private struct KeyGroups {
    private var numbers: [String: Int] = [:]
    private var keys: [String] = []
    private var parents: [Int] = []

    mutating func tie(_ tied: [String]) {
        var first: Int?
        for key in tied {
            let number = number(of: key)
            let root = root(of: number)
            if let first { parents[root] = self.root(of: first) } else { first = root }
        }
    }

    private mutating func number(of key: String) -> Int {
        if let known = numbers[key] { return known }
        numbers[key] = keys.count
        keys.append(key)
        parents.append(parents.count)
        return keys.count - 1
    }

    private func root(of number: Int) -> Int {
        var node = number
        while parents[node] != node { node = parents[node] }
        return node
    }

    /// Each group's keys with the entries that are about them, in the order in which keys first occur.
    func split(_ entries: [TransactionHistory.Entry]) -> [([String], [TransactionHistory.Entry])] {
        var places: [Int: Int] = [:]
        var groups: [([String], [TransactionHistory.Entry])] = []
        for (number, key) in keys.enumerated() {
            let root = root(of: number)
            if let place = places[root] {
                groups[place].0.append(key)
            } else {
                places[root] = groups.count
                groups.append(([key], []))
            }
        }
        for entry in entries {
            guard let key = entry.operation.actions.first?.key, let number = numbers[key],
                let place = places[root(of: number)]
            else { continue }
            groups[place].1.append(entry)
        }
        return groups
    }
}

extension TransactionSerializability.Failure: CustomStringConvertible {
    private static let shown = 8

    /// Where the longest order ends, an entry a line.
    public var description: String {
        var lines = ["keys \(keys.joined(separator: ", ")): no order of their transactions is possible."]
        if !ordered.isEmpty {
            lines.append("  The longest beginning orders \(ordered.count), the last of them")
            lines += ordered.suffix(Self.shown).map { "    \($0)" }
        }
        let held = values.sorted { $0.key < $1.key }
            .map { "\($0.key) = \($0.value.map { "\($0)" } ?? "absent")" }
        lines.append("  after which \(held.joined(separator: ", ")), and nothing that real time allows next fits:")
        lines += obstacles.map { "    \($0)" }
        return lines.joined(separator: "\n")
    }
}
