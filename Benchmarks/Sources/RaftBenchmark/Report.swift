import BenchmarkSupport

/// Everything that was found out, as it is printed.
struct Report: Codable {
    let machine: Machine
    let runs: Int
    let secondsPerRun: Double
    let pipeline: Int
    let throughput: [Throughput]
    let idle: Idle

    /// Medians of one case.
    struct Throughput: Codable {
        let payloadBytes: Int
        let batch: Int
        let entriesPerSecond: Double
        /// The slowest and the fastest run.
        let slowestEntriesPerSecond: Double
        let fastestEntriesPerSecond: Double
        let nanosecondsPerEntry: Double
        let stepsPerSecond: Double
        let allocationsPerEntry: Double
        let allocatedBytesPerEntry: Double

        init(_ measured: ThroughputCase, samples: [ThroughputSample]) {
            let rates = samples.map { $0.entries / $0.seconds }
            payloadBytes = measured.payloadBytes
            batch = measured.batch
            entriesPerSecond = median(rates)
            slowestEntriesPerSecond = rates.min() ?? 0
            fastestEntriesPerSecond = rates.max() ?? 0
            nanosecondsPerEntry = median(samples.map { $0.seconds * 1e9 / $0.entries })
            stepsPerSecond = median(samples.map { $0.steps / $0.seconds })
            allocationsPerEntry = median(samples.map { $0.allocations / $0.entries })
            allocatedBytesPerEntry = median(samples.map { $0.allocatedBytes / $0.entries })
        }
    }

    /// Medians of what a replica costs that has nothing to do.
    struct Idle: Codable {
        let nanosecondsPerFollowerTick: Double
        let nanosecondsPerLeaderTick: Double
        let nanosecondsPerSleepingTick: Double
        let memoryBytesPerReplica: Double
    }
}

extension Report.Idle {
    init(mediansOf measured: [Report.Idle]) {
        self.init(
            nanosecondsPerFollowerTick: median(measured.map(\.nanosecondsPerFollowerTick)),
            nanosecondsPerLeaderTick: median(measured.map(\.nanosecondsPerLeaderTick)),
            nanosecondsPerSleepingTick: median(measured.map(\.nanosecondsPerSleepingTick)),
            memoryBytesPerReplica: median(measured.map(\.memoryBytesPerReplica))
        )
    }
}
