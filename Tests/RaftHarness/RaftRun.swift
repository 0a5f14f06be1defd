import Raft

/// One run of the harness: a seed, and what came of it.
public struct RaftRun: Sendable {
    /// Decides everything.
    public let seed: UInt64
    /// What it has made happen.
    public let coverage: Coverage
    /// What did not hold, if anything.
    public let violation: Violation?
    /// The events before the end, when they were recorded.
    public let timeline: [String]

    /// Runs a cluster for `steps` events with faults, then without any until it is well again.
    public init(seed: UInt64, steps: Int, isRecording: Bool = false) {
        var harness = ClusterHarness(seed: seed, isRecording: isRecording)
        var violation: Violation?
        do {
            for step in 0..<steps {
                harness.timeline.beginStep(step)
                try harness.step(harness.nextStep())
            }
            try harness.converge()
        } catch {
            violation = error
        }
        self.seed = seed
        coverage = harness.coverage
        self.violation = violation
        timeline = harness.timeline.lines
    }
}

/// Many runs, on all cores.
public struct RaftCampaign: Sendable {
    /// How many runs were made.
    public private(set) var runs = 0
    /// What they have made happen, together.
    public private(set) var coverage = Coverage()
    /// The runs that failed, ascending by seed.
    public private(set) var failures: [RaftRun] = []

    /// Runs every seed, `workers` at a time. `announce` hears of every run that begins, `progress` of every run that
    /// ends; returning false stops the rest.
    public init(
        seeds: ClosedRange<UInt64>,
        steps: Int,
        workers: Int,
        progress: (RaftRun) -> Bool = { _ in true },
        announce: (UInt64) -> Void = { _ in }
    ) async {
        await withTaskGroup(of: RaftRun.self) { group in
            var next: UInt64? = seeds.lowerBound
            func start() {
                guard let seed = next else { return }
                next = seed < seeds.upperBound ? seed + 1 : nil
                announce(seed)
                group.addTask { RaftRun(seed: seed, steps: steps) }
            }
            for _ in 0..<workers { start() }
            for await run in group {
                runs += 1
                coverage.add(run.coverage)
                if run.violation != nil { failures.append(run) }
                if progress(run) { start() } else { next = nil }
            }
        }
        failures.sort { $0.seed < $1.seed }
    }
}
