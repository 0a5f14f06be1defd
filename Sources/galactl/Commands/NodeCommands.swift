import ArgumentParser
import NIOHTTP1

/// Verbs about nodes.
struct NodeCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node",
        abstract: "List nodes; have one give its leaderships away before it is stopped.",
        subcommands: [List.self, Drain.self, Undrain.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the nodes of the cluster.",
            discussion: "EXAMPLE\n  galactl node list"
        )

        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let view = try await connection.withCluster { try await ClusterView($0.ask(.GET, "/v1/cluster")) }
            guard connection.output == .table else { return try JSONOutput.write(view.nodes) }
            Console.write(view.nodesTable.text)
        }
    }

    struct Drain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have a node give all leaderships away and take no new ones.",
            discussion: "EXAMPLE\n  galactl node drain 2 && systemctl restart gala && galactl node undrain 2"
        )

        @Argument(help: "The node's number.")
        var node: UInt64
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            _ = try await connection.withCluster { try await $0.ask(.POST, "/v1/cluster/nodes/\(node)/drain") }
            try Done(done: "node \(node) leads nothing now").write(connection.output)
        }
    }

    struct Undrain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a drained node lead again.",
            discussion: "EXAMPLE\n  galactl node undrain 2"
        )

        @Argument(help: "The node's number.")
        var node: UInt64
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            _ = try await connection.withCluster { try await $0.ask(.POST, "/v1/cluster/nodes/\(node)/undrain") }
            try Done(done: "node \(node) may lead again").write(connection.output)
        }
    }
}

/// What was done, in words.
struct Done: Encodable {
    let done: String

    func write(_ format: OutputFormat) throws {
        switch format {
        case .table: Console.write(done + "\n")
        case .json: try JSONOutput.write(self)
        }
    }
}
