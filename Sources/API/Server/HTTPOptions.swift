/// How a node serves HTTP.
public struct HTTPOptions: Sendable {
    /// Where it listens: a name or an address, and a port; port 0 lets the system choose.
    public var host: String
    /// The port.
    public var port: Int
    /// Files with a certificate chain and its key, both PEM; nil to speak without TLS.
    public var tls: TLSFiles?
    /// The most connections that are served at once. Those beyond are told so and ended.
    public var connectionsLimit = 10_000
    /// How long a connection may lie idle, and how long the head of a request may take to come.
    public var idleSeconds: Int64 = 60
    /// How long a request may take to come whole, and how long a client may take to read on.
    public var transferSeconds: Int64 = 30
    /// How long what is under way may still take for either, once the server is told to end.
    public var endingSeconds: Int64 = 5
    /// How many bytes of bodies and of large answers may be held for all clients together.
    public var heldBytesLimit = 256 << 20
    /// How long a write is tried before its outcome is called unknown.
    public var writePatience: Duration = .seconds(5)

    /// How many requests a user may make in a second, on each node.
    public var userRequestsPerSecond = 200
    /// How many may sign up from an address in a minute, on each node.
    public var signUpsPerMinute = 600

    /// The clock that rate limits go by: nanoseconds, only forward.
    var now: @Sendable () -> UInt64 = WallClock.monotonicNanoseconds

    /// A certificate chain and its key, read again for new connections when they have changed.
    public struct TLSFiles: Sendable {
        /// The chain's path, the server's own certificate first.
        public let certificateChain: String
        /// The key's path.
        public let privateKey: String

        /// Makes one.
        public init(certificateChain: String, privateKey: String) {
            self.certificateChain = certificateChain
            self.privateKey = privateKey
        }
    }

    /// The defaults at an address.
    public init(host: String, port: Int, tls: TLSFiles? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
    }
}
