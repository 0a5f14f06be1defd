public import KVStore

/// Transactions at a node that works, from any thread.
extension Node: LoopTransactionBackend {
    /// The machine's steady clock.
    public var now: MonotonicTime { SystemClock().now }

    /// Asks the node's loop; a node that ends meanwhile answers with `last`.
    public func transacting<Value: Sendable>(
        orElse last: TransactionError,
        _ body: @escaping @Sendable (StoreLoop, @escaping (Result<Value, TransactionError>) -> Void) -> Void
    ) async throws(TransactionError) -> Value {
        let result: Result<Value, TransactionError>
        do throws(NodeStopped) {
            result = try await asking(body)
        } catch {
            throw last
        }
        return try result.get()
    }

    /// Lets go on the node's loop.
    public func abandon(_ attempt: TransactionAttempt) {
        guard attempt.primary != nil else { return }
        thread.enqueue { [seat] in seat.loop?.abandon(attempt) }
    }

    /// A new attempt.
    public func attempt(age: TransactionAge?) -> TransactionAttempt { attempts.next(age: age) }
}
