/// Reads one partition's data, from an engine or from a snapshot of one. Any number of threads may use it at once.
public struct PartitionReader: Sendable {
    let keys: PartitionKeys
    let reader: any EngineReader

    init(_ keys: PartitionKeys, of reader: any EngineReader) {
        self.keys = keys
        self.reader = reader
    }

    /// How far the log has been applied; nil where it has not begun to be.
    public func state() throws(StateMachineError) -> AppliedState? {
        guard let stored = try callEngine({ () throws(EngineError) in try reader.value(of: keys.state) }) else {
            return nil
        }
        do {
            return try AppliedState(encoded: stored[...])
        } catch {
            throw .damaged(error)
        }
    }

    /// The value of a key; nil where there is no such key.
    ///
    /// - Throws: ``StateMachineError/limit(_:)`` for a key longer than ``CommandLimits/keyBytes``.
    public func value(of key: ArraySlice<UInt8>) throws(StateMachineError) -> [UInt8]? {
        try withValue(of: key) { [UInt8](copying: $0) }
    }

    /// Calls `body` with the value of a key, without copying it; nil where there is no such key.
    ///
    /// - Throws: ``StateMachineError/limit(_:)`` for a key longer than ``CommandLimits/keyBytes``.
    public func withValue<R>(
        of key: ArraySlice<UInt8>,
        _ body: (Span<UInt8>) -> R
    ) throws(StateMachineError) -> R? {
        try Self.check("key", key)
        return try callEngine { () throws(EngineError) in try reader.withValue(of: keys.user(key), body) }
    }

    static func check(_ field: String, _ key: ArraySlice<UInt8>) throws(StateMachineError) {
        guard key.count <= CommandLimits.keyBytes else {
            throw .limit(FieldError(field, "must be at most \(CommandLimits.keyBytes) bytes"))
        }
    }
}
