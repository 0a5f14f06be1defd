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
                .init(
                    id: "2",
                    keys: .init(lower: "0167", upper: "101555", epoch: "3"),
                    replicas: ["1", "2"],
                    leader: nil,
                    term: "4",
                    committedIndex: "9",
                    appliedIndex: "8"
                ),
            ]
        )
        #expect(
            view.nodesTable.text == """
                NODE  ADDRESS  STATE  LEADS  PARTITIONS
                1     a:1      up     1      1
                2     b:2      down   0      -

                """
        )
        #expect(
            view.partitionsTable.text == """
                PARTITION  LEADER  TERM  COMMITTED  APPLIED  REPLICAS  EPOCH  KEYS
                1          1       3     9          8        1,2       -      -
                2          none    4     9          8        1,2       3      01"g" … 101555

                """
        )
    }

    @Test func usersBecomeATableThatPlaysNoTricks() {
        let user = UserView(
            id: "7",
            username: "amelie",
            name: "A\u{1B}[2J",
            email: "a@b.c",
            roles: ["donor", "agent"],
            createdAt: "2026-03-01T00:00:00.000Z"
        )
        #expect(
            UserView.table([user]).text == """
                ID  USERNAME  NAME        ROLES        SINCE
                7   amelie    A\\u{1B}[2J  donor,agent  2026-03-01T00:00:00.000Z

                """
        )
    }

    @Test func digitsAreAnIDAndNeverAName() {
        for text in ["7", "18446744073709551615"] { #expect(UserReference(text) == .id(text)) }
        for text in ["amelie", "7a", "07", "+7", "18446744073709551616", ""] {
            #expect(UserReference(text) == .name(text))
        }
    }

    @Test func aPasswordIsTheFirstLine() throws {
        #expect(try UserCreateAdmin.firstLine(Array("secret word\r\nrest".utf8)) == "secret word")
        #expect(throws: Failure.self) { try UserCreateAdmin.firstLine([]) }
        #expect(throws: Failure.self) { try UserCreateAdmin.firstLine([0xFF]) }
    }

    @Test func aVerificationTellsWhatIsBroken() {
        let sound = Verify.Report(
            holds: true,
            at: "7",
            time: "2026-11-21T12:00:00.000Z",
            counts: ["transfers": 2, "accounts": 3],
            currencies: [],
            breachCount: 0,
            breaches: []
        )
        #expect(
            Verify.text(sound) == """
                As of 2026-11-21T12:00:00.000Z:

                RECORDS    COUNT
                accounts   3
                transfers  2

                Everything holds.

                """
        )
        let broken = Verify.Report(
            holds: false,
            at: "7",
            time: "2026-11-21T12:00:00.000Z",
            counts: [:],
            currencies: [
                .init(currency: "USD", debits: "5", credits: "4", pendingDebits: "0", pendingCredits: "0")
            ],
            breachCount: 3,
            breaches: [.init(rule: "double-entry", detail: "USD: debits 5, credits 4")]
        )
        #expect(throws: Never.self) { try Verify.judge(sound) }
        let breach = #expect(throws: Failure.self) { try Verify.judge(broken) }
        #expect(breach?.exitCode == 1)
        #expect(Verify.text(broken).contains("double-entry  USD: debits 5, credits 4\n… and 2 more\n"))
        #expect(Verify.text(broken).contains("USD       5       4        0               0\n"))
    }

    @Test(arguments: [
        ("01", "01"), ("0135", "01\"5\""), ("0161622f", "01\"ab/\""), ("016100", "016100"), ("106162", "106162"),
        ("ff", "ff"), ("", ""),
    ])
    func keysAreShownAsTextWhereTheyAre(hexadecimal: String, text: String) {
        #expect(KeyText.of(hexadecimal: hexadecimal) == text)
    }

    @Test(arguments: [
        ["status", "--endpoint", ""], ["status", "--endpoint", "127.0.0.1:7001"], ["status", "--output", "xml"],
        ["kv", "get"], ["kv", "put", "a"], ["kv", "put", "a", "b", "--if-absent", "--if-version", "1"],
        ["kv", "put", "a", "b", "--if-version", "one"], ["kv", "scan", "--limit", "0"], ["node", "drain", "two"],
        ["leader", "transfer"], ["partition", "show"], ["partition", "show", "one"], ["nothing"],
        ["status", "--timeout", "0"], ["user", "list", "--limit", "0"],
        ["user", "show"], ["user", "role"], ["user", "create-admin", "a"],
    ])
    func wrongUsageIsTold(arguments: [String]) {
        let error = #expect(throws: (any Error).self) { try Galactl.parseAsRoot(arguments) }
        if let error { #expect(Galactl.exitCode(for: error) == .validationFailure) }
    }

    @Test func verifyWaitsLongerThanOthers() throws {
        for timeout in ["0", "3601"] {
            #expect(throws: (any Error).self) { try ConnectionOptions.parse(["--timeout", timeout]) }
        }
        #expect(try ConnectionOptions.parse(["--timeout", "3600"]).timeout == 3_600)
        #expect(try ConnectionOptions.parse([]).timeout == nil && ConnectionOptions.usualTimeout == 10)
    }

    @Test func endpointsAreTriedInTheOrderInWhichTheyStand() throws {
        let options = try ConnectionOptions.parse(["--endpoint", "http://b:1/,https://a:2"])
        #expect(try options.endpoints() == ["http://b:1", "https://a:2"])
        #expect(try ConnectionOptions.parse([]).endpoints().map { String($0.suffix(4)) } == ["7001", "7002", "7003"])
    }

    @Test func aProblemIsToldWithItsDetail() {
        let body = #"{"code": "username-taken", "title": "The user name is taken.", "detail": "Somebody has it."}"#
        let answer = ClusterConnection.Answer(endpoint: "a", status: 409, headers: [:], body: Array(body.utf8))
        #expect(
            ClusterConnection.problem(answer) == "username-taken: The user name is taken. Somebody has it."
        )
    }

    @Test func whoeverMayNotSeeTheClusterIsToldSo() {
        let body = #"{"code": "unauthenticated", "title": "A token is needed."}"#
        let answer = ClusterConnection.Answer(endpoint: "a", status: 401, headers: [:], body: Array(body.utf8))
        let failure = #expect(throws: Failure.self) { try ClusterView(answer) }
        #expect(failure?.description == "a: unauthenticated: A token is needed.")
    }

    @Test func failuresHaveTheirExitCodes() {
        #expect(Failure.failed("").exitCode == 1)
        #expect(Failure.usage("").exitCode == 2)
        #expect(Failure.unreachable("").exitCode == 3)
    }

    /// That nobody says whether the money adds up does not mean that it does not.
    @Test func withoutAVerdictNothingIsBroken() async throws {
        let silent = try SilentNode()
        defer { silent.end() }
        for endpoint in ["http://127.0.0.1:1", "http://127.0.0.1:\(silent.port)"] {
            let verify = try Verify.parse(["--endpoint", endpoint, "--timeout", "1", "--token", "t"])
            let failure = await #expect(throws: Failure.self) { try await verify.run() }
            #expect(failure?.exitCode == 3, "\(endpoint)")
        }
        // A write that was not answered may have happened: that is a failure.
        let put = try KeyValuePut.parse([
            "a", "b", "--endpoint", "http://127.0.0.1:\(silent.port)", "--timeout", "1", "--token", "t",
        ])
        let failure = await #expect(throws: Failure.self) { try await put.run() }
        #expect(failure?.exitCode == 1)
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
