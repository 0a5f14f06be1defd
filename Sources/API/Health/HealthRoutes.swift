internal import Hummingbird

/// `/livez`, `/readyz`, `/metrics`: for those who watch over a node. They need no token, and tell no data.
struct HealthRoutes: Sendable {
    let cluster: any ClusterInspector
    let requests: RequestMetrics
    let budget: MemoryBudget
    let connections: ConnectionCount
    /// Nil for a node that has none.
    let chores: Chores?

    func add(to router: some RouterMethods<APIContext>) {
        router.resource("/livez", [.get: { _, _ in .text("ok\n") }])
        router.resource("/readyz", [.get: ready])
        router.resource("/metrics", [.get: metrics])
    }

    /// 200 when requests may be sent here: this node knows a leader for every partition, and says nothing against it.
    ///
    /// With `?verbose` there is a line a check.
    private func ready(_ request: Request, _ context: APIContext) async throws -> Response {
        let checks = await Self.checks(cluster)
        let isReady = checks.allSatisfy(\.holds)
        var text = ""
        if try Query(of: request).contains("verbose") {
            for check in checks {
                text +=
                    (check.holds ? "[+] " : "[-] ") + check.name + (check.detail.isEmpty ? "" : ": " + check.detail)
                    + "\n"
            }
        }
        text += isReady ? "ready\n" : "not ready\n"
        return .text(text, status: isReady ? .ok : .serviceUnavailable)
    }

    private static func checks(_ cluster: any ClusterInspector) async -> [ReadinessCheck] {
        let partitions = await cluster.report().partitions
        let known = ReadinessCheck("partitions", holds: !partitions.isEmpty, detail: "\(partitions.count) known")
        let leaders = partitions.map { partition in
            ReadinessCheck(
                "partition-\(partition.id)-leader",
                holds: partition.leader != nil,
                detail: partition.leader.map { "node \($0), term \(partition.term)" } ?? "none known"
            )
        }
        return await cluster.readiness() + [known] + leaders
    }

    private func metrics(_ request: Request, _ context: APIContext) async throws -> Response {
        let own = [
            MetricFamily(
                "gala_http_connections",
                .gauge,
                help: "Connections that are open.",
                value: Double(connections.open)
            ),
            MetricFamily(
                "gala_http_connections_refused_total",
                .counter,
                help: "Connections that were refused for their number.",
                value: Double(connections.refused)
            ),
            MetricFamily(
                "gala_http_held_bytes",
                .gauge,
                help: "Bytes that are held for bodies and large answers.",
                value: Double(budget.held)
            ),
        ]
        let families = requests.families + own + (chores?.counts.families ?? []) + (await cluster.metrics())
        return .text(PrometheusText.text(families), type: PrometheusText.mediaType)
    }
}
