import API
import GalaNode
import KVStore
import Raft

/// What operators see of a node, and have it do.
final class NodeControl: ClusterInspector, ClusterOperator {
    private let node: Node
    private let configuration: Configuration

    init(_ node: Node, _ configuration: Configuration) {
        self.node = node
        self.configuration = configuration
    }

    // MARK: Looking

    /// The cluster as this node's replicas know it.
    func report() async -> ClusterReport {
        let view = try? await node.withLoop { View($0) }
        return ClusterReport(
            cluster: configuration.clusterID,
            answeredBy: configuration.nodeID,
            nodes: nodes(view),
            partitions: view?.partitions ?? []
        )
    }

    private func nodes(_ view: View?) -> [ClusterReport.Node] {
        let own = (id: configuration.nodeID, address: configuration.nodeListen)
        let all = configuration.peers.map { (id: $0.key, address: $0.value) } + [own]
        return all.sorted { $0.id < $1.id }.map { id, address in
            let isUp = view.map { !$0.silentNodes.contains(id) } ?? false
            if id == own.id, view?.isDraining == true { return .init(id: id, address: "\(address)", state: .draining) }
            return ClusterReport.Node(id: id, address: "\(address)", state: isUp ? .up : .down)
        }
    }

    /// Whether the store runs, and has room.
    func readiness() async -> [ReadinessCheck] {
        guard let view = try? await node.withLoop({ View($0) }) else {
            return [ReadinessCheck("store", holds: false, detail: "the store has ended")]
        }
        let room = view.shedsWrites ? "no room: writes are refused, reads go on" : ""
        return [
            ReadinessCheck("store", holds: true),
            ReadinessCheck("disk", holds: !view.shedsWrites, detail: room),
            ReadinessCheck("replicas", holds: view.failures == 0, detail: "\(view.failures) do not run"),
        ]
    }

    /// What one look at the loop tells.
    private struct View: Sendable {
        let partitions: [ClusterReport.Partition]
        let silentNodes: [UInt64]
        let shedsWrites: Bool
        let isDraining: Bool
        let failures: Int

        init(_ loop: StoreLoop) {
            let store = loop.store
            partitions = store.partitions.compactMap { id in
                guard let status = store.status(of: id) else { return nil }
                return ClusterReport.Partition(
                    id: id.rawValue,
                    replicas: status.configuration.members.map(\.rawValue),
                    leader: status.leader?.rawValue,
                    term: status.term.rawValue,
                    committedIndex: status.committed.rawValue,
                    appliedIndex: status.applied.rawValue
                )
            }
            silentNodes = store.silentNodes.map(\.rawValue)
            shedsWrites = store.shedsWrites
            isDraining = loop.isDraining
            failures = store.recovery.failures.count
        }
    }

    // MARK: Doing

    /// Hands a leadership over, if this node has it.
    func transferLeadership(of partition: UInt64, to target: UInt64?) async throws(ClusterOperationError) {
        let id = PartitionID(partition)
        let outcome: Result<Void, ClusterOperationError>?
        outcome = try? await node.withLoop { loop in
            guard let status = loop.store.status(of: id) else {
                return .failure(.notFound("there is no partition \(partition) on this node"))
            }
            guard status.role == .leader else {
                guard let leader = status.leader else { return .failure(.noLeader) }
                return .failure(.refused("node \(leader) leads partition \(partition): ask it"))
            }
            let successors = status.followers.filter { $0.isActive && status.configuration.voters.contains($0.id) }
            let best = successors.max { $0.match < $1.match }?.id
            guard let successor = target.map({ NodeID($0) }) ?? best else {
                return .failure(.refused("no other replica of partition \(partition) is heard"))
            }
            do throws(RaftCore.TransferRefusal) {
                try loop.transferLeadership(of: id, to: successor)
                return .success(())
            } catch {
                return .failure(.refused("\(error)"))
            }
        }
        guard let outcome else { throw .refused("the node is ending") }
        try outcome.get()
    }

    /// Has this node give away all that it leads, and keep doing so until it is told otherwise.
    func setDraining(_ isDraining: Bool, node other: UInt64) async throws(ClusterOperationError) {
        guard other == configuration.nodeID else {
            guard let address = configuration.peers[other] else { throw .notFound("there is no node \(other)") }
            throw .refused("only node \(other) itself can do that: ask it, its nodes' address is \(address)")
        }
        do throws(NodeStopped) {
            try await node.withLoop { $0.isDraining = isDraining }
        } catch {
            throw .refused("the node is ending")
        }
    }
}

extension NodeControl {
    /// The node's counters.
    func metrics() async -> [MetricFamily] {
        let metrics = node.metrics
        func counter(_ name: String, _ help: String, _ value: Int) -> MetricFamily {
            MetricFamily("gala_\(name)_total", .counter, help: help, value: Double(value))
        }
        return [
            counter("messages_sent", "Messages handed to connections between nodes.", metrics.messagesSent),
            counter(
                "messages_dropped",
                "Messages for which there was no connection or no room.",
                metrics.messagesDropped
            ),
            counter("messages_received", "Messages taken in from other nodes.", metrics.messagesReceived),
            counter("node_bytes_sent", "Bytes sent to other nodes.", metrics.bytesSent),
            counter("node_bytes_received", "Bytes received from other nodes.", metrics.bytesReceived),
            counter(
                "node_connections_lost",
                "Connections between nodes that ended without a goodbye.",
                metrics.connectionsLost
            ),
            counter(
                "node_connections_refused",
                "Connections from nodes that were turned away.",
                metrics.connectionsRefused
            ),
            counter("loop_rounds", "How often the loop has found something to do.", metrics.loopRounds),
            counter("log_bytes_written", "Bytes written to the log.", metrics.logBytesWritten),
            syncs(metrics.logSyncs),
        ]
    }

    private func syncs(_ histogram: DurationHistogram) -> MetricFamily {
        var total = 0
        var samples: [MetricFamily.Sample] = []
        for (place, count) in histogram.counts.enumerated() {
            total += count
            let bound =
                place < DurationHistogram.bounds.count ? "\(Double(DurationHistogram.bounds[place]) / 1e6)" : "+Inf"
            samples.append(.init(suffix: "_bucket", labels: [.init("le", bound)], value: Double(total)))
        }
        samples.append(.init(suffix: "_sum", value: Double(histogram.sum.nanoseconds) / 1e9))
        samples.append(.init(suffix: "_count", value: Double(total)))
        return MetricFamily(
            "gala_log_sync_seconds",
            .histogram,
            help: "How long synchronising the log took.",
            samples: samples
        )
    }
}
