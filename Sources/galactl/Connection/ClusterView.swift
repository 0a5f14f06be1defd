import FoundationEssentials

/// What `GET /v1/cluster` says.
struct ClusterView: Codable, Equatable {
    struct Node: Codable, Equatable {
        let id: String
        let address: String
        let state: String
    }

    /// What a partition owns: keys in hexadecimal.
    struct Keys: Codable, Equatable {
        let lower: String
        let upper: String
        let epoch: String
    }

    struct Partition: Codable, Equatable {
        let id: String
        var keys: Keys?
        let replicas: [String]
        let leader: String?
        let term: String
        let committedIndex: String
        let appliedIndex: String
    }

    let cluster: String
    let answeredBy: String
    let nodes: [Node]
    let partitions: [Partition]

    init(cluster: String, answeredBy: String, nodes: [Node], partitions: [Partition]) {
        self.cluster = cluster
        self.answeredBy = answeredBy
        self.nodes = nodes
        self.partitions = partitions
    }

    init(_ answer: ClusterConnection.Answer) throws {
        guard answer.status < 400 else {
            throw Failure.failed("\(answer.endpoint): \(ClusterConnection.problem(answer))")
        }
        do {
            self = try JSONDecoder().decode(ClusterView.self, from: Data(answer.body))
        } catch {
            throw Failure.failed("\(answer.endpoint): its answer cannot be understood; is it a Gala node?")
        }
    }
}
