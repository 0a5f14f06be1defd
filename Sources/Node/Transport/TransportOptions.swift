public import GalaCertificates

/// Where a node listens, or is called: a name or an address, and a port.
public struct NodeAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name, or an address in numbers.
    public let host: String
    /// The port; 0, where a node listens, lets the system choose one.
    public let port: Int

    /// Puts the two together.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port`, or `[address]:port`; nil for anything else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: Int(port))
    }

    /// As it is read.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Whether nodes prove to each other who they are.
public enum TransportSecurity: Hashable, Sendable {
    /// Mutual TLS. The files are read again for new connections when they have changed.
    case mutualTLS(NodeCertificateFiles)
    /// Nothing is encrypted, and everybody may say that he is any node: for tests on one machine.
    case plaintextForTests
}

/// The times and limits of connections between nodes.
public struct TransportOptions: Hashable, Sendable {
    /// How long a connection may take until both sides agree, the TLS handshake included.
    public var greetingTimeout = Duration.seconds(5)
    /// How long a connection for consensus may be silent; nodes that live say so several times a second.
    public var silenceTimeout = Duration.seconds(5)
    /// How long a connection for anything else may be silent, before who called closes it in order.
    public var bulkIdleTimeout = Duration.seconds(30)
    /// How long a connection may take nothing of what waits to be sent.
    public var stallTimeout = Duration.seconds(5)
    /// How long to wait at first before a node is called again, and at most. Both are drawn from their half up.
    public var backoff = Duration.milliseconds(50)...Duration.seconds(2)
    /// How many bytes may wait to be sent to a node, for each class of traffic. More is dropped.
    public var queueBytes = 32 << 20
    /// How many bytes of one connection may wait for the loop, before no more is read from it.
    public var inboundBytes = 8 << 20
    /// How many incoming connections there may be.
    public var maxConnections = 256
    /// How many lines a minute may be logged about connections that are turned away.
    public var refusalLinesPerMinute = 60

    /// The usual ones.
    public init() {}
}
