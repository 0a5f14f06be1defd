internal import Raft

/// Which other nodes are heard. Groups that sleep send nothing, so nodes say that they live on their behalf.
///
/// Time is counted in ticks of the loop that listens: a node that was stopped hears nothing and counts nothing.
struct NodeLiveness {
    private struct Peer {
        let node: NodeID
        var ticksSinceHeard = 0
        var ticksSinceSent = 0
        var isSilent = false
        /// Which life of the node's process was heard last.
        var incarnation: UInt64?
    }

    /// Ascending by node.
    private var peers: [Peer]
    private let silenceTicks: Int
    private let signTicks: Int

    /// What a tick has brought.
    struct Change {
        /// Nodes that were heard until now.
        var silent: [NodeID] = []
        /// Nodes that have to be told that this one lives.
        var signs: [NodeID] = []
    }

    init(_ nodes: [NodeID], silenceTicks: Int, signTicks: Int) {
        precondition(silenceTicks > signTicks, "a node says that it lives before it is taken for dead")
        peers = nodes.sorted().map { Peer(node: $0) }
        self.silenceTicks = silenceTicks
        self.signTicks = signTicks
    }

    mutating func tick() -> Change {
        var change = Change()
        for place in peers.indices {
            peers[place].ticksSinceHeard += 1
            peers[place].ticksSinceSent += 1
            if !peers[place].isSilent, peers[place].ticksSinceHeard >= silenceTicks {
                peers[place].isSilent = true
                change.silent.append(peers[place].node)
            }
            if peers[place].ticksSinceSent >= signTicks { change.signs.append(peers[place].node) }
        }
        return change
    }

    mutating func sent(to node: NodeID) {
        if let place = place(of: node) { peers[place].ticksSinceSent = 0 }
    }

    /// A node was heard. Returns true when it had been taken for dead.
    mutating func heard(_ node: NodeID) -> Bool {
        guard let place = place(of: node) else { return false }
        peers[place].ticksSinceHeard = 0
        guard peers[place].isSilent else { return false }
        peers[place].isSilent = false
        return true
    }

    /// A node has introduced itself. Returns true when it is another life of it than the one before.
    mutating func met(_ node: NodeID, incarnation: UInt64) -> Bool {
        guard let place = place(of: node) else { return false }
        defer { peers[place].incarnation = incarnation }
        return peers[place].incarnation != incarnation
    }

    private func place(of node: NodeID) -> Int? { peers.firstIndex { $0.node == node } }
}
