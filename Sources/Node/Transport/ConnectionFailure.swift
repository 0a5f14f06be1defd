public import KVStore
public import Raft

/// Why a connection between nodes did not come about, or was given up.
public enum ConnectionFailure: Error, Hashable, Sendable {
    /// Nobody answers there.
    case unreachable(String)
    /// This node's own certificate, key or authority cannot be used.
    case noCredentials(String)
    /// TLS did not come about: either side's certificate has another authority, or has expired, or this is no TLS.
    case notTrusted(String)
    /// The certificate does not name the node that the other side says it is.
    case otherCertificate(names: [String], node: NodeID)
    /// The other side is a node that this one was not told of.
    case stranger(NodeID)
    /// The two do not agree.
    case handshake(HandshakeError)
    /// There was no agreement in time.
    case greetingTimedOut
    /// The other side has closed before there was an agreement.
    case closedEarly
    /// What came is no frame.
    case frame(FrameError)
    /// What came in a frame is no message.
    case message(FieldError)
    /// A message is from another node than the one that sent it, or for another one than this.
    case misaddressed(from: NodeID, to: NodeID)
    /// A frame of this kind does not belong here.
    case unexpectedFrame
    /// The other side gives the connection up, and says why.
    case refused(ConnectionError)
    /// Nothing was heard for too long.
    case silent
    /// Nothing of what was to be sent was taken for too long.
    case stalled
    /// There are too many connections.
    case tooMany

    /// What the other side is told; nil where it would not be read.
    var notice: ConnectionError? {
        switch self {
        case .handshake(.refused), .handshake(.closed): nil
        case .handshake(let error): error.connectionError
        case .otherCertificate, .stranger: ConnectionError(code: .handshake, text: description)
        case .frame, .message, .misaddressed: ConnectionError(code: .malformed, text: description)
        case .unexpectedFrame: ConnectionError(code: .unexpected, text: description)
        case .silent, .greetingTimedOut: ConnectionError(code: .unexpected, text: description)
        case .unreachable, .noCredentials, .notTrusted, .closedEarly, .refused, .stalled, .tooMany: nil
        }
    }
}

extension ConnectionFailure: CustomStringConvertible {
    /// What happened, for an operator.
    public var description: String {
        switch self {
        case .unreachable(let reason): "cannot connect: \(reason)"
        case .noCredentials(let reason): "this node's certificate files cannot be used: \(reason)"
        case .notTrusted(let reason):
            "no TLS connection came about; is either certificate expired, or of another authority? (\(reason))"
        case .otherCertificate(let names, let node):
            "the certificate names \(names.isEmpty ? "no node" : names.joined(separator: ", ")), not node-\(node)"
        case .stranger(let node): "node \(node) is none of this node's peers"
        case .handshake(let error): "\(error)"
        case .greetingTimedOut: "the peer has not introduced itself in time"
        case .closedEarly: "the peer has closed before it has introduced itself"
        case .frame(let error): "what the peer sends is no frame: \(error)"
        case .message(let error): "what the peer sends is no message: \(error.field) \(error.rule)"
        case .misaddressed(let from, let to): "the peer sends a message from node \(from) to node \(to)"
        case .unexpectedFrame: "the peer sends a frame that does not belong here"
        case .refused(let error): "the peer gives the connection up: \(error)"
        case .silent: "the peer has been silent for too long"
        case .stalled: "the peer takes nothing any more"
        case .tooMany: "there are too many connections"
        }
    }
}

/// How a connection came to its end.
enum ConnectionEnd {
    /// The other side closes in order.
    case goodbye
    /// It broke after an agreement: the other process seems to have died.
    case lost
    /// This side closes in order.
    case closed
    /// It was of no use.
    case failed(ConnectionFailure)
}
