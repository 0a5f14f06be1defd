/// The sizes that nodes hold each other to. Who writes keeps to them, and who reads looks at them before anything is
/// reserved; that of a longest command is ``CommandLimits/commandBytes``, that of a chunk
/// ``SnapshotLimits/acceptedBytes``.
public enum WireLimits {
    /// The longest message, in bytes as it is encoded: a longest command, and room for what stands around it.
    public static let messageBytes = CommandLimits.commandBytes + (1 << 20)
    /// The longest request of one node to another, in bytes: a longest transaction, and room for what stands around it.
    public static let requestBytes = CommandLimits.commandBytes + (512 << 10)
    /// The longest response, in bytes: a longest page, and room for what stands around it.
    public static let responseBytes = ScanLimit.mostBytes + (512 << 10)
    /// A leader's answer to a read takes in nothing more once it has so many bytes of keys and values: with the one that
    /// goes beyond, and with what stands around each, it is no longer than ``responseBytes``.
    public static let readBytes = 3 << 20
    /// The longest id of a client's request that goes along, in bytes of UTF-8.
    public static let traceBytes = 128
    /// The most entries of one append.
    public static let entries = 1 << 16
    /// The most heartbeats of one message, and the most answers. A larger bundle is sent in parts.
    public static let bundleItems = 1 << 16
    /// The longest frame without its header, in bytes.
    public static let frameBytes = 8 << 20
    /// The longest frame that a connection accepts before the other side has said who it is, in bytes.
    public static let greetingBytes = 4 << 10
    /// About how many bytes of messages are put into one frame.
    public static let usualFrameBytes = 256 << 10
    /// The longest text of an error, in bytes.
    public static let reasonBytes = 1 << 10
}
