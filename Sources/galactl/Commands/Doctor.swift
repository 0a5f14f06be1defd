import ArgumentParser
import FoundationEssentials
import NIOHTTP1

/// Looks at every node for what commonly goes wrong.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Examine every node: can it be reached, is it ready, do all agree, does the token hold.",
        discussion: "Exits with 1 where something is wrong.\n\nEXAMPLE\n  galactl doctor"
    )

    private struct Finding: Encodable {
        let subject: String
        let isGood: Bool
        let text: String
    }

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        let findings = try await connection.withCluster { cluster in
            var findings: [Finding] = []
            var views: [ClusterView] = []
            var isAnyReached = false
            for endpoint in cluster.endpoints {
                do {
                    findings += try await examine(endpoint, cluster, &views)
                    isAnyReached = true
                } catch {
                    // A node that turns this token away has answered all the same.
                    if error is Failure { isAnyReached = true }
                    let reason = (error as? Failure).map(\.description) ?? ClusterConnection.text(error)
                    findings.append(Finding(subject: endpoint, isGood: false, text: reason))
                }
            }
            guard isAnyReached else { throw Failure.unreachable("no node can be reached: \(findings.map(\.text))") }
            return views.isEmpty ? findings : findings + compare(views)
        }
        switch connection.output {
        case .json: try JSONOutput.write(findings)
        case .table:
            Console.write(
                Table(["", "WHERE", "WHAT"], findings.map { [$0.isGood ? "ok" : "!!", $0.subject, $0.text] }).text
            )
        }
        let bad = findings.filter { !$0.isGood }
        if !bad.isEmpty { throw Failure.failed("\(bad.count) of \(findings.count) findings are bad") }
    }

    private func examine(
        _ endpoint: String,
        _ cluster: ClusterConnection,
        _ views: inout [ClusterView]
    ) async throws -> [Finding] {
        var findings: [Finding] = []
        let ready = try await cluster.ask(endpoint, .GET, "/readyz?verbose")
        for line in String(decoding: ready.body, as: UTF8.self).split(separator: "\n") where line.hasPrefix("[") {
            findings.append(
                Finding(subject: endpoint, isGood: line.hasPrefix("[+]"), text: String(line.dropFirst(4)))
            )
        }
        views.append(try ClusterView(await cluster.ask(endpoint, .GET, "/v1/cluster")))
        let read = try await cluster.ask(endpoint, .GET, "/v1/kv?limit=1")
        findings.append(
            Finding(
                subject: endpoint,
                isGood: read.status == 200,
                text: read.status == 200 ? "reads with this token" : "cannot read: " + ClusterConnection.problem(read)
            )
        )
        return findings
    }

    /// Whether nodes tell the same of what they must agree on.
    private func compare(_ views: [ClusterView]) -> [Finding] {
        let clusters = Set(views.map(\.cluster)).sorted()
        var findings = [
            Finding(
                subject: "cluster",
                isGood: clusters.count == 1,
                text: clusters.count == 1
                    ? "all are of cluster \(clusters[0])"
                    : "they are of different clusters: " + clusters.joined(separator: ", ")
            )
        ]
        let down = Set(views.flatMap(\.nodes).filter { $0.state == "down" }.map(\.id)).sorted()
        for node in down {
            findings.append(Finding(subject: "node \(node)", isGood: false, text: "another node does not hear of it"))
        }
        for id in Set(views.flatMap(\.partitions).map(\.id)).sorted() {
            let told = views.flatMap(\.partitions).filter { $0.id == id }
            let newest = told.compactMap { UInt64($0.term) }.max() ?? 0
            let leaders = Set(told.filter { UInt64($0.term) == newest }.compactMap(\.leader)).sorted()
            let text =
                switch leaders.count {
                case 0: "nobody leads it"
                case 1: "node \(leaders[0]) leads it in term \(newest)"
                default: "nodes \(leaders.joined(separator: " and ")) lead it in the same term: stop writing, and look"
                }
            findings.append(Finding(subject: "partition \(id)", isGood: leaders.count == 1, text: text))
        }
        return findings
    }
}
