/// Why an engine did not do what it was asked to do.
public enum EngineError: Error, Hashable, Sendable {
    /// An option breaks a rule. The engine was not opened, nothing on the disk was touched.
    case invalidOption(field: String, rule: String)
    /// Something exceeds a limit of ``EngineLimits``. Nothing was written.
    case limitExceeded(what: String, bytes: Int, limitBytes: Int)
    /// The key does not lie behind the one before it in a sorted file.
    case outOfOrder
    /// A sorted file without an entry and without a range deletion was finished.
    case emptyFile
    /// The engine was closed, or has crashed in the simulation.
    case closed
    /// The engine cannot be closed: a snapshot, an iterator or a sorted file of it lives.
    case inUse
    /// The directory is open in another engine, in this process or in another.
    case locked(String)
    /// The directory to be created exists.
    case exists(String)
    /// The disk is full. Reads go on; writes succeed again some seconds after there is space.
    case noSpace(String)
    /// The disk's content is not what was written.
    case corruption(String)
    /// The operating system refused to read or to write, to sync above all.
    case inputOutput(String)
    /// The library below refused for a reason that none of the other cases names.
    case refused(String)
}

/// The sizes that an engine accepts. Beyond them it throws ``EngineError/limitExceeded(what:bytes:limitBytes:)``.
public enum EngineLimits {
    /// The longest key, in bytes.
    public static let keyBytes = 64 * 1024
    /// The longest value, in bytes.
    public static let valueBytes = 64 * 1024 * 1024
    /// The largest batch, in bytes as it is encoded: keys, values and a few bytes for each operation.
    public static let batchBytes = 256 * 1024 * 1024

    static func check(keyBytes: Int) throws(EngineError) {
        try check("key", bytes: keyBytes, limitBytes: Self.keyBytes)
    }

    static func check(valueBytes: Int) throws(EngineError) {
        try check("value", bytes: valueBytes, limitBytes: Self.valueBytes)
    }

    static func check(batchBytes: Int) throws(EngineError) {
        try check("batch", bytes: batchBytes, limitBytes: Self.batchBytes)
    }

    private static func check(_ what: String, bytes: Int, limitBytes: Int) throws(EngineError) {
        guard bytes <= limitBytes else {
            throw .limitExceeded(what: what, bytes: bytes, limitBytes: limitBytes)
        }
    }
}
