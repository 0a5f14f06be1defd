import Raft

/// Lets everything happen that can happen without time passing.
extension Interpreter {
    /// More rounds than any script needs: a fixpoint that is not reached by then never is.
    private static let maxRounds = 300

    mutating func stabilize() throws(CommandError) {
        for _ in 0..<Self.maxRounds {
            guard try doWork() else { return }
        }
        throw CommandError("nothing comes to rest in \(Self.maxRounds) rounds")
    }

    /// One round: disks and state machines first, then every message that is on its way. Returns false when there was
    /// nothing to do.
    private mutating func doWork() throws(CommandError) -> Bool {
        var hasWorked = false
        for node in nodes where node.isFed || touched.contains(node.id) {
            try takeEffects(node.id)
            hasWorked = true
        }
        for id in running {
            while try hasWork(id, .disk, { !$0.unwritten.isEmpty || !$0.unreported.isEmpty }) { try syncNext(id) }
            while try hasWork(id, .machine, { !$0.committed.isEmpty }) { try applyNext(id) }
            while try hasWork(id, .reads, { !$0.logReads.isEmpty }) { try serveLogRead(id) }
            while try hasWork(id, .snapshots, { !$0.snapshots.isEmpty }) {
                guard let request = try node(id).snapshots.first else { break }
                try streamSnapshot(from: id, to: request.follower)
            }
        }
        for id in touched.sorted() {
            try takeEffects(id)
            hasWorked = true
        }
        let arriving = network.filter { envelope in !holds.contains { $0.matches(envelope) } }
        network.removeAll { envelope in !holds.contains { $0.matches(envelope) } }
        for envelope in arriving { try arrive(envelope, at: envelope.to) }
        for id in touched.sorted() {
            try takeEffects(id)
            hasWorked = true
        }
        return hasWorked
    }

    private func hasWork(_ id: NodeID, _ part: Node.Part, _ exists: (Node) -> Bool) throws(CommandError) -> Bool {
        let node = try node(id)
        return exists(node) && !node.stalled.contains(part)
    }
}
