internal import Raft

/// What a store takes in while its disk fills up, so that it is read from as long as there is a sector left:
///
///                                              enough   little   nothing   a write has found no room
///     commands that write data                 yes      no       no        no
///     commands that readers wait for           yes      yes      no        no
///     other nodes' entries                     yes      yes      no        no
///     no-ops and configurations                yes      yes      yes       no
///     snapshots                                yes      yes      no        no
///     votes, heartbeats, reads                 yes      yes      yes       no
///
/// What a leader does not take cannot come to its followers: they take what it has taken. So a leader refuses, too, what
/// a quorum has no room for, as far as it is known who has how much.
extension Store {
    /// True while commands that write data are refused here, whoever leads.
    public var shedsWrites: Bool { room < .enough || isEngineFull }

    /// How much room there is for leading: none where the engine cannot take what is agreed, whatever the log's disk has.
    var roomToLead: DiskRoom { isEngineFull ? .nothing : room }

    /// Whether a leader may take a command.
    func hasRoom(for replica: Replica, takesRoom: Bool) -> Bool {
        if awaitsRoom || room == .nothing { return false }
        if !takesRoom { return true }
        if shedsWrites { return false }
        if nodesWithoutRoom.isEmpty { return true }
        return replica.core.configuration.isQuorum { voter in
            !nodesWithoutRoom.contains(voter) && !silentNodes.contains(voter)
        }
    }

    /// Nothing leaves before the write that has found no room, and what has piled up by then is of no use to anybody.
    func dropMessages() {
        for id in ids.ids { replicas[id]?.core.dropMessages() }
    }
}

extension Command {
    /// True for what writes data. What brings transactions to their end, lets timestamps be handed out, forgets the past
    /// or says what a partition owns takes up next to nothing, and readers wait for it.
    var takesRoom: Bool {
        switch content {
        case .operations: true
        case .transaction(let step):
            switch step {
            case .commitOnce, .prepare: true
            case .commit, .resolve, .decide, .settle, .collect, .reserveTimestamps, .describe: false
            }
        }
    }
}
