import Logging
import Testing

@testable import gala

@Suite struct ConfigurationTests {
    private static let file = """
        {"cluster": {"id": "local", "peers": {"1": "127.0.0.1:7101", "2": "127.0.0.1:7102"}},
         "node": {"id": 1, "listen": "127.0.0.1:7101"}, "http": {"listen": "[::1]:7001"},
         "data": {"directory": "var/node1"}, "security": {"accounts": "a.json", "tokenKeys": "k.json"}}
        """

    private func read(
        _ file: String? = file,
        _ environment: [String: String] = [:],
        _ commandLine: [String: String] = [:]
    ) throws(InvalidConfiguration) -> Configuration {
        let settings = try Settings(
            file: file.map { Array($0.utf8) },
            environment: environment,
            commandLine: commandLine
        )
        return try Configuration(settings)
    }

    private func faults(
        _ file: String? = file,
        _ environment: [String: String] = [:],
        _ commandLine: [String: String] = [:]
    ) -> [String] {
        do throws(InvalidConfiguration) {
            _ = try read(file, environment, commandLine)
            return []
        } catch {
            return error.faults.map(\.description)
        }
    }

    @Test func aFileIsEnough() throws {
        let configuration = try read()
        #expect(configuration.clusterID == "local")
        #expect(configuration.clusterNumber == 0x6C_6F_63_61_6C)
        #expect(configuration.nodeID == 1)
        #expect(configuration.peers == [2: .init(host: "127.0.0.1", port: 7102)])
        #expect(configuration.httpListen == .init(host: "::1", port: 7001))
        #expect(configuration.httpListen.description == "[::1]:7001")
        #expect(configuration.tokenSeconds == 900)
        #expect(configuration.httpConnections == 10_000)
        #expect(configuration.partitions == 16)
        #expect(configuration.logLevel == .info)
        #expect(configuration.identity == nil)
    }

    @Test func optionsWinOverTheEnvironmentAndThatOverTheFile() throws {
        let environment = ["GALA_NODE_ID": "2", "GALA_LOG_LEVEL": "debug", "GALA_TOKEN": "x", "HOME": "/"]
        let configuration = try read(Self.file, environment, ["log.level": "warning"])
        #expect(configuration.nodeID == 2)
        #expect(configuration.logLevel == .warning)
        #expect(configuration.peers == [1: .init(host: "127.0.0.1", port: 7101)])
    }

    @Test func theEnvironmentIsEnough() throws {
        let configuration = try read(
            nil,
            [
                "GALA_CLUSTER_ID": "a-1", "GALA_CLUSTER_PEERS": "1=a:1,2=b:2", "GALA_NODE_ID": "1",
                "GALA_NODE_LISTEN": "a:1", "GALA_NODE_CERTIFICATE": "c", "GALA_NODE_KEY": "k",
                "GALA_NODE_AUTHORITY": "ca", "GALA_HTTP_LISTEN": "a:3", "GALA_DATA_DIRECTORY": "d",
                "GALA_SECURITY_ACCOUNTS": "x", "GALA_SECURITY_TOKEN_KEYS": "y", "GALA_SECURITY_TOKEN_SECONDS": "60",
                "GALA_STORE_PARTITIONS": "256",
            ]
        )
        #expect(configuration.partitions == 256)
        #expect(configuration.peers == [2: .init(host: "b", port: 2)])
        #expect(configuration.identity == .init(certificate: .init(chain: "c", key: "k"), authority: "ca"))
        #expect(configuration.tokenSeconds == 60)
    }

    @Test func everythingThatIsMissingIsTold() {
        #expect(
            faults("{}") == [
                "cluster.id: must be set", "data.directory: must be set", "http.listen: must be set",
                "node.id: must be set", "node.listen: must be set", "security.accounts: must be set",
                "security.tokenKeys: must be set",
            ]
        )
    }

    @Test(arguments: [
        ("node.id", "0", "must be a whole number from 1 to 2147483647"), ("node.id", "one", "must be a whole number"),
        ("node.listen", "7101", "must be HOST:PORT"), ("node.listen", "a:", "must be HOST:PORT"),
        ("node.listen", ":1", "must be HOST:PORT"), ("http.listen", "a:65536", "must be HOST:PORT"),
        ("http.listen", "a:0", "must be HOST:PORT"), ("http.listen", "::1:70", "must be HOST:PORT"),
        ("http.listen", "http://a:70", "must be HOST:PORT"), ("log.level", "loud", "must be one of trace, debug"),
        ("cluster.id", "Über", "must be at most 16"), ("cluster.id", "12345678901234567", "must be at most 16"),
        ("cluster.peers", "2", "must give each node's number"),
        ("cluster.peers", "0=a:1", "must give each node's number"),
        ("cluster.peers", "2=a:1,2=b:1", "must give each node's number"),
        ("cluster.peers", "", "must give each node's number"), ("cluster.peers", "=", "must give each node's number"),
        ("cluster.peers", ",", "must give each node's number"),
        ("cluster.peers", "1=127.0.0.1:7101,=", "must give each node's number"),
        ("cluster.peers", "=a:1", "must give each node's number"), ("cluster.peers", "2=", "must give each node's"),
        ("cluster.peers", "4294967296=a:1", "must give each node's number"),
        ("cluster.peers", "18446744073709551615=a:1", "must give each node's number"),
        ("data.directory", "a\0b", "must not contain NUL"), ("data.directory", "", "must be a text"),
        ("store.partitions", "0", "from 1 to 256"), ("store.partitions", "257", "from 1 to 256"),
        (
            "cluster.peers",
            (2...8).map { "\($0)=127.0.0.1:\(7100 + $0)" }.joined(separator: ","),
            "must name at most 7 nodes"
        ), ("security.tokenSeconds", "59", "from 60 to 86400"), ("http.connections", "-1", "from 1 to 1000000"),
    ])
    func rulesAreToldWithTheOptionThatBreaksThem(name: String, value: String, rule: String) throws {
        let option = try #require(SettingName(rawValue: name)).option
        let told = faults(Self.file, [:], [name: value])
        #expect(told.count == 1)
        #expect(told.first?.hasPrefix(option + ": ") == true)
        #expect(told.first?.contains(rule) == true)
    }

    @Test func certificatesComeWhole() {
        #expect(faults(Self.file, [:], ["http.key": "k"]) == ["http.certificate: must be set together with http.key"])
        #expect(
            faults(Self.file, [:], ["node.certificate": "c", "node.key": "k"])
                == ["node.authority: must be set together with node.certificate and node.key"]
        )
        #expect(
            faults(Self.file, [:], ["cluster.peers": "2=10.0.0.2:7101"])
                == ["node.certificate: must be set unless all nodes are on the loopback interface"]
        )
    }

    @Test func certificatesThatCannotBeUsedAreToldBeforeAnythingStarts() throws {
        let nothing = "/nowhere/certificate"
        let no = "\(nothing) cannot be read"
        let configuration = try read(
            Self.file,
            [:],
            [
                "node.certificate": nothing, "node.key": "/dev/null", "node.authority": nothing,
                "http.certificate": "/dev/null", "http.key": nothing,
            ]
        )
        #expect(
            configuration.certificateFaults.map(\.description) == [
                "node.certificate: \(no)", "node.key: /dev/null holds no key as PEM", "node.authority: \(no)",
                "http.certificate: /dev/null holds no certificate as PEM", "http.key: \(no)",
            ]
        )
        #expect(try read().certificateFaults == [])
    }

    @Test func whatNobodyKnowsIsTold() {
        #expect(faults(#"{"nodes": {"id": 1}}"#) == ["nodes: is not a setting"])
        #expect(faults(#"{"node": {"ids": 1}}"#) == ["node.ids: is not a setting"])
        #expect(faults(#"{"node": 1}"#) == ["node: is not a setting"])
        #expect(faults(Self.file, ["GALA_NODE_IDS": "1"]) == ["GALA_NODE_IDS: is not a setting"])
        for text in ["", "[]", "{", "{} x", "\"a\""] {
            #expect(faults(text) == ["the file: must be a JSON object of objects"])
        }
    }

    @Test func valuesOfTheWrongKindAreTold() {
        let wrong = Self.file.replacing("\"var/node1\"", with: "[1]").replacing("\"local\"", with: "true")
        #expect(
            faults(wrong) == [
                "cluster.id: must be a text that is not empty", "data.directory: must be a text that is not empty",
            ]
        )
    }
}
