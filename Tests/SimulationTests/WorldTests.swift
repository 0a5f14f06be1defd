import Simulation
import Testing

@Suite struct SimulationTests {
    @Test("The same seed leaves the same trace", arguments: 1...10 as ClosedRange<UInt64>)
    func repeats(seed: UInt64) {
        let first = SimulationRun(seed: seed, troubledSeconds: 3)
        let second = SimulationRun(seed: seed, troubledSeconds: 3)
        #expect(first.violation == nil)
        #expect(first.traceHash == second.traceHash)
    }
}
