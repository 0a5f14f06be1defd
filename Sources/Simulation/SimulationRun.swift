internal import KVStore

/// One seed, lived through: a cluster under faults, its recovery, and the judgement.
public struct SimulationRun: Sendable {
    /// What decided everything.
    public let seed: UInt64
    /// What must not happen and did; nil if all is well.
    public let violation: String?
    /// A number that depends on every event: the same for every run of this seed by this program.
    public let traceHash: UInt64
    /// The last events in words, if they were asked for.
    public let timeline: [String]
    /// What clients saw.
    public let history: RegisterHistory
    /// What happened how often.
    public let coverage: SimulationCoverage

    /// Lives through a seed.
    ///
    /// - Parameters:
    ///   - troubledSeconds: About how long there are faults, in virtual time.
    ///   - keptLines: How many of the last events to keep in words; nil keeps none and is faster.
    ///   - services: What stands on the store and is asked by clients; nil for the store's own workloads.
    public init(
        seed: UInt64,
        troubledSeconds: Int = 10,
        keptLines: Int? = nil,
        services: ServiceWorkloadMaker? = nil
    ) {
        let world = World(
            seed: seed,
            troubledSeconds: troubledSeconds,
            keptLines: keptLines,
            services: services?(seed)
        )
        world.run()
        self.seed = seed
        violation = world.violation
        traceHash = world.trace.hash
        timeline = world.trace.timeline
        history = world.registers.history
        world.countTransactions()
        coverage = SimulationCoverage(world)
        world.end()
    }
}

/// How much happened in some runs: a campaign in which a fault never struck has shown nothing about it.
public struct SimulationCoverage: Sendable {
    /// Seconds of virtual time.
    public private(set) var virtualSeconds = 0.0
    /// Events that happened.
    public private(set) var events: UInt64 = 0
    /// Operations that clients got an answer to.
    public private(set) var answered = 0
    /// Operations of which clients never learned what became of them.
    public private(set) var unknown = 0
    /// Operations that were refused, by everybody.
    public private(set) var refused = 0
    /// The longest that an operation took after the last fault, in seconds.
    public private(set) var slowestRecoverySeconds = 0.0
    /// The longest that something was left behind by transactions, in seconds.
    public private(set) var slowestCleanupSeconds = 0.0
    /// What services and their clients have counted, by name.
    private var figureCounts: [String: Int] = [:]
    private var counts: [Int]
    private var transactionCounts = WorldTransactionCounts().named.map(\.count)

    /// Nothing yet.
    public init() { counts = Trace.Kind.allCases.map { _ in 0 } }

    init(_ world: World) {
        counts = Trace.Kind.allCases.map { world.trace.count($0) }
        virtualSeconds = Double(world.scheduler.now.nanoseconds) / 1e9
        events = world.scheduler.count
        var tally = WorkloadTally()
        for workload in world.workloads {
            tally.add(workload.tally)
            figureCounts.merge(workload.figures, uniquingKeysWith: +)
        }
        answered = tally.answered
        unknown = tally.unknown
        refused = tally.refused
        slowestRecoverySeconds = Double(tally.slowestRecovery.nanoseconds) / 1e9
        slowestCleanupSeconds = Double(world.slowestCleanup.nanoseconds) / 1e9
        transactionCounts = world.counts.named.map(\.count)
    }

    /// Adds another run's.
    public mutating func add(_ other: SimulationCoverage) {
        virtualSeconds += other.virtualSeconds
        events += other.events
        answered += other.answered
        unknown += other.unknown
        refused += other.refused
        slowestRecoverySeconds = max(slowestRecoverySeconds, other.slowestRecoverySeconds)
        slowestCleanupSeconds = max(slowestCleanupSeconds, other.slowestCleanupSeconds)
        figureCounts.merge(other.figureCounts, uniquingKeysWith: +)
        for place in counts.indices { counts[place] += other.counts[place] }
        for place in transactionCounts.indices { transactionCounts[place] += other.transactionCounts[place] }
    }

    /// How often what has happened to transactions, by name, in a fixed order.
    public var transactions: [(name: String, count: Int)] {
        zip(WorldTransactionCounts().named, transactionCounts).map { (name: $0.name, count: $1) }
    }

    /// What services and their clients have counted, in the order of the names; nothing where there were none.
    public var figures: [(name: String, count: Int)] {
        figureCounts.sorted { $0.key < $1.key }.map { (name: $0.key, count: $0.value) }
    }

    /// How often each kind of event happened, by name, in a fixed order.
    public var kinds: [(name: String, count: Int)] {
        Trace.Kind.allCases.map { ("\($0)", counts[$0.rawValue]) }
    }
}
