import AllocationCounter

/// Entries that go all the way: proposed, sent, written, acknowledged, committed and applied by all three replicas.
struct ThroughputCase: Hashable {
    let payloadBytes: Int
    /// Commands a proposal, which the leader's effects are taken after.
    let batch: Int
    /// Proposals that are on their way together.
    let pipeline: Int

    static func all(_ options: Options) -> [ThroughputCase] {
        options.payloads.flatMap { size in
            options.batches.map { ThroughputCase(payloadBytes: size, batch: $0, pipeline: options.pipeline) }
        }
    }

    /// Runs for `duration` after a warm-up of a quarter of it.
    func run(for duration: Duration) throws -> ThroughputSample {
        var cluster = Cluster()
        var commands = PreparedCommands(sizeBytes: payloadBytes, batch: batch)
        try drive(&cluster, commands: &commands, for: duration / 4)

        let entriesBefore = cluster.appliedEverywhere
        let stepsBefore = cluster.steps
        let allocationsBefore = allocation_count()
        let elapsed = try drive(&cluster, commands: &commands, for: duration)
        let allocations = allocation_count()

        try cluster.verify(commands.applied)
        return ThroughputSample(
            entries: Double(cluster.appliedEverywhere - entriesBefore),
            steps: Double(cluster.steps - stepsBefore),
            seconds: elapsed / .seconds(1),
            allocations: Double(allocations.calls - allocationsBefore.calls),
            allocatedBytes: Double(allocations.bytes - allocationsBefore.bytes)
        )
    }

    /// Keeps the pipeline full until the time is over, then waits until everything is applied; returns the time taken.
    @discardableResult
    private func drive(
        _ cluster: inout Cluster,
        commands: inout PreparedCommands,
        for duration: Duration
    ) throws -> Duration {
        let start = ContinuousClock.now
        while ContinuousClock.now - start < duration {
            for _ in 0..<16 { try cluster.round(of: pipeline, from: &commands) }
        }
        cluster.settle()
        return ContinuousClock.now - start
    }
}

/// What one run has counted.
struct ThroughputSample {
    let entries: Double
    let steps: Double
    let seconds: Double
    let allocations: Double
    let allocatedBytes: Double
}
