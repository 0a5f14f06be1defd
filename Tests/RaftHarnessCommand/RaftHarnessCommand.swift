import ArgumentParser
import Glibc
import RaftHarness

/// Runs the randomised cluster harness from the command line.
@main
struct RaftHarnessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "raft-harness",
        abstract: "Runs simulated Raft clusters under faults and checks every step.",
        discussion: """
            Every seed is one run: some thousand events with faults, then none until the cluster has healed. A failing
            seed is run again and its last events are printed.

            Examples:
              raft-harness --seeds 1..100000
              raft-harness --seed 4711
            """
    )

    @Option(help: "The seeds to run, as A..B.")
    var seeds = SeedRange(bounds: 1...1000)

    @Option(help: "One seed to run, with a long timeline if it fails.")
    var seed: UInt64?

    @Option(help: "Events with faults in each run.")
    var steps = 2000

    @Option(help: "Runs at a time.")
    var workers = 2

    @Flag(help: "Go on after a failure.")
    var keepGoing = false

    @Flag(help: "Print every seed before it runs: a run that traps takes the process with it.")
    var announce = false

    func validate() throws {
        guard steps > 0 else { throw ValidationError("--steps must be at least 1") }
        guard (1...64).contains(workers) else { throw ValidationError("--workers must be from 1 to 64") }
    }

    func run() async throws {
        let bounds = seed.map { $0...$0 } ?? seeds.bounds
        let isInteractive = isatty(STDOUT_FILENO) == 1
        var finished = 0
        let campaign = await RaftCampaign(
            seeds: bounds,
            steps: steps,
            workers: workers,
            progress: { run in
                finished += 1
                if isInteractive, finished % 100 == 0 { print("\(finished) of \(bounds.count) runs") }
                return keepGoing || run.violation == nil
            },
            announce: announceSeed
        )
        if let first = campaign.failures.first { explain(first) }
        print("\(campaign.runs) runs of \(steps) steps, \(campaign.failures.count) failed")
        print(campaign.coverage)
        if !campaign.failures.isEmpty {
            print("failing seeds: \(campaign.failures.prefix(20).map { String($0.seed) }.joined(separator: " "))")
            throw ExitCode.failure
        }
    }

    private func announceSeed(_ seed: UInt64) {
        guard announce else { return }
        print("seed \(seed) begins")
        fflush(nil)
    }

    private func explain(_ run: RaftRun) {
        print("seed \(run.seed) failed: \(run.violation?.description ?? "")")
        let again = RaftRun(seed: run.seed, steps: steps, isRecording: true)
        for line in again.timeline.suffix(seed == nil ? 40 : 100_000) { print("  \(line)") }
        print("again: raft-harness --seed \(run.seed) --steps \(steps)")
    }
}

/// A range of seeds, written `A..B`.
struct SeedRange: ExpressibleByArgument, CustomStringConvertible {
    let bounds: ClosedRange<UInt64>

    var description: String { "\(bounds.lowerBound)..\(bounds.upperBound)" }

    init(bounds: ClosedRange<UInt64>) { self.bounds = bounds }

    init?(argument: String) {
        let parts = argument.split(separator: ".", omittingEmptySubsequences: true).map { UInt64($0) }
        guard parts.count == 2, let low = parts[0], let high = parts[1], low <= high else { return nil }
        bounds = low...high
    }
}
