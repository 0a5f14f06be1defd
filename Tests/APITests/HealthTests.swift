import HTTPTypes
import NIOConcurrencyHelpers
import Testing

@testable import API

@Suite struct HealthTests {
    @Test func aNodeIsReadyWhenItKnowsALeaderForEveryPartition() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            #expect(try await client.send(.get, "/livez").text == "ok\n")
            let ready = try await client.send(.get, "/readyz")
            #expect(ready.status == 200)
            #expect(ready.text == "ready\n")
            let verbose = try await client.send(.get, "/readyz?verbose")
            #expect(
                verbose.text == """
                    [+] started
                    [+] partitions: 2 known
                    [+] partition-1-leader: node 1, term 7
                    [+] partition-2-leader: node 2, term 7
                    ready

                    """
            )
            server.cluster.state.withLockedValue { $0.leaders = [1, nil] }
            let unready = try await client.send(.get, "/readyz?verbose")
            #expect(unready.status == 503)
            #expect(unready.text.contains("[-] partition-2-leader: none known\nnot ready\n"))
            server.cluster.state.withLockedValue { $0.leaders = [] }
            #expect(try await client.send(.get, "/readyz").status == 503)
            server.cluster.state.withLockedValue { state in
                state.leaders = [1]
                state.readiness = [ReadinessCheck("disk", holds: false, detail: "1 % free")]
            }
            #expect(try await client.send(.get, "/readyz").status == 503)
            #expect(try await client.send(.get, "/livez").status == 200)
        }
    }

    @Test func theClusterIsShown() async throws {
        let server = try await TestServer()
        server.cluster.state.withLockedValue { $0.leaders = [nil, 2] }
        try await server.test { client async throws in
            let answer = try await client.send(.get, "/v1/cluster")
            #expect(
                answer.text == #"{"cluster":"test","answeredBy":"1","nodes":["#
                    + #"{"id":"1","address":"127.0.0.1:7101","state":"up"},"#
                    + #"{"id":"2","address":"127.0.0.1:7102","state":"draining"}],"#
                    + #""partitions":[{"id":"1","keys":null,"replicas":["1","2"],"leader":null,"term":"7","#
                    + #""committedIndex":"41","appliedIndex":"40"},"#
                    + #"{"id":"2","keys":{"lower":"0161","upper":"10","epoch":"3"},"replicas":["1","2"],"#
                    + #""leader":"2","term":"7","committedIndex":"41","appliedIndex":"40"}]}"#
            )
        }
    }

    @Test func operatorsMoveLeadershipsAndDrainNodes() async throws {
        let server = try await TestServer()
        try await server.test { client async throws in
            let transfer = "/v1/cluster/partitions/3/transfer-leadership"
            #expect(try await client.send(.post, transfer).status == 204)
            #expect(try await client.send(.post, transfer, body: #"{"to": "2"}"#).status == 204)
            #expect(try await client.send(.post, transfer, body: #"{"to": 2}"#).status == 422)
            #expect(try await client.send(.post, transfer, body: #"{"to": "-2"}"#).status == 422)
            #expect(try await client.send(.post, transfer, body: "{").status == 400)
            #expect(try await client.send(.post, "/v1/cluster/nodes/2/drain").status == 204)
            #expect(try await client.send(.post, "/v1/cluster/nodes/2/undrain").status == 204)
            #expect(try await client.send(.post, "/v1/cluster/nodes/two/drain").status == 404)
            let orders = server.cluster.state.withLockedValue { $0.orders }
            #expect(orders == ["transfer 3 to any", "transfer 3 to 2", "drain 2", "undrain 2"])
        }
    }

    @Test(arguments: [
        (ClusterOperationError.notFound("There is no node 9."), 404, "not-found"),
        (.refused("It is the last."), 409, "refused"),
        (.noLeader, 503, "no-leader"), (.outcomeUnknown, 504, "outcome-unknown"),
    ])
    func refusalsOfTheClusterAreTold(error: ClusterOperationError, status: Int, code: String) async throws {
        let server = try await TestServer()
        server.cluster.state.withLockedValue { $0.failure = error }
        try await server.test { client async throws in
            let answer = try await client.send(.post, "/v1/cluster/nodes/9/drain")
            #expect(answer.status == status)
            #expect(answer.code == code)
        }
    }
}
