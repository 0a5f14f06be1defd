import ArgumentParser
import NIOHTTP1
import Testing

@testable import galactl

@Suite struct GalactlTests {
    @Test func keysAreEncodedSoThatNoPartIsTakenForTheAddress() {
        #expect(KeyInAddress.encode("a/../b?c#d e%ä".utf8) == "a%2F%2E%2E%2Fb%3Fc%23d%20e%25%C3%A4")
        #expect(KeyInAddress.encode([0, 255]) == "%00%FF")
        #expect(KeyInAddress.encode("Az09-_".utf8) == "Az09-_")
    }

    @Test func tablesAreAsWideAsTheirCells() {
        let table = Table(["NODE", "STATE"], [["1", "up"], ["100000", "down"]])
        #expect(table.text == "NODE    STATE\n1       up\n100000  down\n")
    }

    @Test func viewsBecomeTables() {
        let view = ClusterView(
            cluster: "local",
            answeredBy: "1",
            nodes: [.init(id: "1", address: "a:1", state: "up"), .init(id: "2", address: "b:2", state: "down")],
            partitions: [
                .init(id: "1", replicas: ["1", "2"], leader: "1", term: "3", committedIndex: "9", appliedIndex: "8"),
                .init(id: "2", replicas: ["1", "2"], leader: nil, term: "4", committedIndex: "9", appliedIndex: "8"),
            ]
        )
        #expect(
            view.nodesTable.text == """
                NODE  ADDRESS  STATE  LEADS
                1     a:1      up     1
                2     b:2      down   -

                """
        )
        #expect(
            view.partitionsTable.text == """
                PARTITION  LEADER  TERM  COMMITTED  APPLIED  REPLICAS
                1          1       3     9          8        1,2
                2          none    4     9          8        1,2

                """
        )
    }

    @Test(arguments: [
        ["status", "--endpoint", ""], ["status", "--endpoint", "127.0.0.1:7001"], ["status", "--output", "xml"],
        ["kv", "get"], ["kv", "put", "a"], ["kv", "put", "a", "b", "--if-absent", "--if-version", "1"],
        ["kv", "put", "a", "b", "--if-version", "one"], ["kv", "scan", "--limit", "0"], ["node", "drain", "two"],
        ["leader", "transfer"], ["nothing"], ["status", "--timeout", "0"],
    ])
    func wrongUsageIsTold(arguments: [String]) {
        let error = #expect(throws: (any Error).self) { try Galactl.parseAsRoot(arguments) }
        if let error { #expect(Galactl.exitCode(for: error) == .validationFailure) }
    }

    @Test func endpointsAreTriedInTheOrderInWhichTheyStand() throws {
        let options = try ConnectionOptions.parse(["--endpoint", "http://b:1/,https://a:2"])
        #expect(try options.endpoints() == ["http://b:1", "https://a:2"])
        #expect(try ConnectionOptions.parse([]).endpoints().map { String($0.suffix(4)) } == ["7001", "7002", "7003"])
    }

    @Test func failuresHaveTheirExitCodes() {
        #expect(Failure.failed("").exitCode == 1)
        #expect(Failure.usage("").exitCode == 2)
        #expect(Failure.unreachable("").exitCode == 3)
    }

    @Test func aNodeThatCannotBeReachedIsPassedOver() async throws {
        // Port 1 is never listened to on the loopback interface.
        let connection = ClusterConnection(
            endpoints: ["http://127.0.0.1:1", "http://127.0.0.1:1"],
            token: nil,
            timeoutSeconds: 2
        )
        let failure = await #expect(throws: Failure.self) { try await connection.ask(.PUT, "/v1/kv/a", body: [1]) }
        #expect(failure?.exitCode == 3)
        await connection.close()
    }
}
