import Raft
import Testing

@testable import KVStore

/// Three loops with partitions, leaders and a clock: what transactions need.
struct StartedCluster {
    let cluster: LoopCluster

    init(partitions: Int = 6, options: StoreLoopOptions = StoreLoopOptions()) throws {
        cluster = LoopCluster(3)
        var options = options
        options.reservedDiskBytes = 0
        options.criticalDiskBytes = 0
        options.resumeDiskBytes = 0
        var placement = PlacementOptions()
        placement.partitions = partitions
        options.placement = placement
        try cluster.startAll(options)
        cluster.create(StoreLoop.metaPartition)
        let isReady = cluster.run(milliseconds: 20_000) { [cluster] in
            cluster.ids.allSatisfy { id in
                let loop = cluster.loop(id.rawValue)
                return loop.routing.isComplete && loop.clusterTime > .zero
                    && loop.store.partitions.count == partitions + 1
                    && loop.store.partitions.allSatisfy { loop.store.leader(of: $0) != nil }
            }
        }
        #expect(isReady)
    }

    func commit(_ draft: TransactionDraft, at node: UInt64 = 1) -> Result<Timestamp, TransactionError>? {
        var answer: Result<Timestamp, TransactionError>?
        let loop = cluster.loop(node)
        loop.commit(draft, loop.transactionAttempt(age: nil), patience: .seconds(5)) { answer = $0 }
        cluster.run(milliseconds: 20_000) { answer != nil }
        return answer
    }

    func committed(_ changes: [TransactionDraft.Change], at node: UInt64 = 1) throws -> Timestamp {
        try #require(commit(TransactionDraft(changes: changes), at: node)).get()
    }

    func latest(_ key: [UInt8], at node: UInt64 = 1) throws -> StoredEntry? {
        var answer: Result<StoredEntry?, TransactionError>?
        cluster.loop(node).latest(of: key, patience: .seconds(5)) { answer = $0 }
        cluster.run(milliseconds: 20_000) { answer != nil }
        return try #require(answer).get()
    }

    func timestamp(at node: UInt64 = 1) throws -> Timestamp {
        var answer: Result<Timestamp, TransactionError>?
        cluster.loop(node).timestamp(patience: .seconds(5)) { answer = $0 }
        cluster.run(milliseconds: 20_000) { answer != nil }
        return try #require(answer).get()
    }

    func read(_ keys: [[UInt8]], at timestamp: Timestamp, node: UInt64 = 1) throws -> [StoredEntry?] {
        var answer: Result<[StoredEntry?], TransactionError>?
        cluster.loop(node).entries(of: keys, at: timestamp, patience: .seconds(5)) { answer = $0 }
        cluster.run(milliseconds: 20_000) { answer != nil }
        return try #require(answer).get()
    }
}
