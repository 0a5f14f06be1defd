internal import Raft

@testable internal import KVStore

/// A scenario, and what follows from it, shared by all its worlds.
final class ScenarioFacts {
    let scenario: Scenario
    /// Every key that it has to do with.
    let keys: [[UInt8]]
    /// The floors that no version of a counter may fall below: the loosest that is named, where every addition that
    /// leads down names one.
    let floors: [[UInt8]: Int64]
    /// The ceilings, likewise.
    let ceilings: [[UInt8]: Int64]
    /// Counters with such bounds.
    let bounded: [[UInt8]]

    init(_ scenario: Scenario) {
        self.scenario = scenario
        var keys = scenario.initial.map(\.key)
        for plan in scenario.plans {
            keys += plan.locks + plan.reads + plan.changes.map(\.key) + plan.checks.map(\.key)
            if let latest = plan.latest { keys.append(latest) }
        }
        self.keys = Set(keys).sorted { KeyOrder.compare($0, $1) < 0 }
        let floors = Self.bounds(scenario, \.floor, min) { $0 < 0 }
        let ceilings = Self.bounds(scenario, \.ceiling, max) { $0 > 0 }
        self.floors = floors
        self.ceilings = ceilings
        bounded = self.keys.filter { floors[$0] != nil || ceilings[$0] != nil }
    }

    private static func bounds(
        _ scenario: Scenario,
        _ bound: KeyPath<TransactionDraft.Addition, Int64?>,
        _ loosest: (Int64, Int64) -> Int64,
        where leadsThere: (Int64) -> Bool
    ) -> [[UInt8]: Int64] {
        var bounds: [[UInt8]: Int64] = [:]
        var unbounded: Set<[UInt8]> = []
        for plan in scenario.plans {
            for change in plan.changes {
                guard case .add(let addition) = change.kind, leadsThere(addition.delta) else { continue }
                if let value = addition[keyPath: bound] {
                    bounds[change.key] = bounds[change.key].map { loosest($0, value) } ?? value
                } else {
                    unbounded.insert(change.key)
                }
            }
        }
        return bounds.filter { !unbounded.contains($0.key) }
    }
}
