import Raft
import Testing

/// The heartbeats of many groups in one message.
@Suite("Heartbeat bundles")
struct HeartbeatBundleTests {
    private func envelope(_ partition: UInt64, _ message: Message, to: UInt64 = 2) -> Envelope {
        Envelope(
            partition: PartitionID(partition),
            from: NodeID(1),
            to: NodeID(to),
            term: Term(partition + 10),
            message: message
        )
    }

    @Test("What goes in comes out, for each group")
    func roundTrip() {
        var bundle = HeartbeatBundle(from: NodeID(1), to: NodeID(2))
        let heartbeats = (1...3).map { envelope($0, .heartbeat(commit: $0, round: $0)) }
        let reply = envelope(9, .heartbeatReply(HeartbeatReply(readRound: ReadRound(4))))
        for message in heartbeats + [reply] {
            let isTaken = bundle.add(message)
            #expect(isTaken)
        }
        #expect(bundle.envelopes == heartbeats + [reply])
        #expect(!bundle.isEmpty)
    }

    @Test("Nothing else is taken in, nor anything for somebody else")
    func others() {
        var bundle = HeartbeatBundle(from: NodeID(1), to: NodeID(2))
        let areTaken = [
            bundle.add(envelope(1, .append(after: .origin))), bundle.add(envelope(1, .heartbeat(), to: 3)),
        ]
        #expect(areTaken == [false, false])
        #expect(bundle.isEmpty)
    }
}
