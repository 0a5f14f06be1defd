internal import DequeModule
public import Raft

/// What clients and operators ask of a loop, and how they are answered.
extension StoreLoop {
    /// Proposes a command; see ``Store/submit(_:to:token:)``. Where it is refused, it had no effect and will have none,
    /// and `reply` is not called.
    public func submit(
        _ command: Command,
        to partition: PartitionID,
        reply: @escaping (CommandAnswer) -> Void
    ) throws(RequestRefusal) {
        let bytes: [UInt8]
        do throws(FieldError) { bytes = try command.encoded() } catch { throw .invalid(error) }
        try submit(encoded: bytes, takesRoom: command.takesRoom, to: partition, reply: reply)
    }

    func submit(
        encoded command: [UInt8],
        takesRoom: Bool = true,
        to partition: PartitionID,
        reply: @escaping (CommandAnswer) -> Void
    ) throws(RequestRefusal) {
        try checkServing()
        let token = lastToken + 1
        try store.submit(encoded: command, takesRoom: takesRoom, to: partition, token: RequestToken(token))
        lastToken = token
        commandReplies[token] = reply
        wake()
    }

    /// Reads; see ``Store/read(_:_:token:)``. Where it is refused, `reply` is not called.
    public func read(
        _ partition: PartitionID,
        _ query: ReadQuery,
        reply: @escaping (ReadAnswer) -> Void
    ) throws(RequestRefusal) {
        try checkServing()
        let token = lastToken + 1
        try store.read(partition, query, token: RequestToken(token))
        lastToken = token
        readReplies[token] = reply
        wake()
    }

    /// Makes a replica, between turns; see ``Store/create(_:initial:)``.
    public func create(
        _ partition: PartitionID,
        initial configuration: Configuration,
        reply: @escaping (CreationRefusal?) -> Void
    ) {
        betweenTurns.append(.create(partition, configuration, reply))
        wake()
    }

    /// Destroys a replica, between turns; see ``Store/destroy(_:)``.
    public func destroy(_ partition: PartitionID, reply: @escaping () -> Void) {
        betweenTurns.append(.destroy(partition, reply))
        wake()
    }

    /// Changes a group's members; see ``Store/changeMembership(of:_:)``.
    public func changeMembership(
        of partition: PartitionID,
        _ change: MembershipChange
    ) throws(RaftCore.MembershipRefusal) {
        guard state != .over else { throw .notLeader(nil) }
        defer { wake() }
        _ = try store.changeMembership(of: partition, change)
    }

    /// Hands a leadership over; see ``Store/transferLeadership(of:to:)``.
    public func transferLeadership(of partition: PartitionID, to target: NodeID) throws(RaftCore.TransferRefusal) {
        guard state != .over else { throw .notLeader(nil) }
        defer { wake() }
        try store.transferLeadership(of: partition, to: target)
    }

    /// Does something for which there must be no turn under way.
    func perform(_ action: Action) throws(StoreError) {
        switch action {
        case .create(let partition, let configuration, let reply):
            let refusal = refusal(ofCreating: partition, configuration)
            if let failure = refusal?.failure { throw failure }
            reply(refusal)
        case .destroy(let partition, let reply):
            try store.destroy(partition)
            reply()
        case .close:
            try store.close()
            finishEnding()
        }
    }

    /// True when nothing but the turn that is under way keeps the loop from its end.
    var mayClose: Bool {
        betweenTurns.contains { action in
            if case .close = action { true } else { false }
        }
    }

    /// Ends the loop in the midst of a turn that waits for room. Nobody was told of what it was to write, and the next
    /// start goes on with what is durable.
    func endWithoutRoom() {
        while let action = betweenTurns.popFirst() {
            if case .create(_, _, let reply) = action { reply(.diskFull) }
        }
        finishEnding()
    }

    private func finishEnding() {
        state = .over
        answerAllUnknown()
        ending?.completion()
    }

    private func refusal(ofCreating partition: PartitionID, _ configuration: Configuration) -> CreationRefusal? {
        do throws(CreationRefusal) {
            try store.create(partition, initial: configuration)
            return nil
        } catch {
            return error
        }
    }

    private func checkServing() throws(RequestRefusal) {
        if isEnding { throw .stopping }
    }

    // MARK: Answers

    func reply(_ answer: Answer) {
        switch answer {
        case .command(let token, let answer): commandReplies.removeValue(forKey: token.rawValue)?(answer)
        case .read(let token, let answer): readReplies.removeValue(forKey: token.rawValue)?(answer)
        }
    }

    var isEnding: Bool { state == .over || ending != nil }

    /// The loop is at its end: nobody will learn from here what becomes of what he asked.
    func answerAllUnknown() {
        transactions.end()
        for token in commandReplies.keys.sorted() { commandReplies.removeValue(forKey: token)?(.unknown) }
        for execution in executions.removeAll() { execution.reply(execution.lastWord) }
        giveUpAllAsks()
        giveUpOrders()
        for token in readReplies.keys.sorted() { readReplies.removeValue(forKey: token)?(.unconfirmed) }
    }
}

extension CreationRefusal {
    /// What ended the store.
    fileprivate var failure: StoreError? {
        if case .failed(let error) = self { error } else { nil }
    }
}
