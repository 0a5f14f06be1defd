import ArgumentParser
import NIOHTTP1

/// The cluster as one node sees it.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show nodes and partitions as one node sees them.",
        discussion: "EXAMPLE\n  galactl status --endpoint http://127.0.0.1:7002 --output json"
    )

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let view = try await connection.withCluster { try await ClusterView($0.ask(.GET, "/v1/cluster")) }
        guard connection.output == .table else { return try JSONOutput.write(view) }
        Console.write("cluster \(view.cluster), as node \(view.answeredBy) sees it\n\n")
        Console.write(view.nodesTable.text + "\n" + view.partitionsTable.text)
    }
}

extension ClusterView {
    var nodesTable: Table {
        Table(
            ["NODE", "ADDRESS", "STATE", "LEADS"],
            nodes.map { node in
                let leads = partitions.filter { $0.leader == node.id }.map(\.id)
                return [node.id, node.address, node.state, leads.isEmpty ? "-" : leads.joined(separator: ",")]
            }
        )
    }

    var partitionsTable: Table {
        Table(
            ["PARTITION", "LEADER", "TERM", "COMMITTED", "APPLIED", "REPLICAS"],
            partitions.map { partition in
                [
                    partition.id, partition.leader ?? "none", partition.term, partition.committedIndex,
                    partition.appliedIndex, partition.replicas.joined(separator: ","),
                ]
            }
        )
    }
}
