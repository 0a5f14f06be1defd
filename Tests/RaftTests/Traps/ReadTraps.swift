import Raft
import Testing

/// Traps of reads that their clients give up.
@Suite("Traps: cancelled reads")
struct ReadTraps {
    /// A leader of three, whose first entry is applied.
    private static var leader: Replica {
        var leader = Replica(1)
        leader.lead(votes: [2])
        leader.acknowledge(2)
        leader.settle()
        return leader
    }

    @Test("Reads go on after all reads of two rounds were cancelled before the answers came")
    func cancelledRoundsDoNotBlockReads() throws {
        var leader = Self.leader
        try leader.core.requestRead(ReadToken(1))
        leader.settle()
        try leader.core.requestRead(ReadToken(2))
        leader.settle()
        // Both clients give up.
        leader.core.cancelRead(ReadToken(1))
        leader.core.cancelRead(ReadToken(2))
        for follower: UInt64 in [2, 3] {
            leader.receive(.heartbeatReply(HeartbeatReply(readRound: ReadRound(2))), from: follower, term: 1)
        }
        leader.settle()
        try leader.core.requestRead(ReadToken(3))
        leader.settle()
        // A healthy cluster for a hundred ticks: every heartbeat is answered.
        for _ in 0..<100 {
            leader.tick()
            for envelope in leader.takeSent() {
                guard case .heartbeat(let heartbeat) = envelope.message else { continue }
                leader.receive(
                    .heartbeatReply(HeartbeatReply(readRound: heartbeat.readRound)),
                    from: envelope.to.rawValue,
                    term: 1
                )
            }
            leader.settle()
        }
        #expect(leader.core.role == .leader)
        #expect(leader.reads == [.ready(ReadToken(3), index: LogIndex(1))])
    }
}
