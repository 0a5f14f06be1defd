import FoundationEssentials
import NIOHTTP1

/// A cluster of three real nodes.
struct Cluster: Sendable {
    let files: ClusterFiles
    let processes: [NodeProcess]
    /// nil on the loopback interface.
    let network: Network?
    let door: Door

    static let nodes = Array(ClusterFiles.nodes)

    /// Makes everything, and starts nothing.
    init(directory: String, binaries: ClusterFiles.Binaries, place: Enclosure.Place, hasFakeClock: Bool) throws {
        let files = try ClusterFiles(directory: directory, binaries: binaries, place: place)
        self.files = files
        network = place == .namespaces ? try Network(nodes: ClusterFiles.nodes) : nil
        processes = ClusterFiles.nodes.map { NodeProcess($0, files, hasFakeClock: hasFakeClock) }
        door = Door(token: files.token)
    }

    func process(of node: Int) -> NodeProcess { processes[node - 1] }

    func endpoint(of node: Int) -> String { files.endpoint(of: node) }

    /// Starts a new cluster and waits until every node serves.
    func begin() async throws {
        for process in processes { try await process.start(isFirst: true) }
        guard await isReady(within: .seconds(60)) else {
            throw Trouble("the cluster does not come to serve; see \(files.directory)/node1.log")
        }
    }

    /// Ends every process, at once.
    func end() async {
        for process in processes { await process.kill() }
        await door.close()
    }

    // MARK: Looking

    /// Whether all nodes say within a time that they are ready.
    func isReady(within patience: Duration) async -> Bool {
        for node in Self.nodes where !(await isReady(node, within: patience)) { return false }
        return true
    }

    func isReady(_ node: Int, within patience: Duration) async -> Bool {
        let end = ContinuousClock.now + patience
        while ContinuousClock.now < end, !Interruption.isRequested {
            if case .answer(let answer) = await door.ask(endpoint(of: node), .GET, "/readyz", timeout: .seconds(1)),
                answer.status == 200
            {
                return true
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    /// The cluster as a node sees it; nil where it does not say.
    func view(from node: Int) async -> ClusterView? {
        guard case .answer(let answer) = await door.ask(endpoint(of: node), .GET, "/v1/cluster", timeout: .seconds(1)),
            answer.status == 200
        else { return nil }
        return try? JSONDecoder().decode(ClusterView.self, from: Data(answer.body))
    }

    /// The cluster as the first node that answers sees it.
    func view() async -> ClusterView? {
        for node in Self.nodes {
            if let view = await view(from: node), view.partitions.contains(where: { $0.leader != nil }) { return view }
        }
        return nil
    }

    /// The node that leads the most partitions, as far as is known.
    func leader() async -> Int? { await view()?.busiestLeader }
}

/// What `GET /v1/cluster` says, as far as the harness needs it.
struct ClusterView: Decodable, Sendable {
    struct Partition: Decodable, Sendable {
        let id: String
        let leader: String?
        let committedIndex: String
        let appliedIndex: String

        var applied: Int { Int(appliedIndex) ?? 0 }
        var committed: Int { Int(committedIndex) ?? 0 }
    }

    let partitions: [Partition]

    var busiestLeader: Int? {
        let leaders = partitions.compactMap { $0.leader.flatMap { Int($0) } }
        return Cluster.nodes.filter { leaders.contains($0) }.max { one, other in
            leaders.count { $0 == one } < leaders.count { $0 == other }
        }
    }

    /// How far each partition has been applied on the asked node.
    var applied: [String: Int] { Dictionary(uniqueKeysWithValues: partitions.map { ($0.id, $0.applied) }) }
}
