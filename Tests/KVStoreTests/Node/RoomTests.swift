import Raft
import Testing

@testable import KVStore

/// What a store takes in while its disk fills up.
@Suite struct RoomTests {
    private let trio: StoreTrio
    private var nodes: [SimulatedNode] { trio.nodes }

    init() throws { trio = try StoreTrio(StoreOptions()) }

    private func leader() throws -> Store {
        try #require(trio.leader?.store)
    }

    private func submit(_ command: Command, to store: Store) throws -> Bool {
        try store.submit(command, to: partition, token: RequestToken(1))
        return try trio.live(300).contains { answer in
            if case .command(RequestToken(1), .decided) = answer { true } else { false }
        }
    }

    private func give(_ room: DiskRoom, to stores: [Store?]) {
        for store in stores { store?.room = room }
    }

    private func reservation(_ id: UInt128) -> Command {
        let limit = Timestamp(milliseconds: UInt64(id))
        return Command(id: CommandID(id), mintedAt: .zero, transaction: .reserveTimestamps(below: limit))
    }

    @Test("Who has little room follows, who has hardly any does not")
    func following() throws {
        _ = try trio.live(300)
        let leader = try leader()
        let followers = nodes.map(\.store).filter { $0 !== leader }
        give(.nothing, to: followers)
        #expect(try !submit(command(1, put("a", "1")), to: leader))
        #expect(followers.allSatisfy { $0?.drops.shed ?? 0 > 0 })
        give(.little, to: followers)
        #expect(try submit(command(2, put("a", "2")), to: leader))
    }

    @Test("Whoever comes to lead is read from, however little room the others have")
    func reading() throws {
        _ = try trio.live(300)
        let first = try leader()
        #expect(try submit(command(1, put("a", "1")), to: first))
        let second = try #require(nodes.compactMap(\.store).first { $0 !== first })
        give(.nothing, to: nodes.map(\.store))
        try first.transferLeadership(of: partition, to: second.node)
        _ = try trio.live(300)
        #expect(second.status(of: partition)?.role == .leader)
        try second.read(partition, .value(of: bytes("a")[...]), token: RequestToken(2))
        let isRead = try trio.live(50).contains { answer in
            if case .read(RequestToken(2), .value(let value, _)) = answer { value == bytes("1") } else { false }
        }
        #expect(isRead)
    }

    @Test("With little room, what readers wait for is taken, and data is not")
    func commands() throws {
        _ = try trio.live(300)
        let leader = try leader()
        leader.room = .little
        #expect(throws: RequestRefusal.diskFull) { try submit(command(1, put("a", "1")), to: leader) }
        #expect(try submit(reservation(2), to: leader))
        leader.room = .nothing
        #expect(throws: RequestRefusal.diskFull) { try submit(reservation(3), to: leader) }
        leader.room = .enough
        #expect(try submit(command(4, put("a", "1")), to: leader))
    }

    @Test("A leader refuses what a quorum has no room for")
    func quorum() throws {
        _ = try trio.live(300)
        let leader = try leader()
        let others = nodes.map(\.id).filter { $0 != leader.node }
        leader.nodesWithoutRoom = [others[0]]
        #expect(try submit(command(1, put("a", "1")), to: leader))
        leader.nodesWithoutRoom = others
        #expect(throws: RequestRefusal.diskFull) { try submit(command(2, put("a", "2")), to: leader) }
        #expect(try submit(reservation(3), to: leader))
        leader.nodesWithoutRoom = [others[0]]
        leader.nodeSilent(others[1])
        #expect(throws: RequestRefusal.diskFull) { try submit(command(4, put("a", "4")), to: leader) }
    }

    @Test("What the engine has no room for is applied once there is some")
    func fullEngine() throws {
        let engine = FailingEngine(try MemoryEngine(MemoryDisk(), directory: "engine"))
        let directory = SimulatedDisk(seed: 1).directory("log")
        let log = try WriteAheadLog.create(in: directory, identity: 1, options: .small)
        let store = try Store(node: NodeID(1), recovering: log, nil, engine: engine, seed: 1)
        func settle() throws -> [Answer] {
            var answers: [Answer] = []
            while store.hasWork {
                if try store.prepare().needsSync { try store.sync() }
                answers += try store.complete().answers
            }
            return answers
        }
        func live(_ ticks: Int) throws -> [Answer] {
            var answers: [Answer] = []
            for _ in 0..<ticks {
                store.tick()
                answers += try settle()
            }
            return answers
        }
        try store.create(partition, initial: Configuration(voters: [NodeID(1)]))
        _ = try live(200)
        engine.failure = .noSpace("full")
        try store.submit(command(1, put("a", "1")), to: partition, token: RequestToken(1))
        try store.submit(command(2, put("b", "1")), to: partition, token: RequestToken(2))
        #expect(try live(100).isEmpty)
        #expect(store.shedsWrites && store.room == .enough && store.roomToLead == .nothing)
        #expect(throws: RequestRefusal.diskFull) {
            try store.submit(command(3, put("c", "1")), to: partition, token: RequestToken(3))
        }
        engine.failure = nil
        #expect(try live(100).count == 2)
        #expect(!store.shedsWrites && store.roomToLead == .enough)
        #expect(store.appliedPosition(of: partition) == store.status(of: partition)?.last)
    }

    @Test("A log that has grown too long keeps nothing for those who lag")
    func longLog() throws {
        var options = StoreOptions()
        options.keptLogBytes = 4_000
        let node = SimulatedNode(NodeID(1), options: options, seed: 1)
        try node.start()
        let store = try #require(node.store)
        try store.create(partition, initial: Configuration(voters: [NodeID(1)]))
        for _ in 0..<200 {
            store.tick()
            _ = try node.settle()
        }
        var random = SeededGenerator(seed: 1)
        func write(_ id: UInt128) throws {
            let value = (0..<1_000).map { _ in UInt8.random(in: 0...255, using: &random) }
            let command = Command(
                id: CommandID(id),
                mintedAt: .zero,
                operations: [.put(key: bytes("a")[...], value: value[...])]
            )
            try store.submit(command, to: partition, token: RequestToken(1))
            #expect(try node.settle().count == 1)
            try node.engine?.flush()
            try store.maintain()
        }
        try write(1)
        #expect(store.status(of: partition)?.base == LogPosition.origin)
        for id: UInt128 in 2...6 { try write(id) }
        #expect(try #require(store.status(of: partition)).base > LogPosition.origin)
    }
}
