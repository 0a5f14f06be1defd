import Testing

@testable import TransactionExplorer

@Suite("Transactions: exploration")
struct ExplorationTests {
    /// Small enough for every run; the command visits all of each world.
    private static let budget = 1_500

    @Test("Nothing is wrong in the first states of any world", arguments: TransactionExplorer.entries.map(\.name))
    func worlds(name: String) throws {
        let report = try #require(TransactionExplorer.explore(name, limit: Self.budget))
        #expect(report.violation == nil, "\(report.path.joined(separator: "\n"))")
        #expect(report.states > 10 && report.ends > 0)
    }

    @Test("An exploration visits as many states whenever it is made")
    func isDeterministic() throws {
        let first = try #require(TransactionExplorer.explore("write-skew", limit: Self.budget))
        let second = try #require(TransactionExplorer.explore("write-skew", limit: Self.budget))
        #expect(first.states == second.states && first.transitions == second.transitions && first.depth == second.depth)
    }

    @Test("A limit is kept to and told")
    func limit() throws {
        let report = try #require(TransactionExplorer.explore("two-writers", limit: 100))
        #expect(report.states == 100 && !report.isComplete)
    }

    @Test("There is no world of a name that is not listed")
    func unknownName() { #expect(TransactionExplorer.explore("nowhere") == nil) }

    // MARK: The explorer itself

    /// Two counters that are each raised to three, and must not be two at once if that is forbidden.
    private struct Counters: ExplorableWorld {
        enum Choice: Hashable, CustomStringConvertible {
            case left
            case right
            var description: String { self == .left ? "left" : "right" }
        }

        var left = 0
        var right = 0
        var forbidden: Int?

        var choices: [Choice] { (left < 3 ? [.left] : []) + (right < 3 ? [.right] : []) }
        mutating func take(_ choice: Choice) { if choice == .left { left += 1 } else { right += 1 } }
        var fingerprint: Int { left * 10 + right }
        var violation: String? { left == forbidden && right == forbidden ? "both are \(left)" : nil }
        var isQuiet: Bool { choices.isEmpty }
        func violationAtTheEnd() -> String? { left + right == 6 ? nil : "it ends too soon" }
    }

    @Test("Every state is visited once, by whatever way")
    func everyState() {
        let exploration = Exploration(of: Counters(), limit: .max)
        #expect(exploration.states == 16 && exploration.transitions == 24 && exploration.ends == 1)
        #expect(exploration.isComplete && exploration.violation == nil)
    }

    @Test("What is wrong is found, with a way that leads there")
    func violation() throws {
        let violation = try #require(Exploration(of: Counters(forbidden: 2), limit: .max).violation)
        var world = Counters(forbidden: 2)
        for choice in violation.path { world.take(choice) }
        #expect(world.violation == violation.rule)
    }
}
