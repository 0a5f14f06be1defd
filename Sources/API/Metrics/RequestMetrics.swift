internal import NIOConcurrencyHelpers

/// Counts requests by route, method and status, and how long they took by route and method.
///
/// Routes are patterns (`/v1/kv/{key}`) and methods those that are known, so that clients cannot make up labels.
final class RequestMetrics: Sendable {
    private struct Endpoint: Hashable, Comparable {
        let route: String
        let method: String

        static func < (a: Self, b: Self) -> Bool { (a.route, a.method) < (b.route, b.method) }
    }

    private struct Observed {
        var requestsByStatus: [Int: UInt64] = [:]
        /// One a bound, and one for everything above.
        var counts = [UInt64](repeating: 0, count: RequestMetrics.boundsSeconds.count + 1)
        var sumSeconds = 0.0

        mutating func note(_ status: Int, _ bucket: Int, _ seconds: Double) {
            requestsByStatus[status, default: 0] += 1
            counts[bucket] += 1
            sumSeconds += seconds
        }
    }

    static let boundsSeconds = [
        0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    private let endpoints = NIOLockedValueBox<[Endpoint: Observed]>([:])

    /// Notes an answer.
    func observe(route: String, method: String, status: Int, took: Duration) {
        let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
        let bucket = Self.boundsSeconds.firstIndex { seconds <= $0 } ?? Self.boundsSeconds.count
        endpoints.withLockedValue { endpoints in
            endpoints[Endpoint(route: route, method: method), default: Observed()].note(status, bucket, seconds)
        }
    }

    /// What was noted so far.
    var families: [MetricFamily] {
        let endpoints = endpoints.withLockedValue { $0 }.sorted { $0.key < $1.key }
        var requests: [MetricFamily.Sample] = []
        var durations: [MetricFamily.Sample] = []
        for (endpoint, observed) in endpoints {
            let labels: [MetricFamily.Label] = [.init("route", endpoint.route), .init("method", endpoint.method)]
            for (status, count) in observed.requestsByStatus.sorted(by: { $0.key < $1.key }) {
                requests.append(.init(labels: labels + [.init("status", String(status))], value: Double(count)))
            }
            durations += Self.histogram(observed, labels)
        }
        return [
            MetricFamily(
                "gala_http_requests_total",
                .counter,
                help: "Requests that were answered.",
                samples: requests
            ),
            MetricFamily(
                "gala_http_request_duration_seconds",
                .histogram,
                help: "Time from a request's head to its answer's head.",
                samples: durations
            ),
        ]
    }

    private static func histogram(_ observed: Observed, _ labels: [MetricFamily.Label]) -> [MetricFamily.Sample] {
        var samples: [MetricFamily.Sample] = []
        var below: UInt64 = 0
        for (position, count) in observed.counts.enumerated() {
            below += count
            let bound = position < boundsSeconds.count ? PrometheusText.number(boundsSeconds[position]) : "+Inf"
            samples.append(.init(suffix: "_bucket", labels: labels + [.init("le", bound)], value: Double(below)))
        }
        samples.append(.init(suffix: "_sum", labels: labels, value: observed.sumSeconds))
        samples.append(.init(suffix: "_count", labels: labels, value: Double(below)))
        return samples
    }
}
