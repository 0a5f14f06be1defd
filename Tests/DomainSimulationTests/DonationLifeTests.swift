import DomainSimulation
import Simulation
import Testing

/// The services on simulated clusters under faults. `galasim run --workload donations` lives through as many more lives
/// as one likes.
@Suite("Donations in simulated clusters")
struct DonationLifeTests {
    private static func life(_ seed: UInt64, seconds: Int, keptLines: Int? = nil) -> SimulationRun {
        SimulationRun(seed: seed, troubledSeconds: seconds, keptLines: keptLines) { DonationWorkload(seed: $0) }
    }

    @Test("What is there is what donors were told, whatever dies", arguments: 0..<6)
    func lives(block: UInt64) {
        for seed in block * 3 + 1...block * 3 + 3 {
            let run = Self.life(seed, seconds: 6)
            if let violation = run.violation {
                Issue.record(
                    "seed \(seed): \(violation); again: galasim run --workload donations --seconds 6 --seed \(seed)"
                )
            }
        }
    }

    @Test("The same seed leaves the same trace", arguments: [101, 102, 103, 104] as [UInt64])
    func repeats(seed: UInt64) {
        #expect(Self.life(seed, seconds: 2).traceHash == Self.life(seed, seconds: 2, keptLines: 100).traceHash)
    }

    @Test("Donors get their work done, and everything is looked at")
    func coverage() {
        var coverage = SimulationCoverage()
        for seed: UInt64 in 201...210 { coverage.add(Self.life(seed, seconds: 4).coverage) }
        let names = ["donations", "top-ups", "refusals", "verifications", "looks at wallets", "ids"]
        for name in names {
            #expect(coverage.figures.contains { $0.name == name && $0.count > 0 }, "\(name): none")
        }
        #expect(coverage.unknown > 0)
    }
}
