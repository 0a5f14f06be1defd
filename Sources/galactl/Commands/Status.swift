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
        let leaderless = view.partitions.filter { $0.leader == nil }.map(\.id)
        if !leaderless.isEmpty {
            Console.write("\nnobody is known to lead: " + leaderless.joined(separator: ", ") + "\n")
        }
    }
}

extension ClusterView {
    var nodesTable: Table {
        Table(
            ["NODE", "ADDRESS", "STATE", "LEADS", "PARTITIONS"],
            nodes.map { node in
                let leads = partitions.filter { $0.leader == node.id }.map(\.id)
                let ids = leads.isEmpty ? "-" : leads.joined(separator: ",")
                return [node.id, node.address, node.state, "\(leads.count)", ids]
            }
        )
    }

    var partitionsTable: Table {
        Table(
            ["PARTITION", "LEADER", "TERM", "COMMITTED", "APPLIED", "REPLICAS", "EPOCH", "KEYS"],
            partitions.map { partition in
                [
                    partition.id, partition.leader ?? "none", partition.term, partition.committedIndex,
                    partition.appliedIndex, partition.replicas.joined(separator: ","), partition.keys?.epoch ?? "-",
                    partition.keysText,
                ]
            }
        )
    }
}

extension ClusterView.Partition {
    /// From the first key up to, and without, the upper one.
    var keysText: String {
        keys.map { KeyText.of(hexadecimal: $0.lower) + " … " + KeyText.of(hexadecimal: $0.upper) } ?? "-"
    }
}

/// Stored keys for people: what operators have put is text, as a rule; everything else is bytes.
enum KeyText {
    /// `01"g"` for `0167`: the byte that says that it is an operator's, and their key. Other keys stay in hexadecimal.
    static func of(hexadecimal: String) -> String {
        let space = hexadecimal.prefix(2)
        var rest = hexadecimal.dropFirst(2)
        guard space == "01", !rest.isEmpty else { return hexadecimal }
        var text = ""
        while !rest.isEmpty {
            guard let byte = UInt8(rest.prefix(2), radix: 16), 0x20...0x7E ~= byte else { return hexadecimal }
            text.unicodeScalars.append(UnicodeScalar(byte))
            rest = rest.dropFirst(2)
        }
        return space + "\"" + text + "\""
    }
}
