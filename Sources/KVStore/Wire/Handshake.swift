public import Raft

/// The beginning of a connection, the same on both sides: each sends its hello at once, waits for the other's, and
/// comes to the same version without another word.
///
///     awaiting ──hello that fits──▶ agreed
///         └─────anything else─────▶ failed
///
/// Whoever fails sends the failure as an error frame and closes.
public struct Handshake: Sendable {
    /// How far it has come.
    public enum State: Hashable, Sendable {
        /// The other side has said nothing yet.
        case awaiting
        /// Frames may flow.
        case agreed(Agreement)
        /// The connection is of no use.
        case failed(HandshakeError)
    }

    /// What both sides know of a connection.
    public struct Agreement: Hashable, Sendable {
        /// The highest version that both can use.
        public let version: UInt8
        /// Who is on the other side.
        public let peer: Hello
    }

    /// What this side sends first.
    public let hello: Hello
    /// The node that was called; nil on the side that was called, which cannot know who calls.
    public let expected: NodeID?
    /// How far it has come.
    public private(set) var state = State.awaiting

    /// Begins a handshake.
    public init(_ hello: Hello, expecting expected: NodeID?) {
        self.hello = hello
        self.expected = expected
    }

    /// Takes in the first frame from the other side. A second one fails, whatever it is: from the agreement on frames
    /// belong to somebody else.
    public mutating func receive(_ frame: Frame) throws(HandshakeError) -> Agreement {
        do throws(HandshakeError) {
            guard case .awaiting = state else { throw .over }
            let agreement = try agreement(with: frame)
            state = .agreed(agreement)
            return agreement
        } catch {
            state = .failed(error)
            throw error
        }
    }

    private func agreement(with frame: Frame) throws(HandshakeError) -> Agreement {
        switch frame {
        case .hello(let peer):
            try check(peer)
            return Agreement(version: try version(with: peer), peer: peer)
        case .error(let error): throw .refused(error)
        case .goodbye: throw .closed
        case .messages, .request, .reply: throw .notAHello
        }
    }

    private func check(_ peer: Hello) throws(HandshakeError) {
        guard peer.cluster == hello.cluster else { throw .otherCluster(peer.cluster, own: hello.cluster) }
        guard peer.node != hello.node else {
            throw peer.incarnation == hello.incarnation ? .connectedToItself : .ownNode(incarnation: peer.incarnation)
        }
        if let expected, peer.node != expected { throw .otherNode(peer.node, expected: expected) }
        guard peer.traffic == hello.traffic else { throw .otherTraffic(peer.traffic, own: hello.traffic) }
    }

    private func version(with peer: Hello) throws(HandshakeError) -> UInt8 {
        guard peer.versions.overlaps(hello.versions) else {
            throw .noCommonVersion(peer.versions, own: hello.versions)
        }
        return min(peer.versions.upperBound, hello.versions.upperBound)
    }
}

/// Why two nodes do not talk to each other.
public enum HandshakeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The other side can use none of this side's versions: one of the nodes must be upgraded first.
    case noCommonVersion(ClosedRange<UInt8>, own: ClosedRange<UInt8>)
    /// The other node belongs to another cluster.
    case otherCluster(ClusterID, own: ClusterID)
    /// At the address that was called there is another node.
    case otherNode(NodeID, expected: NodeID)
    /// The address that was called is this process's own.
    case connectedToItself
    /// Another process says that it is this node: two were started as one, or this one was replaced.
    case ownNode(incarnation: UInt64)
    /// The sides want the connection for different things.
    case otherTraffic(TrafficClass, own: TrafficClass)
    /// The other side has refused, and says why.
    case refused(ConnectionError)
    /// The other side has closed in order, without a hello.
    case closed
    /// The first frame was of another kind.
    case notAHello
    /// A frame came behind the hello, or behind a failure.
    case over

    /// What to send before the connection is closed.
    public var connectionError: ConnectionError { ConnectionError(code: .handshake, text: description) }

    /// The reason, for people.
    public var description: String {
        switch self {
        case .noCommonVersion(let versions, let own):
            "no version in common: the peer uses \(versions.text), this node \(own.text)"
        case .otherCluster(let cluster, let own): "the peer is of cluster \(cluster), this node of \(own)"
        case .otherNode(let node, let expected): "the peer is node \(node), not \(expected)"
        case .connectedToItself: "the connection leads back to this process"
        case .ownNode(let incarnation): "another process (incarnation \(incarnation)) says it is this node"
        case .otherTraffic(let traffic, let own): "the peer wants it for \(traffic), this node for \(own)"
        case .refused(let error): "the peer refuses: \(error)"
        case .closed: "the peer has closed"
        case .notAHello: "the first frame is not a hello"
        case .over: "the handshake is over"
        }
    }
}

extension ClosedRange<UInt8> {
    fileprivate var text: String { "\(lowerBound) to \(upperBound)" }
}
