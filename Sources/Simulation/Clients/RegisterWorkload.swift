internal import KVStore
internal import Raft

/// Clients that read, write, compare and delete registers, each one thing at a time, through any node; and what they
/// saw, for the judgement.
final class RegisterWorkload: Workload {
    private(set) var recorder = HistoryRecorder<RegisterOperation>()
    /// Operations that every node has refused: they had no effect, so there was nothing.
    private var withdrawn: [HistoryRecorder<RegisterOperation>.Handle] = []
    private var clients: [RegisterClient] = []
    private let partitions: [PartitionID]
    let keys: Int
    private var clientNumbers = 0
    private var isEnding = false
    private(set) var tally = WorkloadTally()

    init(_ options: WorldOptions, _ partitions: [PartitionID], _ chance: Chance) {
        var chance = chance
        self.partitions = partitions
        keys = options.keys
        clients = (0..<options.clients).map { _ in RegisterClient(chance.fork()) }
    }

    func partition(ofKey key: Int) -> PartitionID { partitions[key % partitions.count] }

    func begin(_ world: World) {
        for client in clients { client.begin(self, world) }
    }

    /// Lets clients come to their end; then every key is read once more.
    func finish(_ world: World) {
        isEnding = true
        let reader = RegisterClient(world.chance.fork())
        clients.append(reader)
        reader.readAll(self, world)
    }

    var isFinished: Bool { clients.allSatisfy { $0.isFinished } }
    var wantsMore: Bool { !isEnding }

    /// A process has died: whoever waited for it sees the connection break.
    func lost(_ process: SimulatedProcess, _ world: World) {
        for client in clients where client.waits(for: process) {
            world.scheduler.after(world.chance.microseconds(50...500)) {
                [unowned client, unowned self, unowned world] in
                client.connectionBroke(to: process, self, world)
            }
        }
    }

    // MARK: What is written down

    func newClientNumber() -> Int {
        clientNumbers += 1
        return clientNumbers - 1
    }

    func recordCall(
        _ client: Int,
        _ operation: RegisterOperation,
        at time: MonotonicTime
    ) -> HistoryRecorder<RegisterOperation>.Handle {
        recorder.begin(client: client, operation: operation, at: Int64(time.nanoseconds))
    }

    func recordReturn(
        _ handle: HistoryRecorder<RegisterOperation>.Handle,
        _ answer: RegisterOperation.Answer,
        at time: MonotonicTime,
        took: Duration
    ) {
        tally.answered += 1
        if isEnding { tally.slowestRecovery = max(tally.slowestRecovery, took) }
        recorder.finish(handle, answer: answer, at: Int64(time.nanoseconds))
    }

    func recordUnknown() { tally.unknown += 1 }

    func recordRefused(_ handle: HistoryRecorder<RegisterOperation>.Handle) {
        tally.refused += 1
        withdrawn.append(handle)
    }

    /// What really happened, as far as clients know.
    var history: RegisterHistory {
        let gone = Set(withdrawn.map(\.index))
        return RegisterHistory(
            entries: recorder.history.entries.enumerated().filter { !gone.contains($0.offset) }.map(\.element)
        )
    }

    func end() { clients = [] }

    func judge(_ world: World) {
        let judgement = RegisterLinearizability(of: history)
        for failure in judgement.failures { world.fail(failure.description) }
        for undecided in judgement.undecided { world.fail(undecided.description) }
    }
}
