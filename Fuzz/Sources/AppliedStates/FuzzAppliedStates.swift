internal import FuzzSupport
internal import Raft

@testable internal import KVStore

/// What a partition keeps of itself in the engine, which a disk may have damaged. The first byte says which value it is:
///
///     0       the applied state, read and written again
///     1       a remembered command, read and written again
///     2       what a partition knows of itself, read and written again
///     others  an engine that has these bytes for an applied state, and behind it one remembered command
@main
struct FuzzAppliedStates: FuzzTarget {
    static func seeds() throws -> [[UInt8]] {
        let state = AppliedState(
            position: LogPosition(term: Term(300), index: LogIndex(1_000)),
            configuration: Configuration(
                voters: [NodeID(1), NodeID(2)],
                outgoingVoters: [NodeID(1), NodeID(3)],
                learners: [.init(id: NodeID(4), promotion: .automatic), .init(id: NodeID(5), promotion: .manual)],
                demotedVoters: [NodeID(3)],
                retired: [NodeID(9), NodeID(200)]
            ),
            configurationIndex: LogIndex(999),
            rememberedCount: 1,
            forgottenThrough: LogIndex(7)
        )
        let index = LogIndex(300)
        let outcomes: [CommandOutcome] = [
            .applied, .conditionFailed(operation: 300), .transaction(.committed(Timestamp(9))),
            .transaction(.refused(.boundReached, key: [7])),
        ]
        let commands = outcomes.map { RememberedCommand(id: CommandID(77), index: index, outcome: $0).encoded }
        var facts = PartitionFacts()
        facts.safePoint = Timestamp(5)
        facts.sweep = [4, 0, 1]
        facts.descriptor = PartitionDescriptor(id: PartitionID(1), range: KeyRange([1], [2]), epoch: 3)
        return [[0] + state.encoded, [0] + state.encoded + [1, 2, 3, 4], [2] + (try facts.encoded())]
            + commands.map { [1] + $0 } + commands.map { [3] + state.encoded + $0 }
    }

    static func run(_ bytes: [UInt8]) throws {
        guard let mode = bytes.first else { return }
        let rest = bytes.dropFirst()
        switch mode {
        case 0:
            guard let state = try? AppliedState(encoded: rest) else { return }
            try require(try AppliedState(encoded: state.encoded[...]) == state, "\(state) is read back as another")
            try open(state.encoded, remembering: [])
        case 1:
            guard let command = try? RememberedCommand(encoded: rest) else { return }
            try require(
                try RememberedCommand(encoded: command.encoded[...]) == command,
                "\(command) is read back as another"
            )
        case 2:
            guard let facts = try? PartitionFacts(encoded: rest) else { return }
            try require(
                try PartitionFacts(encoded: try facts.encoded()[...]) == facts,
                "\(facts) is read back as another"
            )
        default:
            let split = min(rest.count, Int(mode))
            try open(Array(rest.prefix(split)), remembering: Array(rest.dropFirst(split)))
        }
    }

    /// Whatever the engine has, opening and applying refuse or succeed.
    private static func open(_ state: [UInt8], remembering command: [UInt8]) throws {
        let keys = PartitionKeys(PartitionID(1))
        let engine = try MemoryEngine(MemoryDisk(), directory: "fuzz")
        var batch = WriteBatch()
        batch.put(keys.state, state)
        batch.put(keys.remembered(place: 0), command)
        try engine.write(batch)
        guard let machine = try? StateMachine(keys.partition, in: engine, initial: Configuration(voters: [NodeID(1)]))
        else { return }
        let operation = Command.Operation.put(key: [1], value: [2])
        let payload = try Command(id: CommandID(77), mintedAt: .zero, operations: [operation]).encoded()
        let last = machine.state.position
        guard last.index < .max else { return }
        let entry = Entry(index: last.index.next, term: last.term, payload: .command(payload))
        _ = try? machine.apply([entry])
        _ = try? machine.checksum()
        _ = try? machine.flushedIndex()
    }
}
