import Testing

@testable import Simulation

/// A queue, without any of the hooks that spare a search work.
private struct QueueModel: SequentialModel {
    enum Step: Hashable {
        case enqueue(Int)
        case dequeue(Int?)
    }

    var initialState: [Int] { [] }

    func apply(_ step: Step, to state: [Int]) -> [Int]? {
        switch step {
        case .enqueue(let item): state + [item]
        case .dequeue(nil): state.isEmpty ? state : nil
        case .dequeue(let item): state.first == item ? Array(state.dropFirst()) : nil
        }
    }

    func isReadOnly(_ step: Step) -> Bool { step == .dequeue(nil) }
}

@Suite("The search for an order")
struct LinearizabilitySearchTests {
    private func search(_ steps: TimedStep<QueueModel.Step>...) -> SearchOutcome {
        var search = LinearizabilitySearch(model: QueueModel(), steps: steps, limits: SearchLimits())
        return search.run()
    }

    private func step(_ step: QueueModel.Step, _ callNs: Int64, _ returnNs: Int64?) -> TimedStep<QueueModel.Step> {
        TimedStep(step: step, callNs: callNs, returnNs: returnNs)
    }

    @Test("finds the one order that fits, in the places that were given")
    func found() {
        let outcome = search(
            step(.dequeue(2), 30, 40),
            step(.enqueue(1), 0, 20),
            step(.enqueue(2), 0, 20),
            step(.dequeue(1), 50, 60)
        )
        guard case .found(let order) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(order == [2, 1, 0, 3])
    }

    @Test("leaves out what need not have happened, and takes what must have")
    func optional() {
        let outcome = search(step(.enqueue(1), 0, nil), step(.enqueue(2), 5, nil), step(.dequeue(2), 50, 60))
        guard case .found(let order) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(order == [1, 2])
    }

    @Test("shows a longest beginning and what could not follow")
    func impossible() {
        let outcome = search(
            step(.enqueue(1), 0, 10),
            step(.enqueue(2), 20, 30),
            step(.dequeue(2), 40, 60),
            step(.dequeue(nil), 45, 60),
            step(.enqueue(3), 100, 110)
        )
        guard case .impossible(let order, let candidates) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(order == [0, 1])
        #expect(candidates == [2, 3])
    }
}

@Suite("Conflicts that are seen without a search")
struct RegisterConflictTests {
    /// The search alone, without what is looked for before it.
    private func isOrderable(_ steps: RegisterSteps) -> Bool? {
        var search = LinearizabilitySearch(model: steps.model, steps: steps.steps, limits: SearchLimits(steps: 100_000))
        return switch search.run() {
        case .found: true
        case .impossible: false
        case .undecided: nil
        }
    }

    @Test("are none to the search either, and most histories that are broken have one")
    func agreesWithSearch() {
        var random = SeededGenerator(seed: 3)
        var counts = (broken: 0, conflicts: 0)
        for round in 0..<2000 {
            let registers = SimulatedRegisters(
                operationCount: 40,
                clientCount: 1 + round % 6,
                unknownPercent: round % 10
            )
            let history = registers.history(using: &random).mutated(using: &random)
            let steps = RegisterSteps(history.entries)
            let conflict = RegisterConflict(steps.steps, model: steps.model)
            let orderable = isOrderable(steps)
            #expect(conflict == nil || orderable != true, "round \(round): \(history.entries)")
            if orderable == false { counts.broken += 1 }
            if conflict != nil { counts.conflicts += 1 }
        }
        #expect(counts.conflicts > 200 && counts.conflicts * 2 > counts.broken, "\(counts)")
    }
}
