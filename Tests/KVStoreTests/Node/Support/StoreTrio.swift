import KVStore
import Raft

/// Three stores that hear each other at once; nothing is lost but what a test wants.
final class StoreTrio {
    let nodes: [SimulatedNode]

    /// Starts them, each with a replica of these partitions.
    init(_ options: StoreOptions, _ partitions: [PartitionID] = [partition]) throws {
        nodes = (1...3).map { SimulatedNode(NodeID($0), options: options, seed: 1) }
        for node in nodes {
            try node.start()
            for id in partitions { try node.store?.create(id, initial: threeVoters) }
        }
    }

    /// Ticks and takes turns; messages that `isLost` names do not arrive.
    @discardableResult
    func live(_ ticks: Int, isLost: (StoreMessage) -> Bool = { _ in false }) throws -> [Answer] {
        var answers: [Answer] = []
        for _ in 0..<ticks {
            for node in nodes {
                guard let store = node.store else { continue }
                store.tick()
                let turn = try store.prepare()
                if turn.needsSync { try store.sync() }
                answers += try store.complete().answers
                for message in turn.messages where !isLost(message) {
                    nodes.first { $0.id == message.to }?.store?.receive(message)
                }
            }
        }
        return answers
    }

    var leader: SimulatedNode? { nodes.first { $0.store?.status(of: partition)?.role == .leader } }

    func applied(_ node: SimulatedNode) -> LogIndex? { node.store?.appliedPosition(of: partition)?.index }
}
