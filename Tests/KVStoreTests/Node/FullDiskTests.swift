import Raft
import Testing

@testable import KVStore

/// Loops whose disks are nearly full, or full.
@Suite struct FullDiskTests {
    private static let keys = [OperatorKeys.stored(Array("1/a".utf8)), OperatorKeys.stored(Array("z/b".utf8))]
    private let partition = PartitionID(7)

    private static var options: StoreLoopOptions {
        var options = StoreLoopOptions()
        options.reservedDiskBytes = 1 << 20
        options.resumeDiskBytes = 2 << 20
        options.criticalDiskBytes = 16 << 10
        return options
    }

    private static var smallLog: LogOptions {
        var options = LogOptions()
        options.segmentBytes = 64 << 10
        options.batchBytes = 16 << 10
        options.zeroAheadBytes = 2 << 10
        return options
    }

    // MARK: A cluster with data

    private func started() throws -> LoopCluster {
        let cluster = LoopCluster(3)
        var options = Self.options
        var placement = PlacementOptions()
        placement.partitions = 6
        options.placement = placement
        try cluster.startAll(options)
        cluster.create(StoreLoop.metaPartition)
        let isReady = cluster.run(milliseconds: 20_000) {
            cluster.ids.allSatisfy { id in
                let loop = cluster.loop(id.rawValue)
                return loop.routing.isComplete && loop.clusterTime > .zero && loop.store.partitions.count == 7
                    && loop.store.partitions.allSatisfy { loop.store.leader(of: $0) != nil }
            }
        }
        #expect(isReady)
        for key in Self.keys { _ = try #require(write(key, [1], in: cluster)).get() }
        return cluster
    }

    private func write(
        _ key: [UInt8],
        _ value: [UInt8],
        in cluster: LoopCluster
    ) -> Result<Timestamp, TransactionError>? {
        var answer: Result<Timestamp, TransactionError>?
        let loop = cluster.loop(3)
        let draft = TransactionDraft(changes: [.init(key: key, .put(value))])
        loop.commit(draft, loop.transactionAttempt(age: nil), patience: .seconds(5)) { answer = $0 }
        cluster.run(milliseconds: 20_000) { answer != nil }
        return answer
    }

    private func latest(_ key: [UInt8], at node: UInt64, in cluster: LoopCluster) throws -> StoredEntry? {
        var answer: Result<StoredEntry?, TransactionError>?
        cluster.loop(node).latest(of: key, patience: .seconds(5)) { answer = $0 }
        cluster.run(milliseconds: 20_000) { answer != nil }
        return try #require(answer).get()
    }

    private func timestamp(at node: UInt64, in cluster: LoopCluster) throws -> Timestamp {
        var answer: Result<Timestamp, TransactionError>?
        cluster.loop(node).timestamp(patience: .seconds(5)) { answer = $0 }
        cluster.run(milliseconds: 20_000) { answer != nil }
        return try #require(answer).get()
    }

    private func scan(at timestamp: Timestamp, in cluster: LoopCluster) throws -> [[UInt8]] {
        var answer: Result<EntryPage, TransactionError>?
        let range = KeyRange(Self.keys[0], Self.keys[0] + [0])
        cluster.loop(1).scan(range, at: timestamp, limit: ScanLimit(), patience: .seconds(5)) { answer = $0 }
        cluster.run(milliseconds: 20_000) { answer != nil }
        return try #require(answer).get().entries.map(\.key)
    }

    /// Leaves little room on a node's disk.
    private func fill(_ node: UInt64, of cluster: LoopCluster) {
        let disk = cluster.node(node).disk
        disk.capacityBytes = disk.usedBytes + (512 << 10)
    }

    private func leads(_ node: UInt64, all cluster: LoopCluster) -> Bool {
        let store = cluster.loop(node).store
        return store.partitions.allSatisfy { store.leader(of: $0) == NodeID(node) }
    }

    private func expectReadable(_ cluster: LoopCluster) throws {
        for key in Self.keys {
            for node in cluster.ids {
                #expect(try latest(key, at: node.rawValue, in: cluster)?.content == .bytes([1]))
            }
        }
        let before = try timestamp(at: 1, in: cluster)
        cluster.run(milliseconds: 5_000)
        let after = try timestamp(at: 2, in: cluster)
        #expect(after > before)
        #expect(try scan(at: after, in: cluster) == [Self.keys[0]])
    }

    private func expectWritableOnceThereIsRoom(_ cluster: LoopCluster) throws {
        for node in cluster.ids { cluster.node(node.rawValue).disk.capacityBytes = nil }
        cluster.run(milliseconds: 5_000)
        for key in Self.keys { _ = try #require(write(key, [2], in: cluster)).get() }
    }

    // MARK: Little room

    @Test func whoHasLittleRoomLeadsNothingWhereOthersHaveEnough() throws {
        let cluster = try started()
        defer { cluster.end() }
        fill(1, of: cluster)
        let hasHandedOver = cluster.run(milliseconds: 10_000) {
            let store = cluster.loop(1).store
            return store.shedsWrites && store.partitions.allSatisfy { store.leader(of: $0) != NodeID(1) }
        }
        #expect(hasHandedOver)
        try expectReadable(cluster)
        for key in Self.keys { _ = try #require(write(key, [2], in: cluster)).get() }
    }

    @Test func whereMostHaveLittleRoomEverythingIsReadUnderNewLeaders() throws {
        let cluster = try started()
        defer { cluster.end() }
        fill(1, of: cluster)
        fill(2, of: cluster)
        cluster.run(milliseconds: 4_000)
        #expect((1...3).map { cluster.loop($0).store.shedsWrites } == [true, true, false])
        for partition in cluster.loop(3).store.partitions {
            let leader = try #require(cluster.loop(3).store.leader(of: partition))
            if leader == NodeID(3) { continue }
            try cluster.loop(leader.rawValue).transferLeadership(of: partition, to: NodeID(3))
        }
        #expect(cluster.run(milliseconds: 10_000) { leads(3, all: cluster) })
        try expectReadable(cluster)
        #expect(write(Self.keys[0], [2], in: cluster) == .failure(.diskFull))
        try expectWritableOnceThereIsRoom(cluster)
    }

    @Test func whereAllHaveLittleRoomEverythingIsRead() throws {
        let cluster = try started()
        defer { cluster.end() }
        for node in cluster.ids { fill(node.rawValue, of: cluster) }
        cluster.run(milliseconds: 6_000)
        #expect((1...3).allSatisfy { cluster.loop($0).store.shedsWrites })
        try expectReadable(cluster)
        #expect(write(Self.keys[0], [2], in: cluster) == .failure(.diskFull))
        try expectWritableOnceThereIsRoom(cluster)
    }

    // MARK: A log that fills its disk

    private func value(_ seed: UInt64) -> [UInt8] {
        var random = SeededGenerator(seed: seed)
        return (0..<4_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private func execute(_ number: UInt64, at node: UInt64, in cluster: LoopCluster) -> ExecutionAnswer? {
        var answer: ExecutionAnswer?
        cluster.loop(node).execute(on: partition, patience: .seconds(1)) {
            answer = $0
        } operations: { _ in
            [.put(key: [1], value: value(number)[...])]
        }
        cluster.run(milliseconds: 5_000) { answer != nil }
        return answer
    }

    @Test func aDiskThatTheLogHasFilledIsFreedByItself() throws {
        let cluster = LoopCluster(1)
        defer { cluster.end() }
        var options = Self.options
        options.log = Self.smallLog
        options.reservedDiskBytes = 192 << 10
        options.resumeDiskBytes = 224 << 10
        options.maintenanceTicks = 2
        try cluster.startAll(options)
        cluster.create(partition)
        #expect(cluster.run(milliseconds: 5_000) { cluster.loop(1).store.leader(of: partition) != nil })
        cluster.node(1).disk.capacityBytes = 1 << 20
        let store = cluster.loop(1).store
        var number: UInt64 = 0
        while !store.shedsWrites, number < 1_000 {
            number += 1
            _ = execute(number, at: 1, in: cluster)
        }
        #expect(store.shedsWrites)
        #expect(cluster.run(milliseconds: 10_000) { !store.shedsWrites })
        #expect(execute(number + 1, at: 1, in: cluster) == .decided(.applied))
    }

    // MARK: No room at all

    /// Three nodes, one follower of which waits for room in the midst of a turn.
    private func stuck() throws -> (cluster: LoopCluster, leader: UInt64, follower: UInt64, options: StoreLoopOptions) {
        let cluster = LoopCluster(3)
        var options = Self.options
        options.log = Self.smallLog
        options.reservedDiskBytes = 0
        options.resumeDiskBytes = 0
        options.criticalDiskBytes = 0
        try cluster.startAll(options)
        cluster.create(partition)
        #expect(
            cluster.run(milliseconds: 5_000) {
                cluster.ids.allSatisfy { cluster.loop($0.rawValue).store.leader(of: partition) != nil }
            }
        )
        let leader = try #require(cluster.loop(1).store.leader(of: partition))
        let follower = try #require(cluster.ids.first { $0 != leader }).rawValue
        let disk = cluster.node(follower).disk
        disk.capacityBytes = disk.usedBytes
        var number: UInt64 = 0
        while !cluster.loop(follower).store.awaitsRoom, number < 100 {
            number += 1
            #expect(execute(number, at: leader.rawValue, in: cluster) == .decided(.applied))
        }
        #expect(cluster.loop(follower).store.awaitsRoom)
        return (cluster, leader.rawValue, follower, options)
    }

    private func applied(_ node: UInt64, of cluster: LoopCluster) -> LogPosition? {
        cluster.loop(node).store.appliedPosition(of: partition)
    }

    @Test func whoWaitsForRoomGathersNothingAndGoesOn() throws {
        let (cluster, leader, follower, _) = try stuck()
        defer { cluster.end() }
        cluster.run(milliseconds: 30_000)
        let replica = try #require(cluster.loop(follower).store.replicas[partition])
        #expect(replica.core.waitingMessages < 10)
        #expect(execute(1_000, at: leader, in: cluster) == .decided(.applied))
        cluster.node(follower).disk.capacityBytes = nil
        #expect(cluster.run(milliseconds: 10_000) { applied(follower, of: cluster) == applied(leader, of: cluster) })
        #expect(!cluster.loop(follower).store.awaitsRoom)
    }

    @Test func whoWaitsForRoomEndsWhenItIsTold() throws {
        let (cluster, leader, follower, options) = try stuck()
        defer { cluster.end() }
        var hasEnded = false
        cluster.loop(follower).end { hasEnded = true }
        #expect(cluster.run(milliseconds: 5_000) { hasEnded })
        cluster.node(follower).kill()
        cluster.node(follower).disk.capacityBytes = nil
        try cluster.node(follower).start(options)
        #expect(cluster.run(milliseconds: 10_000) { applied(follower, of: cluster) == applied(leader, of: cluster) })
    }
}
