import API
import GalaNode
import KVStore
import Raft
import Synchronization

/// What operators see of a node, and have it do.
final class NodeControl: ClusterInspector, ClusterOperator {
    private let node: Node
    private let configuration: Configuration
    private let isRetreating = Atomic(false)

    init(_ node: Node, _ configuration: Configuration) {
        self.node = node
        self.configuration = configuration
    }

    // MARK: Looking

    /// How long the loop may take to tell how it is: whoever watches a node waits little longer.
    private static let patience = Duration.milliseconds(500)

    /// The cluster as this node's replicas know it.
    func report() async -> ClusterReport {
        let view = await node.look(within: Self.patience) { View($0) }
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
            let isDraining = view?.drainingNodes.contains(id) ?? false
            return ClusterReport.Node(
                id: id,
                address: "\(address)",
                state: !isUp ? .down : isDraining ? .draining : .up
            )
        }
    }

    /// Whether the store runs, knows where everything lies, and has room; and is not about to end.
    func readiness() async -> [ReadinessCheck] {
        guard let view = await node.look(within: Self.patience, { View($0) }) else {
            return [ReadinessCheck("store", holds: false, detail: "the store has ended, or is too busy to answer")]
        }
        let room = view.shedsWrites ? "no room: writes are refused, reads go on" : ""
        let isEnding = isRetreating.load(ordering: .relaxed)
        return [
            ReadinessCheck("store", holds: !isEnding, detail: isEnding ? "the node is about to end" : ""),
            ReadinessCheck("disk", holds: !view.shedsWrites, detail: room),
            ReadinessCheck("replicas", holds: view.failures == 0, detail: "\(view.failures) do not run"),
            ReadinessCheck("routing", holds: view.knowsRouting, detail: view.trouble ?? ""),
        ]
    }

    /// What one look at the loop tells.
    private struct View: Sendable {
        let partitions: [ClusterReport.Partition]
        let silentNodes: [UInt64]
        let drainingNodes: [UInt64]
        let shedsWrites: Bool
        let knowsRouting: Bool
        let trouble: String?
        let failures: Int

        init(_ loop: StoreLoop) {
            let store = loop.store
            let elsewhere = loop.placementRecords.filter { store.appliedPosition(of: $0.descriptor.id) == nil }
            partitions =
                (store.partitions.compactMap { Self.partition($0, loop) } + elsewhere.map { Self.partition($0) })
                .sorted { $0.id < $1.id }
            silentNodes = store.silentNodes.map(\.rawValue)
            let nodes = [loop.node] + loop.peers
            drainingNodes = nodes.filter { loop.state(of: $0)?.isDraining ?? false }.map(\.rawValue)
            shedsWrites = store.shedsWrites
            knowsRouting = loop.routing.isComplete
            trouble = loop.placementTrouble
            failures = store.recovery.failures.count
        }

        private static func partition(_ id: PartitionID, _ loop: StoreLoop) -> ClusterReport.Partition? {
            guard let status = loop.store.status(of: id) else { return nil }
            let descriptor = loop.routing.descriptor(ofPartition: id)
            return ClusterReport.Partition(
                id: id.rawValue,
                keys: descriptor.map { .init(lower: $0.range.lower, upper: $0.range.upper, epoch: $0.epoch) },
                replicas: status.configuration.members.map(\.rawValue),
                leader: status.leader?.rawValue,
                term: status.term.rawValue,
                committedIndex: status.committed.rawValue,
                appliedIndex: status.applied.rawValue
            )
        }

        /// A partition of which there is no replica here, or not yet.
        private static func partition(_ record: PlacementRecord) -> ClusterReport.Partition {
            let descriptor = record.descriptor
            return ClusterReport.Partition(
                id: descriptor.id.rawValue,
                keys: .init(
                    lower: descriptor.range.lower,
                    upper: descriptor.range.upper,
                    epoch: descriptor.epoch
                ),
                replicas: record.replicas.map(\.rawValue),
                leader: nil,
                term: 0,
                committedIndex: 0,
                appliedIndex: 0
            )
        }
    }

    // MARK: Doing

    /// How long an order may take until it is so, in ticks.
    private static let orderTicks = 300

    /// Has whoever leads a partition hand it over.
    func transferLeadership(of partition: UInt64, to target: UInt64?) async throws(ClusterOperationError) {
        try await order { loop, reply in
            loop.orderTransfer(
                of: PartitionID(partition),
                to: target.map { NodeID($0) },
                patienceTicks: Self.orderTicks,
                reply: reply
            )
        }
    }

    /// Has a node give away all that it leads, and keep doing so until it is told otherwise.
    func setDraining(_ isDraining: Bool, node other: UInt64) async throws(ClusterOperationError) {
        try await order { loop, reply in
            loop.orderDraining(isDraining, of: NodeID(other), patienceTicks: Self.orderTicks, reply: reply)
        }
    }

    /// The node is about to end: it is not ready any more, and gives away what it leads, as far as that goes soon.
    func retreat() async {
        isRetreating.store(true, ordering: .relaxed)
        if configuration.peers.isEmpty { return }
        try? await setDraining(true, node: configuration.nodeID)
    }

    private func order(
        _ body: @escaping @Sendable (StoreLoop, @escaping (OrderOutcome) -> Void) -> Void
    ) async throws(ClusterOperationError) {
        let outcome: OrderOutcome
        do throws(NodeStopped) {
            outcome = try await node.asking(body)
        } catch {
            throw .refused("the node is ending")
        }
        switch outcome {
        case .done: return
        case .unfinished: throw .outcomeUnknown
        case .notFound(let what): throw .notFound(what)
        case .refused(let why): throw .refused(why)
        case .noLeader: throw .noLeader
        }
    }
}

extension NodeControl {
    /// The node's counters.
    func metrics() async -> [MetricFamily] {
        let metrics = node.metrics
        let transactions = await node.look(within: Self.patience) { $0.transactionCounts } ?? TransactionCounts()
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
            counter("snapshot_bytes_received", "Bytes of snapshots received.", metrics.snapshotBytesReceived),
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
        ] + MetricFamily.ofTransactions(transactions)
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
