public import KVStore
public import Raft

/// How asynchronous code reaches the node's loop.
extension Node {
    /// Does something on the loop and returns what comes of it. It must not wait for anything: the whole node waits too.
    public func withLoop<R: Sendable>(_ body: @escaping @Sendable (StoreLoop) -> R) async throws(NodeStopped) -> R {
        try await asking { loop, reply in reply(body(loop)) }
    }

    /// Looks at something on the loop, as ``withLoop(_:)`` does, and does not wait for ever.
    ///
    /// - Returns: nil where the node has ended, or its loop did not come to it in time.
    public func look<R: Sendable>(
        within limit: Duration,
        _ body: @escaping @Sendable (StoreLoop) -> R
    ) async -> R? {
        await withCheckedContinuation { (continuation: CheckedContinuation<R?, Never>) in
            let waiting = Monitor<CheckedContinuation<R?, Never>?>(continuation)
            let answer = { @Sendable (result: R?) in
                let continuation = waiting.withLock { waiting in
                    defer { waiting = nil }
                    return waiting
                }
                continuation?.resume(returning: result)
            }
            guard thread.offer({ [seat] in answer(seat.loop.map(body)) }) else { return answer(nil) }
            Task {
                try? await Task.sleep(for: limit)
                answer(nil)
            }
        }
    }

    /// Asks something of the loop that is answered later, and waits for the answer.
    ///
    /// What it makes the loop ask of other nodes goes along with the id of the task's request: see ``RequestTrace``.
    ///
    /// - Parameter body: Is run on the loop, and passes the closure on to whoever answers there, once.
    /// - Throws: when the node ends before there is an answer.
    public func asking<R: Sendable>(
        _ body: @escaping @Sendable (StoreLoop, @escaping (R) -> Void) -> Void
    ) async throws(NodeStopped) -> R {
        let trace = RequestTrace.id
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<R, NodeStopped>, Never>) in
            let isTaken = thread.offer { [seat] in
                guard let loop = seat.loop else { return continuation.resume(returning: .failure(NodeStopped())) }
                let number = seat.wait { continuation.resume(returning: .failure(NodeStopped())) }
                loop.withTrace(trace) {
                    body(loop) { answer in
                        if seat.answered(number) { continuation.resume(returning: .success(answer)) }
                    }
                }
            }
            if !isTaken { continuation.resume(returning: .failure(NodeStopped())) }
        }
        return try result.get()
    }

    /// Proposes a command and waits for what becomes of it; see ``StoreLoop/submit(_:to:reply:)``.
    ///
    /// - Throws: why it was not taken; it had no effect then and will have none.
    public func submit(_ command: Command, to partition: PartitionID) async throws(RequestRefusal) -> CommandAnswer {
        let result: Result<CommandAnswer, RequestRefusal>
        do throws(NodeStopped) {
            result = try await asking { loop, reply in
                do throws(RequestRefusal) {
                    try loop.submit(command, to: partition) { reply(.success($0)) }
                } catch {
                    reply(.failure(error))
                }
            }
        } catch {
            // The node may have ended before it took the command, or after.
            return .unknown
        }
        return try result.get()
    }

    /// Reads a key and waits for its value; see ``StoreLoop/read(_:_:reply:)``.
    ///
    /// - Throws: why it was not taken.
    public func read(_ partition: PartitionID, key: [UInt8]) async throws(RequestRefusal) -> ReadAnswer {
        let result: Result<ReadAnswer, RequestRefusal>
        do throws(NodeStopped) {
            result = try await asking { loop, reply in
                do throws(RequestRefusal) {
                    try loop.read(partition, .value(of: key[...])) { reply(.success($0)) }
                } catch {
                    reply(.failure(error))
                }
            }
        } catch {
            return .unconfirmed
        }
        return try result.get()
    }
}
