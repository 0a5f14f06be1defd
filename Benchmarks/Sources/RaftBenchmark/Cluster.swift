import Raft

/// Three replicas of one group on one thread, the first of which leads.
struct Cluster {
    private var replicas: [Replica]
    private var post: Post
    /// Rounds of delivery that are enough for anything to settle.
    private static let patience = 64

    init(partition: PartitionID = PartitionID(1), options: RaftOptions = RaftOptions()) {
        let members = Configuration(voters: [NodeID(1), NodeID(2), NodeID(3)])
        replicas = members.voters.map { id in
            Replica(id: id, partition: partition, options: options, members: members)
        }
        post = Post(replicas: replicas.count)
        replicas[0].campaign()
        settle()
        precondition(replicas[0].core.role == .leader, "an undisturbed candidate wins")
    }

    /// Messages that were fed to all replicas.
    var steps: Int { replicas.reduce(0) { $0 + $1.steps } }

    /// Commands that all replicas have applied.
    var appliedEverywhere: Int { replicas.map(\.state.count).min() ?? 0 }

    /// One round: the leader takes the answers of the last round in, then proposes batch after batch without waiting,
    /// each leaving in messages of its own; then the followers take in what has arrived, and answer.
    mutating func round(of batches: Int, from commands: inout PreparedCommands) throws {
        deliver(to: 0)
        for _ in 0..<batches {
            try replicas[0].propose(commands.nextBatch())
            replicas[0].work(posting: &post)
        }
        for position in 1..<replicas.count { turn(of: position) }
    }

    /// Delivers and works until there is nothing to do: everything proposed is then applied everywhere.
    mutating func settle() {
        for _ in 0..<Self.patience {
            for position in replicas.indices { turn(of: position) }
            if post.isEmpty { return }
        }
        preconditionFailure("a group that nothing happens to comes to rest")
    }

    /// Throws unless every replica has applied exactly the commands that were proposed, in that order.
    func verify(_ proposed: AppliedCommands) throws {
        for replica in replicas where !replica.state.hasSameCommands(as: proposed) {
            throw BenchmarkFailure("replica \(replica.core.id) has not applied what was proposed")
        }
        guard replicas.allSatisfy({ $0.state == replicas[0].state }) else {
            throw BenchmarkFailure("the replicas have applied different logs")
        }
    }

    private mutating func turn(of position: Int) {
        deliver(to: position)
        replicas[position].work(posting: &post)
    }

    private mutating func deliver(to position: Int) {
        post.deliver(to: position) { replicas[position].step($0) }
    }
}

/// Why figures must not be believed.
struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
