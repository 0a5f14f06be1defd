public import Raft

/// What clients ask, and how they are answered.
extension Store {
    /// Proposes a command. Once it was accepted, exactly one answer follows with `token`.
    ///
    /// A command that was answered with ``CommandAnswer/unknown`` is submitted again unchanged: its id lets it take effect
    /// once at most.
    public func submit(
        _ command: Command,
        to partition: PartitionID,
        token: RequestToken
    ) throws(RequestRefusal) {
        let bytes: [UInt8]
        do throws(FieldError) { bytes = try command.encoded() } catch { throw .invalid(error) }
        try submit(encoded: bytes, takesRoom: command.takesRoom, to: partition, token: token)
    }

    /// Proposes a command that was encoded before, or received and found to be one.
    func submit(
        encoded bytes: [UInt8],
        takesRoom: Bool = true,
        to partition: PartitionID,
        token: RequestToken
    ) throws(RequestRefusal) {
        guard let replica = replicas[partition] else { throw .unknownPartition }
        // Who does not lead says who does.
        if replica.core.role == .leader, !hasRoom(for: replica, takesRoom: takesRoom) { throw .diskFull }
        guard pendingCommands < options.maxPendingCommands,
            pendingCommands == 0 || pendingCommandBytes + bytes.count <= options.maxPendingCommandBytes
        else { throw .overloaded }
        defer { touched(replica) }
        let position: LogPosition
        do throws(RaftCore.ProposalRefusal) {
            position = try replica.core.propose([bytes])
        } catch {
            switch error {
            case .notLeader(let leader): throw .notLeader(leader)
            case .transferring(let target): throw .transferring(to: target)
            case .overloaded: throw .overloaded
            }
        }
        // What an earlier leadership left behind here is answered before anything of a later one is proposed.
        answerUnknown(replica.commands.removeAll(after: position.index.previous))
        replica.commands.append(PendingCommands.Command(token: token, position: position, bytes: bytes.count))
        pendingCommands += 1
        pendingCommandBytes += bytes.count
    }

    /// Reads so that everything is seen that was answered before. Once it was accepted, exactly one answer
    /// follows with `token`. Any replica takes reads; on a follower they go by the leader.
    public func read(_ partition: PartitionID, _ query: ReadQuery, token: RequestToken) throws(RequestRefusal) {
        guard let replica = replicas[partition] else { throw .unknownPartition }
        do throws(FieldError) { try query.checkLimits() } catch { throw .invalid(error) }
        guard !awaitsRoom else { throw .diskFull }
        guard pendingReads < options.maxPendingReads else { throw .overloaded }
        defer { touched(replica) }
        let number = lastRead + 1
        do throws(RaftCore.ReadRefusal) {
            try replica.core.requestRead(ReadToken(number))
        } catch {
            switch error {
            case .noLeader: throw .notLeader(nil)
            case .overloaded: throw .overloaded
            }
        }
        lastRead = number
        pendingReads += 1
        replica.reads[number] = Replica.PendingRead(token: token, query: query)
        readDeadlines.append(
            ReadDeadline(tick: now + options.readTimeoutTicks, partition: partition, number: number)
        )
    }

    /// Reads what this node's replica has applied, without a promise of being up to date; nil where there is none.
    public func readStale(_ partition: PartitionID, _ query: ReadQuery) throws(StoreError) -> ReadAnswer? {
        guard let replica = replicas[partition], (try? query.checkLimits()) != nil else { return nil }
        return try callMachine(partition) { () throws(StateMachineError) in try query.answer(from: replica.machine) }
    }

    // MARK: Answers

    /// Answers what was proposed at or below the entries that were applied, and is thereby decided.
    func answer(_ applied: [(Entry, AppliedEntry)], of replica: Replica) {
        if replica.commands.isEmpty { return }
        for (entry, applied) in applied {
            while let command = replica.commands.removeFirst(through: entry.index) {
                guard command.position == entry.position,
                    case .command(_, let outcome, let firstIndex) = applied.outcome
                else {
                    answerUnknown([command])
                    continue
                }
                finish(command, .decided(outcome, at: entry.position, firstIndex: firstIndex))
            }
        }
    }

    func answerUnknown(_ commands: [PendingCommands.Command]) {
        for command in commands { finish(command, .unknown) }
    }

    private func finish(_ command: PendingCommands.Command, _ answer: CommandAnswer) {
        pendingCommands -= 1
        pendingCommandBytes -= command.bytes
        answers.append(.command(command.token, answer))
    }

    /// Reads what was confirmed, from the state machine as it is now.
    func release(_ reads: [ReadOutcome], of replica: Replica) throws(StoreError) {
        for read in reads {
            switch read {
            case .failed(let token):
                answerRead(token.rawValue, of: replica, .unconfirmed)
            case .ready(let token, _):
                guard let pending = replica.reads[token.rawValue] else { continue }
                let answer = try callMachine(replica.partition) { () throws(StateMachineError) in
                    try pending.query.answer(from: replica.machine)
                }
                answerRead(token.rawValue, of: replica, answer)
            }
        }
    }

    func answerRead(_ number: UInt64, of replica: Replica, _ answer: ReadAnswer) {
        guard let pending = replica.reads.removeValue(forKey: number) else { return }
        pendingReads -= 1
        answers.append(.read(pending.token, answer))
    }

    /// Gives up reads for which the time is over.
    func giveUpReads() {
        while let deadline = readDeadlines.first, deadline.tick <= now {
            readDeadlines.removeFirst()
            guard let replica = replicas[deadline.partition], replica.reads[deadline.number] != nil else { continue }
            replica.core.cancelRead(ReadToken(deadline.number))
            answerRead(deadline.number, of: replica, .unconfirmed)
        }
    }
}
