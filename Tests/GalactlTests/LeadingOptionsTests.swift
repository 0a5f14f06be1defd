import ArgumentParser
import Testing

@testable import galactl

@Suite struct LeadingOptionsTests {
    /// What the tool makes of a line, with its words divided by spaces.
    private static func moved(_ line: String) -> String {
        LeadingOptions.moved(line.split(separator: " ").map(String.init)).joined(separator: " ")
    }

    @Test(arguments: [
        ("--output json status", "status --output json"),
        ("--output=json status", "status --output=json"),
        ("--endpoint http://a:1 --token t --timeout 5 status", "status --endpoint http://a:1 --token t --timeout 5"),
        ("--token t= kv put a b", "kv put a b --token t="),
        ("--output json kv put a -- -b", "kv put a --output json -- -b"),
        ("--output json -- status", "--output json -- status"),
    ])
    func theyGoBehindTheVerb(line: String, expected: String) { #expect(Self.moved(line) == expected) }

    @Test func theyGoBeforeThoseThatStandBehindTheVerb() throws {
        let line = ["--timeout", "5", "--output", "json", "kv", "get", "a", "--timeout", "7"]
        let moved = LeadingOptions.moved(line)
        #expect(moved == ["kv", "get", "a", "--timeout", "5", "--output", "json", "--timeout", "7"])
        let command = try Galactl.parseAsRoot(moved)
        let get = try #require(command as? KeyValueGet)
        #expect(get.connection.timeout == 7 && get.connection.output == .json)
    }

    @Test func everySharedOptionMayStandBeforeTheVerb() throws {
        let line = ["--endpoint", "http://a:1", "--token=t", "--output", "json", "--timeout", "5", "status"]
        let command = try Galactl.parseAsRoot(LeadingOptions.moved(line))
        let status = try #require(command as? Status)
        #expect(status.connection.endpoint == "http://a:1" && status.connection.token == "t")
        #expect(status.connection.output == .json && status.connection.timeout == 5)
    }

    @Test(arguments: [
        "", "status", "status --output json", "--help", "--help kv scan", "--version", "--verbose status",
        "--verbose --output json status", "--outputs json status", "kv put a -- --output json", "--output",
        "--generate-completion-script bash",
    ])
    func allElseStaysAsItIs(line: String) { #expect(Self.moved(line) == line) }

    @Test func anUnknownOptionStaysInFront() {
        #expect(Self.moved("--output json --verbose status") == "--verbose status --output json")
        #expect(Self.moved("--output json --help") == "--help --output json")
    }

    @Test(arguments: [["--output"], ["--output", "--token", "t", "status"], ["--output", "xml", "status"]])
    func wrongUsageIsTold(arguments: [String]) {
        let error = #expect(throws: (any Error).self) {
            try Galactl.parseAsRoot(LeadingOptions.moved(arguments))
        }
        if let error { #expect(Galactl.exitCode(for: error) == .validationFailure) }
    }
}
