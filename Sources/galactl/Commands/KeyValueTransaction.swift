import ArgumentParser
import FoundationEssentials
import NIOHTTP1

/// Changes several keys at one moment, or none.
struct KeyValueTransaction: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "txn",
        abstract: "Run one transaction over any keys: reads, checks, writes and additions at one moment, or nothing.",
        discussion: """
            The transaction is JSON: {"id"?, "reads"?: [key], "checks"?: [{"key", "exists" | "version"}], "writes"?: \
            [{"key", "value": base64, "insert"?} | {"key", "delete": true}], "adds"?: [{"key", "delta", "floor"?, \
            "ceiling"?}], "deadlineMs"?}. With an id it happens once, however often it is sent. It has at most \
            1,000 operations, and reads at most 4 MiB.

            EXAMPLE
              galactl kv txn '{"id": "move-17", "adds": [{"key": "a", "delta": -5, "floor": 0}, {"key": "b", "delta": 5}]}'
              galactl kv txn - < transaction.json
            """
    )

    @Argument(help: "The transaction; - takes it from the standard input.")
    var transaction: String
    @OptionGroup var connection: ConnectionOptions

    private struct Answer: Decodable {
        struct Read: Decodable {
            let key: String
            let value: String?
            let version: String?
        }

        let outcome: String
        let timestamp: String
        let reads: [Read]?
    }

    func run() async throws {
        let body = transaction == "-" ? try Console.readAll() : Array(transaction.utf8)
        let answer = try await connection.withCluster {
            try await $0.ask(
                .POST,
                "/v1/kv/transactions",
                headers: [("Content-Type", "application/json")],
                body: body
            )
        }
        guard connection.output == .table else { return Console.write(answer.body + [UInt8(ascii: "\n")]) }
        let told = try JSONDecoder().decode(Answer.self, from: Data(answer.body))
        Console.write("\(told.outcome) at \(told.timestamp)\n")
        for read in told.reads ?? [] {
            let bytes = read.value.flatMap { Data(base64Encoded: $0) }
            let text = bytes.map { String(decoding: $0, as: UTF8.self) } ?? "no value"
            Console.write("\(read.key)\t\(text)\t\(read.version ?? "")\n")
        }
    }
}
