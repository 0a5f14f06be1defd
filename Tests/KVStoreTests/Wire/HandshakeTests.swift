import KVStore
import Raft
import Testing

@Suite("Handshakes")
struct HandshakeTests {
    private func hello(
        _ node: UInt64,
        versions: ClosedRange<UInt8> = 1...1,
        cluster: UInt128 = 77,
        incarnation: UInt64? = nil,
        traffic: TrafficClass = .consensus
    ) -> Hello {
        Hello(
            versions: versions,
            cluster: ClusterID(cluster),
            node: NodeID(node),
            incarnation: incarnation ?? node + 1_000,
            traffic: traffic
        )
    }

    /// What node 1 says to a frame, when it has called node 2.
    private func answer(to frame: Frame, versions: ClosedRange<UInt8> = 1...1) -> Handshake.State {
        var handshake = Handshake(hello(1, versions: versions), expecting: NodeID(2))
        let agreement = try? handshake.receive(frame)
        if case .agreed(let agreed) = handshake.state {
            #expect(agreement == agreed)
        } else {
            #expect(agreement == nil)
        }
        return handshake.state
    }

    @Test("Both sides come to the highest version that both can use")
    func agreement() throws {
        let ranges: [(ClosedRange<UInt8>, ClosedRange<UInt8>, UInt8)] = [
            (1...1, 1...1, 1), (1...3, 2...5, 3), (1...9, 4...4, 4), (2...3, 3...4, 3),
        ]
        for (mine, others, version) in ranges {
            var caller = Handshake(hello(1, versions: mine), expecting: NodeID(2))
            var called = Handshake(hello(2, versions: others), expecting: nil)
            let one = try caller.receive(.hello(called.hello))
            let two = try called.receive(.hello(caller.hello))
            #expect(one.version == version && two.version == version)
            #expect(one.peer == called.hello && two.peer == caller.hello)
            #expect(caller.state == .agreed(one))
        }
    }

    @Test("Nothing else makes an agreement, and each reason has its name")
    func failures() {
        #expect(answer(to: .hello(hello(2, versions: 2...3))) == .failed(.noCommonVersion(2...3, own: 1...1)))
        #expect(answer(to: .hello(hello(2)), versions: 2...3) == .failed(.noCommonVersion(1...1, own: 2...3)))
        let other = ClusterID(78)
        #expect(answer(to: .hello(hello(2, cluster: 78))) == .failed(.otherCluster(other, own: ClusterID(77))))
        #expect(answer(to: .hello(hello(3))) == .failed(.otherNode(NodeID(3), expected: NodeID(2))))
        #expect(answer(to: .hello(hello(1))) == .failed(.connectedToItself))
        #expect(answer(to: .hello(hello(1, incarnation: 5))) == .failed(.ownNode(incarnation: 5)))
        #expect(answer(to: .hello(hello(2, traffic: .bulk))) == .failed(.otherTraffic(.bulk, own: .consensus)))
        let refusal = ConnectionError(code: .handshake, text: "no")
        #expect(answer(to: .error(refusal)) == .failed(.refused(refusal)))
        #expect(answer(to: .goodbye) == .failed(.closed))
        #expect(answer(to: .request(id: 1, payload: [])) == .failed(.notAHello))
        #expect(answer(to: .reply(id: 1, payload: [])) == .failed(.notAHello))
    }

    @Test("Who is called takes any node of the cluster but itself")
    func called() throws {
        for node: UInt64 in [2, 3, .max - 1_000] {
            var handshake = Handshake(hello(1), expecting: nil)
            #expect(try handshake.receive(.hello(hello(node))).peer.node == NodeID(node))
        }
        var handshake = Handshake(hello(1), expecting: nil)
        #expect(throws: HandshakeError.connectedToItself) { try handshake.receive(.hello(hello(1))) }
    }

    @Test("There is one hello a connection")
    func again() throws {
        var handshake = Handshake(hello(1), expecting: NodeID(2))
        #expect(handshake.state == .awaiting)
        _ = try handshake.receive(.hello(hello(2)))
        #expect(throws: HandshakeError.over) { try handshake.receive(.hello(hello(2))) }
        #expect(handshake.state == .failed(.over))
        #expect(throws: HandshakeError.over) { try handshake.receive(.hello(hello(2))) }
    }

    @Test("The other side is told why")
    func reasons() {
        let error = HandshakeError.noCommonVersion(2...3, own: 1...1).connectionError
        #expect(error.code == .handshake)
        #expect(error.text == "no version in common: the peer uses 2 to 3, this node 1 to 1")
        #expect(HandshakeError.refused(error).description == "the peer refuses: 1: \(error.text)")
    }
}
