internal import KVStore

/// Clients at work, and the judgement on what they saw.
protocol Workload: AnyObject {
    /// Lets clients begin.
    func begin(_ world: World)

    /// True while it makes what it needs before there are faults.
    var isOpening: Bool { get }

    /// Faults have ended: lets clients come to their end, and looks at everything once more.
    func finish(_ world: World)

    /// True when, after ``finish(_:)``, nothing is under way any more.
    var isFinished: Bool { get }

    /// A process has died: whoever waited for it sees the connection break.
    func lost(_ process: SimulatedProcess, _ world: World)

    /// Says of what clients saw whether it can be.
    func judge(_ world: World)

    /// How many operations came to what.
    var tally: WorkloadTally { get }

    /// What it counts beside, by name.
    var figures: [String: Int] { get }

    /// Nothing is awaited any more.
    func end()
}

extension Workload {
    var isOpening: Bool { false }
    var figures: [String: Int] { [:] }
}

/// How many operations came to what.
struct WorkloadTally {
    var answered = 0
    var unknown = 0
    var refused = 0
    /// How long the slowest answer took since faults have ended.
    var slowestRecovery = Duration.zero

    mutating func add(_ other: WorkloadTally) {
        answered += other.answered
        unknown += other.unknown
        refused += other.refused
        slowestRecovery = max(slowestRecovery, other.slowestRecovery)
    }
}
