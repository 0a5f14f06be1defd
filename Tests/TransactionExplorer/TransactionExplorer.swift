/// Explores the transaction protocol: the store's own coordinators, participants, oracle and state machines, in small
/// closed worlds, in every order in which things can happen in them.
public enum TransactionExplorer {
    /// A world that can be explored.
    public struct Entry: Sendable {
        /// Its name.
        public let name: String
        /// What it is about.
        public let about: String
    }

    /// What an exploration has come to.
    public struct Report: Sendable {
        /// States that were visited, each once.
        public let states: Int
        /// Choices that were taken.
        public let transitions: Int
        /// States in which nothing was on its way any more, and whose ends were judged.
        public let ends: Int
        /// The longest chain of choices without a state that was seen before.
        public let depth: Int
        /// False if the limit came before the end.
        public let isComplete: Bool
        /// What was violated; nil if nothing was.
        public let violation: String?
        /// How it came about, a choice an element.
        public let path: [String]
    }

    /// The worlds, in the order in which `run all` explores them.
    public static var entries: [Entry] {
        Scenario.all.map { Entry(name: $0.name, about: $0.about) } + [
            Entry(name: oracle, about: "two nodes ask an oracle that loses its leadership without knowing it")
        ]
    }

    private static let oracle = "oracle"

    /// Explores a world; nil if there is none of this name.
    ///
    /// - Parameter limit: how many states are visited at most.
    public static func explore(_ name: String, limit: Int = .max) -> Report? {
        if name == oracle {
            return report(Exploration(of: OracleWorld(callers: 3, leaders: 1, resends: 0), limit: limit))
        }
        guard let scenario = Scenario.named(name) else { return nil }
        return report(Exploration(of: scenario.world, limit: limit))
    }

    private static func report<World>(_ exploration: Exploration<World>) -> Report {
        Report(
            states: exploration.states,
            transitions: exploration.transitions,
            ends: exploration.ends,
            depth: exploration.depth,
            isComplete: exploration.isComplete,
            violation: exploration.violation?.rule,
            path: exploration.violation?.path.map(\.description) ?? []
        )
    }
}
