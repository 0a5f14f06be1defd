import Simulation
import Testing

/// Clusters of simulated machines under faults. `galasim run` lives through as many more as one likes.
@Suite("Simulated clusters")
struct WorldTests {
    @Test("Nothing that was answered is lost or contradicted, and everything heals", arguments: 0..<20)
    func lives(block: UInt64) {
        for seed in block * 3 + 1...block * 3 + 3 {
            let run = SimulationRun(seed: seed)
            if let violation = run.violation {
                Issue.record("seed \(seed): \(violation); again: galasim run --seed \(seed)")
            }
        }
    }

    @Test("The same seed leaves the same trace", arguments: 0..<5)
    func repeats(block: UInt64) {
        for seed in block * 10 + 1001...block * 10 + 1010 {
            let first = SimulationRun(seed: seed, troubledSeconds: 3)
            let second = SimulationRun(seed: seed, troubledSeconds: 3, keptLines: 100)
            #expect(first.traceHash == second.traceHash, "seed \(seed)")
            #expect(first.history == second.history, "seed \(seed)")
        }
    }

    @Test("Other seeds leave other traces")
    func differ() {
        let hashes = (1...20).map { SimulationRun(seed: $0, troubledSeconds: 1).traceHash }
        #expect(Set(hashes).count == 20)
    }

    @Test("Every kind of trouble strikes, and clients get their work done all the same")
    func coverage() {
        var coverage = SimulationCoverage()
        for seed: UInt64 in 1...40 { coverage.add(SimulationRun(seed: seed).coverage) }
        for kind in coverage.kinds where kind.name != "phase" {
            #expect(kind.count > 0, "\(kind.name) never happened")
        }
        for count in coverage.transactions { #expect(count.count > 0, "\(count.name): none") }
        #expect(coverage.answered > 20_000)
        #expect(coverage.unknown > 100)
        #expect(coverage.refused > 10)
    }
}
