import ArgumentParser
import NIOHTTP1

/// Verbs about partitions.
struct PartitionCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "partition",
        abstract: "List partitions; look at one as every node sees it.",
        subcommands: [List.self, Show.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the partitions: who leads them, and which keys they own.",
            discussion: """
                A key begins with a byte that says whose it is: 01 operators', 10 the domain's. What is text stands in \
                quotes, other bytes in hexadecimal. The upper end is not part of the partition.

                EXAMPLE
                  galactl partition list
                """
        )

        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let view = try await connection.withCluster { try await ClusterView($0.ask(.GET, "/v1/cluster")) }
            guard connection.output == .table else { return try JSONOutput.write(view.partitions) }
            Console.write(view.partitionsTable.text)
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one partition as every node that can be reached sees it.",
            discussion: "EXAMPLE\n  galactl partition show 6"
        )

        /// A partition in the eyes of one node.
        struct Sight: Encodable {
            let node: String
            let partition: ClusterView.Partition
        }

        @Argument(help: "The partition's number.")
        var partition: UInt64
        @OptionGroup var connection: ConnectionOptions

        func run() async throws {
            let sights = try await connection.withCluster { try await look($0) }
            guard let first = sights.first else { throw Failure.failed("there is no partition \(partition)") }
            guard connection.output == .table else { return try JSONOutput.write(sights) }
            Console.write("partition \(partition), keys \(first.partition.keysText)\n\n" + Self.table(sights).text)
        }

        private func look(_ cluster: ClusterConnection) async throws -> [Sight] {
            var sights: [Sight] = []
            var last: (any Error)?
            var answers = 0
            for endpoint in cluster.endpoints {
                do {
                    let view = try ClusterView(await cluster.ask(endpoint, .GET, "/v1/cluster"))
                    answers += 1
                    for found in view.partitions where found.id == String(partition) {
                        sights.append(Sight(node: view.answeredBy, partition: found))
                    }
                } catch {
                    last = error
                }
            }
            if let last = last as? Failure, answers == 0 { throw last }
            if answers == 0, let last { throw Failure.unreachable(ClusterConnection.text(last)) }
            return sights
        }

        static func table(_ sights: [Sight]) -> Table {
            Table(
                ["SEEN BY", "LEADER", "TERM", "COMMITTED", "APPLIED", "REPLICAS", "EPOCH"],
                sights.map { sight in
                    let partition = sight.partition
                    return [
                        sight.node, partition.leader ?? "none", partition.term, partition.committedIndex,
                        partition.appliedIndex, partition.replicas.joined(separator: ","),
                        partition.keys?.epoch ?? "-",
                    ]
                }
            )
        }
    }
}
