import AllocationCounter
import Raft

/// What groups cost that have nothing to do: time a tick, and memory.
///
/// Many groups are measured together, as a node has them, so that their states do not all stay in the fastest cache. A
/// tick includes taking its effects, as a runtime does after every tick. Messages are delivered between the
/// measurements: followers hear their leader, leaders are answered.
struct IdleCosts {
    private static let groups = 1000
    private static let members = Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)])

    /// All replicas of all groups; a group's are neighbours, the first one leads.
    private var cores: [RaftCore]
    private var effects = Effects()
    private var onTheirWay: [Envelope] = []
    private let bytesBefore: UInt64

    /// Groups that have elected leaders and have nothing to do. With `quiesceTicks` they are to fall asleep.
    init(quiesceTicks: Int?) {
        var options = RaftOptions()
        options.quiesceTicks = quiesceTicks
        bytesBefore = allocated_bytes()
        cores = []
        cores.reserveCapacity(Self.groups * Self.members.voters.count)
        for group in 0..<Self.groups {
            for id in Self.members.voters {
                let core = RaftCore(
                    id: id,
                    partition: PartitionID(UInt64(group)),
                    options: options,
                    restoring: RestoredState(initial: Self.members),
                    seed: UInt64(group) << 2 | id.rawValue
                )
                cores.append(core)
            }
        }
        for leader in stride(from: 0, to: cores.count, by: Self.members.voters.count) { cores[leader].campaign() }
        settle()
    }

    static func measure() -> Report.Idle {
        let awake = measureAwake(ticks: 100)
        let asleep = measureAsleep(ticks: 100)
        return Report.Idle(
            nanosecondsPerFollowerTick: awake.follower,
            nanosecondsPerLeaderTick: awake.leader,
            nanosecondsPerSleepingTick: asleep.tick,
            memoryBytesPerReplica: asleep.bytes
        )
    }

    /// Nanoseconds a tick of an awake follower and of an awake leader, whose heartbeats are included.
    private static func measureAwake(ticks: Int) -> (follower: Double, leader: Double) {
        var costs = IdleCosts(quiesceTicks: nil)
        let replicas = members.voters.count
        var following = Duration.zero
        var leading = Duration.zero
        for _ in 0..<ticks {
            leading += costs.tick(stride(from: 0, to: costs.cores.count, by: replicas))
            following += costs.tick(stride(from: 1, to: costs.cores.count, by: replicas))
            costs.settle()
        }
        precondition(costs.cores[0].role == .leader, "heartbeats keep a leader in office")
        let count = Double(ticks * groups)
        return (following / .nanoseconds(1) / count, leading / .nanoseconds(1) / count)
    }

    /// Nanoseconds a tick of a replica that sleeps, and bytes of memory that it keeps.
    private static func measureAsleep(ticks: Int) -> (tick: Double, bytes: Double) {
        var costs = IdleCosts(quiesceTicks: 10)
        for _ in 0..<20 {
            _ = costs.tick(stride(from: 0, to: costs.cores.count, by: 1))
            costs.settle()
        }
        precondition(costs.cores.allSatisfy(\.isQuiet), "groups with nothing to do fall asleep")
        let bytes = Double(allocated_bytes() - costs.bytesBefore) / Double(costs.cores.count)
        var sleeping = Duration.zero
        for _ in 0..<ticks { sleeping += costs.tick(stride(from: 0, to: costs.cores.count, by: 1)) }
        return (sleeping / .nanoseconds(1) / Double(ticks * costs.cores.count), bytes)
    }

    /// Lets some replicas tick and takes the effects; returns the time taken.
    private mutating func tick(_ positions: StrideTo<Int>) -> Duration {
        let start = ContinuousClock.now
        for position in positions {
            cores[position].tick()
            cores[position].takeEffects(into: &effects)
            onTheirWay.append(contentsOf: effects.messages)
        }
        return ContinuousClock.now - start
    }

    /// Delivers messages, writes and applies until there is nothing to do.
    private mutating func settle() {
        repeat {
            var arrived: [Envelope] = []
            swap(&arrived, &onTheirWay)
            for envelope in arrived { cores[position(of: envelope)].step(envelope) }
            for position in cores.indices { work(at: position) }
        } while !onTheirWay.isEmpty
    }

    private mutating func work(at position: Int) {
        repeat {
            cores[position].takeEffects(into: &effects)
            onTheirWay.append(contentsOf: effects.messages)
            if let write = effects.persist { cores[position].persisted(through: write.id) }
            if let committed = effects.committed { cores[position].applied(through: committed.last) }
        } while effects.persist != nil || effects.committed != nil
    }

    private func position(of envelope: Envelope) -> Int {
        Int(envelope.partition.rawValue) * Self.members.voters.count + Int(envelope.to.rawValue) - 1
    }
}
