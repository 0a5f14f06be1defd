public import Raft

/// Commands that are brought to their end, whoever leads and however often that changes.
///
///     leads here ──▶ proposed here ──▶ answer
///     leads elsewhere ──▶ passed on ──▶ answer, or silence: again, under the same id
///     nobody leads ──▶ a tick later again
extension StoreLoop {
    /// Brings a command to its end. `reply` is called once, unless the loop fails before.
    ///
    /// - Parameters:
    ///   - partition: Of which this node has a replica.
    ///   - patience: How long to try.
    ///   - trace: For which request of a client, where that is another than ``withTrace(_:_:)`` says.
    ///   - operations: Is given the command's id, which no other command ever has.
    public func execute(
        on partition: PartitionID,
        patience: Duration,
        trace: String? = nil,
        reply: @escaping (ExecutionAnswer) -> Void,
        operations: (CommandID) -> [Command.Operation]
    ) {
        if isEnding { return reply(.refused(.stopping)) }
        guard let position = store.appliedPosition(of: partition) else { return reply(.refused(.unknownPartition)) }
        guard executions.count < options.maxExecutions else { return reply(.refused(.overloaded)) }
        let id = newCommandID()
        let command: [UInt8]
        do throws(FieldError) {
            command = try Command(id: id, mintedAt: position.index, operations: operations(id)).encoded()
        } catch {
            return reply(.refused(.invalid(error)))
        }
        let patienceTicks = Int(patience.nanoseconds / options.tick.nanoseconds)
        let number = executions.add(
            Execution(
                partition: partition,
                command: command,
                trace: trace ?? self.trace,
                lastTick: ticks + max(1, patienceTicks),
                reply: reply
            )
        )
        attempt(number)
        wake()
    }

    private func attempt(_ number: UInt64) {
        guard var execution = executions[number] else { return }
        execution.attempt += 1
        execution.sentTo = nil
        let leader = store.leader(of: execution.partition) ?? execution.hint
        execution.hint = nil
        guard let leader else {
            executions[number] = execution
            return executions.setAlarm(ticks + 1, for: number)
        }
        if leader == node { return propose(execution, number) }
        execution.mayHappen = true
        execution.sentTo = leader
        executions[number] = execution
        executions.setAlarm(ticks + options.store.raft.electionTicks, for: number)
        say(
            .command(execution.partition, execution.command),
            number,
            incarnation,
            trace: execution.trace,
            to: leader
        )
    }

    private func propose(_ proposed: Execution, _ number: UInt64) {
        var execution = proposed
        defer { executions[number] = execution }
        do throws(RequestRefusal) {
            try submit(encoded: execution.command, to: execution.partition) { [weak self] in
                self?.take($0, of: number)
            }
            execution.mayHappen = true
            execution.sentTo = node
        } catch {
            execution.refusal = error
            if case .transferring(let target) = error { execution.hint = target }
            executions[number] = execution
            executions.setAlarm(ticks + 1, for: number)
        }
    }

    private func take(_ answer: CommandAnswer, of number: UInt64) {
        switch answer {
        case .decided(let outcome, _, _): finish(number, .decided(outcome))
        case .unknown: tryAgain(number)
        }
    }

    private func tryAgain(_ number: UInt64) {
        executions[number]?.sentTo = nil
        executions.setAlarm(ticks + 1, for: number)
    }

    private func finish(_ number: UInt64, _ answer: ExecutionAnswer) {
        guard let execution = executions[number] else { return }
        executions[number] = nil
        execution.reply(answer)
    }

    /// Looks again at what has waited long enough.
    func continueExecutions() {
        while let alarm = executions.takeDue(at: ticks) {
            if alarm.attempt == nil, let execution = executions[alarm.number] {
                finish(alarm.number, execution.lastWord)
            } else {
                attempt(alarm.number)
            }
        }
    }

    /// A node is lost, and with it, as it seems, what was passed on to it.
    func retryExecutions(sentTo other: NodeID) {
        for number in executions.sent(to: other) { tryAgain(number) }
    }

    /// Another node leads a partition, or this one does: who was asked before will hardly answer.
    func redirectExecutions(of partition: PartitionID) {
        guard let leader = store.leader(of: partition) else { return }
        for number in executions.misdirected(of: partition, leader: leader) { attempt(number) }
    }

    // MARK: Between nodes

    /// Another node tells what became of a command.
    func take(_ answer: CommandAnswer, for message: ForwardedMessage) {
        if isMine(message) { take(answer, of: message.number) }
    }

    /// Another node has not taken a command.
    func take(_ refusal: ForwardedMessage.Refusal, for message: ForwardedMessage) {
        guard isMine(message), executions[message.number]?.sentTo == message.from else { return }
        if case .notLeader(let leader) = refusal { executions[message.number]?.hint = leader }
        if refusal == .overloaded { executions[message.number]?.refusal = .overloaded }
        if refusal == .diskFull { executions[message.number]?.refusal = .diskFull }
        tryAgain(message.number)
    }

    private func isMine(_ message: ForwardedMessage) -> Bool {
        message.incarnation == incarnation && executions[message.number] != nil
    }

    /// Another node asks that a command be proposed here.
    func propose(_ bytes: [UInt8], to partition: PartitionID, for message: ForwardedMessage) {
        guard (try? Command(encoded: bytes)) != nil else {
            return say(.refused(.invalid), message.number, message.incarnation, to: message.from)
        }
        do throws(RequestRefusal) {
            try submit(encoded: bytes, to: partition) { [weak self] in
                self?.say(.answer($0), message.number, message.incarnation, to: message.from)
            }
        } catch {
            say(.refused(ForwardedMessage.Refusal(error)), message.number, message.incarnation, to: message.from)
        }
    }

    /// Sends something to another node, of the life of the process that asks, under its number.
    func say(
        _ content: ForwardedMessage.Content,
        _ number: UInt64,
        _ incarnation: UInt64,
        trace: String? = nil,
        to other: NodeID
    ) {
        liveness.sent(to: other)
        let message = ForwardedMessage(
            from: node,
            to: other,
            incarnation: incarnation,
            number: number,
            content: content,
            trace: trace
        )
        environment.network.send([.forwarded(message)])
    }
}
