public import KVStore

/// Keys and values at a node that works, from any thread.
extension Node: KeyValueService {
    /// Reads on the node's loop; see ``KeyValueService/value(of:_:)``.
    public func value(
        of key: [UInt8],
        _ consistency: ReadConsistency
    ) async throws(KeyValueError) -> VersionedValue? {
        try await serving { loop, reply in loop.value(of: key, consistency, reply: reply) }
    }

    /// Writes on the node's loop; see ``KeyValueService/put(_:at:if:patience:)``.
    public func put(
        _ value: [UInt8],
        at key: [UInt8],
        if condition: WriteCondition,
        patience: Duration
    ) async throws(KeyValueError) -> KeyVersion {
        try await serving(orElse: .outcomeUnknown) { loop, reply in
            loop.write(value, at: key, if: condition, patience: patience, reply: reply)
        }
    }

    /// Removes on the node's loop; see ``KeyValueService/delete(_:if:patience:)``.
    public func delete(
        _ key: [UInt8],
        if condition: WriteCondition,
        patience: Duration
    ) async throws(KeyValueError) {
        _ = try await serving(orElse: .outcomeUnknown) { loop, reply in
            loop.write(nil, at: key, if: condition, patience: patience, reply: reply)
        }
    }

    /// Reads on the node's loop; see ``KeyValueService/page(prefix:from:at:limit:_:)``.
    public func page(
        prefix: [UInt8],
        from: [UInt8]?,
        at timestamp: Timestamp?,
        limit: Int,
        _ consistency: ReadConsistency
    ) async throws(KeyValueError) -> KeyValuePage {
        try await serving { loop, reply in
            loop.page(prefix: prefix, from: from, at: timestamp, limit: limit, consistency, reply: reply)
        }
    }

    /// Asks the loop; a node that ends meanwhile answers with `last`.
    private func serving<Value: Sendable>(
        orElse last: KeyValueError = .stopping,
        _ body: @escaping @Sendable (StoreLoop, @escaping (Result<Value, KeyValueError>) -> Void) -> Void
    ) async throws(KeyValueError) -> Value {
        let result: Result<Value, KeyValueError>
        do throws(NodeStopped) {
            result = try await asking(body)
        } catch {
            throw last
        }
        return try result.get()
    }
}
