/// What a node has counted since it started.
public struct NodeMetrics: Sendable, Hashable {
    /// Messages handed to connections.
    public let messagesSent: Int
    /// Messages that found no connection, or no room in its queue, or no end of it before it broke.
    public let messagesDropped: Int
    /// Messages taken in from other nodes.
    public let messagesReceived: Int
    /// Bytes of frames sent, before encryption.
    public let bytesSent: Int
    /// Bytes of frames received, after decryption.
    public let bytesReceived: Int
    /// Bytes of messages that carry snapshots, received.
    public let snapshotBytesReceived: Int
    /// How often frames were handed to the system.
    public let flushes: Int
    /// Outgoing connections that came to an agreement.
    public let connects: Int
    /// Outgoing connections that did not.
    public let connectFailures: Int
    /// Incoming connections that came to an agreement.
    public let connectionsAccepted: Int
    /// Incoming connections that were turned away, or given up before an agreement.
    public let connectionsRefused: Int
    /// Connections, agreed on before, that ended without a goodbye.
    public let connectionsLost: Int
    /// How often the loop has looked for something to do and found it.
    public let loopRounds: Int
    /// What it has found, one by one.
    public let loopActions: Int
    /// Bytes written to the log's files.
    public let logBytesWritten: Int
    /// How long synchronising the log's files took.
    public let logSyncs: DurationHistogram
}

/// How often something took how long.
public struct DurationHistogram: Sendable, Hashable {
    /// What the durations in a bucket lie below, in microseconds: powers of two, up to about half a minute. One more
    /// bucket holds all that lasted longer.
    public static let bounds: [UInt64] = (0..<26).map { 1 << $0 }

    /// How many durations lie in each bucket.
    public let counts: [Int]
    /// All durations together.
    public let sum: Duration

    /// How many there are.
    public var total: Int { counts.reduce(0, +) }
}
