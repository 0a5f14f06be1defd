import API
import NIOConcurrencyHelpers

/// A cluster that is as it was told to be, and remembers what it was told to do.
final class FixedCluster: ClusterInspector, ClusterOperator {
    struct State {
        var leaders: [UInt64?] = [1, 2]
        var readiness: [ReadinessCheck] = [ReadinessCheck("started", holds: true)]
        var metrics: [MetricFamily] = []
        var failure: ClusterOperationError?
        var orders: [String] = []
    }

    let state = NIOLockedValueBox(State())

    func report() async -> ClusterReport {
        let leaders = state.withLockedValue { $0.leaders }
        return ClusterReport(
            cluster: "test",
            answeredBy: 1,
            nodes: [
                .init(id: 1, address: "127.0.0.1:7101", state: .up),
                .init(id: 2, address: "127.0.0.1:7102", state: .draining),
            ],
            partitions: leaders.enumerated().map { position, leader in
                .init(
                    id: UInt64(position + 1),
                    keys: position == 0 ? nil : .init(lower: [1, 0x61], upper: [0x10], epoch: 3),
                    replicas: [1, 2],
                    leader: leader,
                    term: 7,
                    committedIndex: 41,
                    appliedIndex: 40
                )
            }
        )
    }

    func readiness() async -> [ReadinessCheck] { state.withLockedValue { $0.readiness } }

    func metrics() async -> [MetricFamily] { state.withLockedValue { $0.metrics } }

    func transferLeadership(of partition: UInt64, to node: UInt64?) async throws(ClusterOperationError) {
        try note("transfer \(partition) to \(node.map(String.init) ?? "any")")
    }

    func setDraining(_ isDraining: Bool, node: UInt64) async throws(ClusterOperationError) {
        try note("\(isDraining ? "drain" : "undrain") \(node)")
    }

    private func note(_ order: String) throws(ClusterOperationError) {
        let failure = state.withLockedValue { state -> ClusterOperationError? in
            state.orders.append(order)
            return state.failure
        }
        if let failure { throw failure }
    }
}
