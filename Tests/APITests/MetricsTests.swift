import HTTPTypes
import NIOConcurrencyHelpers
import Testing

@testable import API

@Suite struct MetricsTests {
    @Test func requestsAreCountedByRouteMethodAndStatus() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            for key in ["a", "b", "c"] { _ = try await client.send(.get, "/v1/kv/\(key)") }
            _ = try await client.send(.put, "/v1/kv/a", body: "1")
            _ = try await client.send(.get, "/nowhere")
            _ = try await client.send(try #require(HTTPRequest.Method("BREW")), "/nowhere")
            let answer = try await client.send(.get, "/metrics")
            #expect(answer.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
            let families = try Exposition(answer.text)
            let requests = "gala_http_requests_total"
            #expect(families.value(requests, ["route": "/v1/kv/{key}", "method": "GET", "status": "404"]) == 3)
            #expect(families.value(requests, ["route": "/v1/kv/{key}", "method": "PUT", "status": "204"]) == 1)
            #expect(families.value(requests, ["route": "unknown", "method": "GET", "status": "404"]) == 1)
            #expect(families.value(requests, ["route": "unknown", "method": "other", "status": "501"]) == 1)
            let seconds = "gala_http_request_duration_seconds"
            let labels = ["route": "/v1/kv/{key}", "method": "GET"]
            #expect(families.value(seconds + "_count", labels) == 3)
            #expect(families.value(seconds + "_bucket", labels.merging(["le": "+Inf"]) { $1 }) == 3)
            #expect(try #require(families.value(seconds + "_sum", labels)) > 0)
        }
    }

    @Test func bucketsAreCumulative() throws {
        let metrics = RequestMetrics()
        for milliseconds in [0, 1, 3, 3, 700, 20_000] {
            metrics.observe(route: "/a", method: "GET", status: 200, took: .milliseconds(milliseconds))
        }
        let families = try Exposition(PrometheusText.text(metrics.families))
        let bounds = ["0.0005", "0.001", "0.0025", "0.005", "0.5", "1", "10", "+Inf"]
        let counts = bounds.map { bound in
            families.value(
                "gala_http_request_duration_seconds_bucket",
                ["route": "/a", "method": "GET", "le": bound]
            )
        }
        #expect(counts == [1, 2, 2, 4, 4, 5, 5, 6])
    }

    @Test func textsAreEscaped() throws {
        let family = MetricFamily(
            "a_total",
            .counter,
            help: "back\\slash\nline \"quoted\"",
            samples: [.init(labels: [.init("l", "back\\slash\nline \"quoted\"")], value: 1.5)]
        )
        #expect(
            PrometheusText.text([family]) == #"""
                # HELP a_total back\\slash\nline "quoted"
                # TYPE a_total counter
                a_total{l="back\\slash\nline \"quoted\""} 1.5

                """#
        )
    }

    @Test func numbersAreWrittenAsPrometheusReadsThem() {
        let numbers: [(Double, String)] = [
            (0, "0"), (-1, "-1"), (0.25, "0.25"), (1e20, "1e+20"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
            (.nan, "NaN"), (9_007_199_254_740_991, "9007199254740991.0"),
        ]
        for (number, text) in numbers { #expect(PrometheusText.number(number) == text) }
    }

    @Test func theNodesOwnMeasuresAreThere() async throws {
        let server = try await TestServer()
        server.cluster.state.withLockedValue {
            $0.metrics = [.init("gala_raft_term", .gauge, help: "A term.", value: 7)]
        }
        try await server.test { client async throws in
            let families = try Exposition(try await client.send(.get, "/metrics").text)
            #expect(families.value("gala_raft_term", [:]) == 7)
        }
    }
}
