import ArgumentParser
import FoundationEssentials
import NIOHTTP1

/// Lists keys.
struct KeyValueScan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "List keys in their order, with versions and values.",
        discussion: """
            Values that are not text are shown by their length only; JSON has all of them, in base64.

            EXAMPLE
              galactl kv scan events/ --limit 20
            """
    )

    private struct Page: Decodable {
        let items: [Item]
        let nextCursor: String?
    }

    fileprivate struct Item: Codable {
        let key: String?
        let keyBase64: String?
        let value: String
        let version: String
    }

    private static let pageLimit = 1_000

    @Argument(help: "What the keys begin with.")
    var prefix = ""
    @Option(help: "The most keys that are listed.")
    var limit = 100
    @Option(help: "How up to date the values are to be.")
    var consistency = Consistency.linearizable
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1") }
    }

    func run() async throws {
        let items: [Item] = try await connection.withCluster { cluster in try await self.items(cluster) }
        guard connection.output == .table else { return try JSONOutput.write(["items": items]) }
        let rows = items.map { item in [item.shownKey, item.version, item.shownValue] }
        Console.write(Table(["KEY", "VERSION", "VALUE"], rows).text)
    }

    private func items(_ cluster: ClusterConnection) async throws -> [Item] {
        var items: [Item] = []
        var cursor: String?
        repeat {
            let count = min(limit - items.count, Self.pageLimit)
            var path = "/v1/kv?prefix=\(KeyInAddress.encode(prefix.utf8))&limit=\(count)"
            path += "&consistency=\(consistency.rawValue)"
            if let cursor { path += "&cursor=\(cursor)" }
            let answer = try await cluster.ask(.GET, path)
            guard let page = try? JSONDecoder().decode(Page.self, from: Data(answer.body)) else {
                throw Failure.failed("\(answer.endpoint): its answer cannot be understood")
            }
            items += page.items
            cursor = page.nextCursor
        } while cursor != nil && items.count < limit
        return items
    }
}

extension KeyValueScan.Item {
    fileprivate var shownKey: String { key.map(Self.shown) ?? "base64:" + (keyBase64 ?? "") }

    fileprivate var shownValue: String {
        guard let bytes = Data(base64Encoded: value) else { return "?" }
        guard let text = String(validating: bytes, as: UTF8.self), text.count <= 60 else {
            return "\(bytes.count) bytes"
        }
        return Self.shown(text)
    }

    /// Control characters escaped, so that no key and no value can play with the terminal.
    private static func shown(_ text: String) -> String {
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? $0.escaped(asASCII: true) : String($0) }
            .joined()
    }
}
