/// Writes a history down while it happens.
///
/// Events are given in the order in which they happen. Many can happen in one instant of simulated time, yet one after
/// the other, and a checker that is told the instant alone would take them for concurrent: a client that is answered
/// and at once calls again would lose its own order. So each event that is not later than the one before it is
/// written down one nanosecond after that one.
///
/// What is never finished has an unknown outcome. Its client is still waiting for it: whoever gave it up goes on under
/// a new client number.
public struct HistoryRecorder<Operation: HistoryOperation>: Sendable {
    /// An operation that has begun.
    public struct Handle: Sendable, Hashable {
        let index: Int
    }

    /// What has been recorded up to now, in order of calls.
    public private(set) var history = History<Operation>()

    private var lastNs: Int64?
    private var busyClients: Set<Int> = []

    /// A recorder that has seen nothing.
    public init() {}

    /// Notes that `client` calls `operation`; the client must not be waiting for another answer.
    public mutating func begin(client: Int, operation: Operation, at nowNs: Int64) -> Handle {
        precondition(
            busyClients.insert(client).inserted,
            "client \(client) has an operation open; after an unknown outcome it goes on under a new number"
        )
        let callNs = advance(to: nowNs)
        history.entries.append(.init(client: client, operation: operation, callNs: callNs, completion: nil))
        return Handle(index: history.entries.count - 1)
    }

    /// Notes the answer to an operation that has begun and not finished; its kind must be the operation's.
    public mutating func finish(_ handle: Handle, answer: Operation.Answer, at nowNs: Int64) {
        let entry = history.entries[handle.index]
        precondition(entry.completion == nil, "an operation finishes once")
        precondition(entry.operation.admits(answer), "the answer is not of the operation's kind")
        busyClients.remove(entry.client)
        history.entries[handle.index].completion = .init(answer: answer, returnNs: advance(to: nowNs))
    }

    private mutating func advance(to nowNs: Int64) -> Int64 {
        let eventNs = lastNs.map { max(nowNs, $0 + 1) } ?? nowNs
        lastNs = eventNs
        return eventNs
    }
}
