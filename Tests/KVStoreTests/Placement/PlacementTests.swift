import Raft
import Testing

@testable import KVStore

@Suite("How a new cluster comes by its partitions")
struct PlacementTests {
    private func options(_ partitions: Int) -> StoreLoopOptions {
        var options = StoreLoopOptions()
        options.placement = PlacementOptions()
        options.placement?.partitions = partitions
        return options
    }

    private func isWhole(_ cluster: LoopCluster, _ partitions: Int) -> Bool {
        cluster.ids.allSatisfy { id in
            let loop = cluster.loop(id.rawValue)
            return loop.routing.isComplete && loop.store.partitions.count == partitions + 1
                && loop.store.partitions.allSatisfy { loop.store.leader(of: $0) != nil }
        }
    }

    @Test("From the meta partition alone, every node comes to know and to hold all partitions", arguments: [1, 5, 16])
    func bootstrap(partitions: Int) throws {
        let cluster = LoopCluster(3)
        defer { cluster.end() }
        try cluster.startAll(options(partitions))
        cluster.create(StoreLoop.metaPartition)
        #expect(cluster.run(milliseconds: 20_000) { isWhole(cluster, partitions) })
        for id in cluster.ids {
            let known = cluster.loop(id.rawValue).routing.descriptors
            #expect(known == PartitionLayout(partitions: partitions).descriptors)
        }
    }

    @Test func theFirstToWriteDecidesHowManyThereAre() throws {
        let cluster = LoopCluster(3)
        defer { cluster.end() }
        for (place, id) in cluster.ids.enumerated() { try cluster.node(id.rawValue).start(options([3, 4, 6][place])) }
        cluster.create(StoreLoop.metaPartition)
        let isKnown = { cluster.ids.allSatisfy { cluster.loop($0.rawValue).routing.isComplete } }
        #expect(cluster.run(milliseconds: 20_000, until: isKnown))
        let counts = cluster.ids.map { cluster.loop($0.rawValue).routing.descriptors.count }
        #expect(counts.allSatisfy { $0 == counts[0] })
        #expect(cluster.run(milliseconds: 20_000) { isWhole(cluster, counts[0]) })
    }

    @Test("A node that dies in the midst of it goes on where it was", arguments: [20, 200, 600, 700, 1_000, 1_500])
    func crash(milliseconds: UInt64) throws {
        let cluster = LoopCluster(3)
        defer { cluster.end() }
        try cluster.startAll(options(16))
        cluster.create(StoreLoop.metaPartition)
        cluster.run(milliseconds: milliseconds)
        for id in cluster.ids { cluster.node(id.rawValue).kill() }
        try cluster.startAll(options(16))
        if milliseconds < 100 { cluster.create(StoreLoop.metaPartition) }
        #expect(cluster.run(milliseconds: 20_000) { isWhole(cluster, 16) })
    }

    @Test func aNodeThatIsToldOfANewerEpochLooksUntilItKnowsIt() throws {
        let cluster = LoopCluster(3)
        defer { cluster.end() }
        try cluster.startAll(options(2))
        cluster.create(StoreLoop.metaPartition)
        #expect(cluster.run(milliseconds: 20_000) { isWhole(cluster, 2) })
        let newer = PlacementRecord(
            PartitionDescriptor(id: PartitionID(2), range: KeyRange([1], [0x10]), epoch: 9),
            replicas: cluster.ids
        )
        var isWritten = false
        cluster.loop(1).execute(on: StoreLoop.metaPartition, patience: .seconds(5)) { _ in
            isWritten = true
        } operations: { _ in
            [.put(key: newer.key[...], value: newer.encoded()[...])]
        }
        #expect(cluster.run(milliseconds: 5_000) { isWritten })
        cluster.run(milliseconds: 1_000)
        #expect(cluster.loop(2).routing.epoch(of: PartitionID(2)) == 1, "nobody has told it")
        cluster.loop(2).learnEpoch(9, of: PartitionID(2))
        #expect(cluster.run(milliseconds: 1_000) { cluster.loop(2).routing.epoch(of: PartitionID(2)) == 9 })
        #expect(cluster.loop(2).routing.isComplete)
    }

    @Test func partitionsAreToldByTheirLeadersWhatTheyOwn() throws {
        let cluster = LoopCluster(3)
        defer { cluster.end() }
        try cluster.startAll(options(4))
        var told: [PartitionDescriptor] = []
        for id in cluster.ids {
            cluster.loop(id.rawValue).describing = PartitionDescribing { partition in
                told.first { $0.id == partition }
            } describe: { descriptor, done in
                #expect(cluster.loop(id.rawValue).store.status(of: descriptor.id)?.role == .leader)
                told.append(descriptor)
                done()
            }
        }
        cluster.create(StoreLoop.metaPartition)
        #expect(cluster.run(milliseconds: 20_000) { told.count == 4 })
        cluster.run(milliseconds: 2_000)
        #expect(told.sorted { $0.id < $1.id } == PartitionLayout(partitions: 4).descriptors)
    }
}
