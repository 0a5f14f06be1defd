import FoundationEssentials
import RaftHarness
import Testing

/// The randomised cluster harness, as part of every test run. `GALA_RAFT_SEEDS=A..B` runs other seeds.
@Suite("Randomised clusters")
struct HarnessTests {
    private static let defaultSeeds: ClosedRange<UInt64> = 1...5_000

    private static var seeds: ClosedRange<UInt64> {
        let text = ProcessInfo.processInfo.environment["GALA_RAFT_SEEDS"] ?? ""
        let bounds = text.split(separator: ".", omittingEmptySubsequences: true).compactMap { UInt64($0) }
        guard bounds.count == 2, bounds[0] <= bounds[1] else { return defaultSeeds }
        return bounds[0]...bounds[1]
    }

    @Test("Clusters keep every promise under faults, and heal when faults stop")
    func campaign() async {
        let campaign = await RaftCampaign(seeds: Self.seeds, steps: 2_000, workers: 2) { $0.violation == nil }
        for run in campaign.failures {
            let again = RaftRun(seed: run.seed, steps: 2_000, isRecording: true)
            Issue.record(
                """
                seed \(run.seed): \(run.violation?.description ?? "")
                \(again.timeline.suffix(60).joined(separator: "\n"))
                again: swift run -c release raft-harness --seed \(run.seed)
                """
            )
        }
        #expect(campaign.coverage.missing == [], "a campaign proves nothing about what never happened in it")
        print("\(campaign.runs) seeds: \(campaign.coverage)")
    }

    @Test("A seed decides everything", arguments: UInt64(1)...20)
    func determinism(seed: UInt64) {
        let first = RaftRun(seed: seed, steps: 2_000, isRecording: true)
        let second = RaftRun(seed: seed, steps: 2_000, isRecording: true)
        #expect(first.timeline == second.timeline)
        #expect(!first.timeline.isEmpty)
    }
}
