import KVStore
import Raft
import Testing

/// One node with replicas of groups of one.
@Suite struct StoreTests {
    private let alone = Configuration(voters: [NodeID(1)])

    private func node(_ options: StoreOptions = StoreOptions()) throws -> SimulatedNode {
        let node = SimulatedNode(NodeID(1), options: options, seed: 1)
        try node.start()
        return node
    }

    private func store(_ node: SimulatedNode) throws -> Store { try #require(node.store) }

    private func lead(_ node: SimulatedNode) throws {
        let store = try store(node)
        for _ in 0..<200 {
            store.tick()
            #expect(try node.settle().isEmpty)
        }
        for id in store.partitions { #expect(store.status(of: id)?.role == .leader) }
    }

    private func submit(
        _ node: SimulatedNode,
        _ command: Command,
        to partition: PartitionID = partition
    ) throws
        -> [Answer]
    {
        try store(node).submit(command, to: partition, token: RequestToken(7))
        return try node.settle()
    }

    private func value(_ node: SimulatedNode, _ key: String) throws -> [Answer] {
        try store(node).read(partition, .value(of: bytes(key)[...]), token: RequestToken(8))
        return try node.settle()
    }

    private func decided(_ answers: [Answer]) -> CommandOutcome? {
        guard case .command(RequestToken(7), .decided(let outcome, _, _))? = answers.first, answers.count == 1 else {
            return nil
        }
        return outcome
    }

    private func read(_ answers: [Answer]) -> [UInt8]? {
        guard case .read(RequestToken(8), .value(let value, _))? = answers.first else { return nil }
        return value
    }

    @Test("A command is applied, answered, read, and found again after the power failed")
    func wholeLife() throws {
        let node = try node()
        try store(node).create(partition, initial: alone)
        try lead(node)
        #expect(decided(try submit(node, command(1, put("a", "1")))) == .applied)
        #expect(read(try value(node, "a")) == bytes("1"))
        node.crash(power: .nothing)
        try node.start()
        #expect(try store(node).partitions == [partition])
        try lead(node)
        #expect(read(try value(node, "a")) == bytes("1"))
        #expect(decided(try submit(node, command(1, put("a", "1")))) == .applied)
        #expect(decided(try submit(node, command(2, compare("a", "2", set: "3")))) == .conditionFailed(operation: 0))
    }

    @Test("The first configuration outlives a crash before anything was applied")
    func initialConfiguration() throws {
        let node = try node()
        try store(node).create(partition, initial: alone)
        node.crash(power: .nothing)
        try node.start()
        #expect(try store(node).status(of: partition)?.configuration == alone)
    }

    @Test("One synchronisation serves all groups of a turn")
    func oneSynchronisation() throws {
        let node = try node()
        let partitions = (1...20).map { PartitionID($0) }
        for id in partitions { try store(node).create(id, initial: alone) }
        try lead(node)
        for id in partitions { try store(node).submit(command(1, put("a", "1")), to: id, token: RequestToken(7)) }
        let before = node.disk.operations
        let turn = try store(node).prepare()
        #expect(turn.needsSync)
        #expect(node.disk.operations == before)
        try store(node).sync()
        // The batch, its synchronisation, the ledger's line, and perhaps zeros ahead or a new segment.
        #expect(node.disk.operations - before <= 12)
        #expect(try store(node).complete().answers.isEmpty)
        #expect(try node.settle().count == 20)
    }

    @Test("A destroyed replica stays away, whatever comes")
    func destruction() throws {
        let node = try node()
        try store(node).create(partition, initial: alone)
        try lead(node)
        #expect(decided(try submit(node, command(1, put("a", "1")))) == .applied)
        try store(node).submit(command(2, put("a", "2")), to: partition, token: RequestToken(7))
        try store(node).destroy(partition)
        #expect(try node.settle() == [.command(RequestToken(7), .unknown)])
        for restart in [false, true] {
            if restart {
                node.crash(power: .nothing)
                try node.start()
            }
            let store = try store(node)
            let heartbeat = Message.heartbeat(Heartbeat(commit: .zero, readRound: .none))
            store.receive(
                .raft(
                    Envelope(partition: partition, from: NodeID(2), to: NodeID(1), term: Term(9), message: heartbeat)
                )
            )
            #expect(store.drops.destroyed == 1)
            #expect(store.partitions.isEmpty)
            #expect(throws: CreationRefusal.destroyed) { try store.create(partition, initial: alone) }
            #expect(throws: RequestRefusal.unknownPartition) {
                try store.submit(command(3, put("a", "3")), to: partition, token: RequestToken(7))
            }
        }
    }

    @Test("Past its limits a store refuses, and takes more once it has answered")
    func limits() throws {
        var options = StoreOptions()
        options.maxPendingCommands = 2
        options.maxPendingReads = 1
        let node = try node(options)
        let store = try store(node)
        try store.create(partition, initial: alone)
        #expect(throws: RequestRefusal.notLeader(nil)) {
            try store.submit(command(1, put("a", "1")), to: partition, token: RequestToken(1))
        }
        try lead(node)
        for id in 1...2 {
            try store.submit(command(UInt128(id), put("a", "1")), to: partition, token: RequestToken(1))
        }
        #expect(throws: RequestRefusal.overloaded) {
            try store.submit(command(3, put("a", "1")), to: partition, token: RequestToken(1))
        }
        try store.read(partition, .value(of: bytes("a")[...]), token: RequestToken(2))
        #expect(throws: RequestRefusal.overloaded) {
            try store.read(partition, .value(of: bytes("a")[...]), token: RequestToken(2))
        }
        #expect(try node.settle().count == 3)
        try store.submit(command(3, put("a", "1")), to: partition, token: RequestToken(1))
        try store.read(partition, .value(of: bytes("a")[...]), token: RequestToken(2))
        #expect(throws: RequestRefusal.self) {
            let long = [UInt8](repeating: 1, count: CommandLimits.keyBytes + 1)
            try store.read(partition, .value(of: long[...]), token: RequestToken(2))
        }
    }
}
