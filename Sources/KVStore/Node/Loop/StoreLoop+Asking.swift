public import Raft

/// What nodes ask of each other beside commands.
///
///     ask ── request ──▶ requestHandler of the other node
///     reply ◀── response ──┘
extension StoreLoop {
    /// Does something for a client's request: what is passed on to other nodes before `body` returns carries its id.
    public func withTrace<R>(_ trace: String?, _ body: () -> R) -> R {
        let before = self.trace
        self.trace = trace
        defer { self.trace = before }
        return body()
    }

    /// Asks another node something. `reply` is called once, with the response, or with nil when none will come any more:
    /// the time is over, the connection was lost, or the node's process is another one. Whether it was carried out is
    /// not known then.
    ///
    /// - Parameters:
    ///   - partition: What it is about.
    ///   - request: At most ``WireLimits/requestBytes``; a longer one is not sent.
    ///   - patienceTicks: How many ticks of the loop to wait.
    ///   - trace: For which request of a client it is asked, where that is another than ``withTrace(_:_:)`` says.
    public func ask(
        _ other: NodeID,
        about partition: PartitionID,
        _ request: [UInt8],
        patienceTicks: Int,
        trace: String? = nil,
        reply: @escaping ([UInt8]?) -> Void
    ) {
        guard state != .over, other != node, asks.count < options.maxExecutions else { return reply(nil) }
        let number = asks.add(Asks.Ask(node: other, reply: reply), lastTick: ticks + max(1, patienceTicks))
        say(.request(partition, request), number, incarnation, trace: trace ?? self.trace, to: other)
    }

    func take(_ message: ForwardedMessage) {
        switch message.content {
        case .command(let partition, let command):
            tellTraced(message, .command(partition))
            propose(command, to: partition, for: message)
        case .answer(let answer): take(answer, for: message)
        case .refused(let refusal): take(refusal, for: message)
        case .request(let partition, let request):
            tellTraced(message, .request(partition))
            serve(request, about: partition, for: message)
        case .response(let response):
            guard message.incarnation == incarnation else { return }
            asks.take(message.number, from: message.from)?.reply(response)
        }
    }

    private func serve(_ request: [UInt8], about partition: PartitionID, for message: ForwardedMessage) {
        guard seenRequests.note(message.number, from: message.from, incarnation: message.incarnation) else { return }
        // The loop may have ended when the answer comes: then nobody hears it.
        let reply: ([UInt8]) -> Void = { [weak self] response in
            guard let self, state != .over else { return }
            say(.response(response), message.number, message.incarnation, to: message.from)
        }
        if partition == Self.nodeItself { return serveNode(request, reply: reply) }
        requestHandler?(message.from, partition, request, reply)
    }

    private func tellTraced(_ message: ForwardedMessage, _ work: TracedWork.Kind) {
        guard let onTraced, let trace = message.trace else { return }
        onTraced(trace, TracedWork(from: message.from, kind: work))
    }

    // MARK: Those who will not be told

    /// Gives up what has waited long enough.
    func continueAsks() {
        while let ask = asks.takeDue(at: ticks) { ask.reply(nil) }
    }

    /// A node is lost, and with it, as it seems, what it was asked.
    func giveUpAsks(of other: NodeID) {
        for ask in asks.takeAll(of: other) { ask.reply(nil) }
    }

    /// A node has introduced itself: another life of its process knows nothing of what was asked before.
    func giveUpAsks(of other: NodeID, before incarnation: UInt64) {
        for ask in asks.met(other, incarnation: incarnation) { ask.reply(nil) }
    }

    func giveUpAllAsks() {
        for ask in asks.removeAll() { ask.reply(nil) }
    }
}

/// What a node does because another one has asked for it, on behalf of a client's request.
public struct TracedWork: Hashable, Sendable, CustomStringConvertible {
    /// What was asked.
    public enum Kind: Hashable, Sendable {
        /// A command of this partition.
        case command(PartitionID)
        /// A request about this partition.
        case request(PartitionID)
    }

    /// Who has asked.
    public let from: NodeID
    /// What was asked.
    public let kind: Kind

    /// For a log.
    public var description: String {
        switch kind {
        case .command(let partition): "a command of partition \(partition), from node \(from)"
        case .request(let partition): "a request about partition \(partition), from node \(from)"
        }
    }
}
