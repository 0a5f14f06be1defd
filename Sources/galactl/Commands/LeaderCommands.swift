import ArgumentParser
import FoundationEssentials
import NIOHTTP1

/// Verbs about leaderships.
struct LeaderCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leader",
        abstract: "Move leaderships.",
        subcommands: [Transfer.self]
    )

    struct Transfer: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have the leader of a partition hand over to another node.",
            discussion: "EXAMPLE\n  galactl leader transfer 1 --to 3"
        )

        private struct Order: Encodable {
            let to: String?
        }

        @Argument(help: "The partition's number.")
        var partition: UInt64
        @Option(help: "The node that is to lead; without it, whichever is best.")
        var to: UInt64?
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let body = [UInt8](try JSONEncoder().encode(Order(to: to.map { String($0) })))
            _ = try await connection.withCluster {
                try await $0.ask(
                    .POST,
                    "/v1/cluster/partitions/\(partition)/transfer-leadership",
                    headers: [("Content-Type", "application/json")],
                    body: body
                )
            }
            try Done(done: "partition \(partition) was handed over").write(connection.output)
        }
    }
}
