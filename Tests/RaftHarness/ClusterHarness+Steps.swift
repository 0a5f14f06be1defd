import Raft

/// The events of a run, one a step.
extension ClusterHarness {
    mutating func step(_ kind: FaultMix.StepKind) throws(Violation) {
        switch kind {
        case .deliver: try deliver()
        case .tick: try tick()
        case .sync: try sync()
        case .stallDisk: stallDisk()
        case .freeDisk: stalledDisks.removeAll()
        case .apply: try apply()
        case .propose: try propose()
        case .read: try read()
        case .cancelRead: try cancelRead()
        case .readLog: try readLog()
        case .moveSnapshot: try moveSnapshot()
        case .flushState: try with { harness, position in harness.replicas[position].flushState() }
        case .compact: try compact()
        case .crash: try crash()
        case .restart: try restart()
        case .partition: partition()
        case .heal: try heal()
        case .transfer: try transfer()
        case .changeMembers: try changeMembers()
        case .destroyRemoved: destroyRemoved()
        case .reportSilence: try reportSilence()
        case .breakConnection: try breakConnection()
        case .campaign: try with { harness, position throws(Violation) in try harness.feed(.campaign, to: position) }
        }
    }

    /// Does something to a random replica for which the condition holds, and checks it.
    private mutating func with(
        where condition: (SimulatedReplica) -> Bool = \.isUp,
        _ body: (inout ClusterHarness, Int) throws(Violation) -> Void
    ) throws(Violation) {
        guard let position = anyReplica(where: condition) else { return }
        try body(&self, position)
        try finish(position)
    }

    private mutating func tick() throws(Violation) {
        let stopped = stopped
        guard let position = anyReplica(where: { $0.isUp && $0.id != stopped }) else { return }
        try feed(.tick, to: position)
        try finish(position)
    }

    // MARK: Network

    private mutating func deliver() throws(Violation) {
        if chance(mix.garbagePercent) { return try deliverGarbage() }
        if chance(mix.staleReplayPercent), !archive.isEmpty {
            coverage.count(.staleReplay)
            return try deliver(archive[number(archive.count)])
        }
        guard !network.isEmpty else { return }
        // Mostly in order, as connections are; often enough not.
        let position = chance(30) ? number(network.count) : number(min(network.count, 4))
        let envelope = network.remove(at: position)
        if chance(mix.duplicatePercent) { network.append(envelope) }
        if archive.count < 64 { archive.append(envelope) } else { archive[number(64)] = envelope }
        if chance(mix.lossPercent) { return }
        if network.count > 400 { network.removeFirst(200) }
        try deliver(envelope)
    }

    mutating func deliver(_ envelope: Envelope) throws(Violation) {
        if isCut(from: envelope.from, to: envelope.to) {
            if isClogging, clogged.count < 64 { clogged.append(envelope) }
            return
        }
        guard let position = position(of: envelope.to), replicas[position].isUp else { return }
        if case .campaignNow = envelope.message, ordersToLose > 0 {
            ordersToLose -= 1
            return
        }
        if case .installSnapshot(let install) = envelope.message,
            replicas[position].core.wantsSnapshot(install.metadata),
            replicas[position].staged[install.metadata] == nil
        {
            // The runtime has no such bytes: the leader's runtime is told.
            coverage.count(.snapshotFailed)
            guard let leader = self.position(of: envelope.from), replicas[leader].isUp else { return }
            replicas[leader].core.snapshotFailed(to: envelope.to)
            return try finish(leader)
        }
        // A node's return is reported before anything that it has sent since.
        if replicas[position].returns.contains(envelope.from) { try reportNodes(position) }
        timeline.record { "\(envelope.to) receives \(envelope)" }
        try feed(.message(envelope), to: position)
        try finish(position)
    }

    /// Messages that no correct replica of this group sends. None may change anything but a counter.
    private mutating func deliverGarbage() throws(Violation) {
        guard let position = anyReplica(where: \.isUp) else { return }
        coverage.count(.garbage)
        let replica = replicas[position]
        let term = replica.core.term
        let stranger = NodeID(9_999)
        func envelope(_ message: Message, term: Term, to: NodeID, partition: PartitionID = Self.partition) -> Envelope {
            Envelope(partition: partition, from: stranger, to: to, term: term, message: message)
        }
        let far = LogIndex(1 << 63)
        let entry = Entry(index: LogIndex(5), term: Term(1), payload: .noop)
        let garbage = [
            envelope(.appended(AppendAcknowledgement(match: LogIndex(3))), term: term, to: replica.id),
            envelope(.heartbeatReply(HeartbeatReply(readRound: ReadRound(1 << 40))), term: term, to: replica.id),
            envelope(.voteReply(VoteReply(isGranted: true, committed: .origin)), term: term, to: replica.id),
            envelope(
                .preVoteReply(PreVoteReply(prospectiveTerm: term.next, isGranted: true, committed: .origin)),
                term: term,
                to: replica.id
            ),
            envelope(
                .voteReply(VoteReply(isGranted: true, committed: .origin)),
                term: Term(UInt64.max),
                to: replica.id
            ),
            envelope(.heartbeat(Heartbeat(commit: .zero, readRound: .none)), term: .zero, to: replica.id),
            envelope(.heartbeat(Heartbeat(commit: far, readRound: .none)), term: term, to: replica.id),
            envelope(.campaignNow(CampaignNow()), term: term.next, to: stranger),
            envelope(.campaignNow(CampaignNow()), term: term.next, to: replica.id, partition: PartitionID(8)),
            envelope(
                .append(AppendRequest(previous: .origin, entries: [entry], commit: .zero)),
                term: term.next,
                to: replica.id
            ),
            envelope(
                .appendRejected(
                    AppendRejection(rejected: LogIndex(2), hint: LogPosition(term: Term(1), index: LogIndex(3)))
                ),
                term: term.next,
                to: replica.id
            ),
            envelope(
                .readReply(ReadReply(id: ReadID(incarnation: 0, sequence: 1), index: far)),
                term: term,
                to: replica.id
            ),
        ]
        let before = replica.core.status
        replicas[position].core.step(garbage[number(garbage.count)])
        let after = replicas[position].core.status
        guard before.term == after.term, before.role == after.role, before.committed == after.committed,
            before.last == after.last, before.leader == after.leader
        else { throw Violation(description: "\(replica.id) takes garbage for a message") }
        try finish(position)
    }

    // MARK: Disk and state machine

    private mutating func sync() throws(Violation) {
        let stalled = stalledDisks
        let isWriting = { (replica: SimulatedReplica) in
            replica.isUp && !replica.writes.isEmpty && !stalled.contains(replica.id)
        }
        guard let position = anyReplica(where: isWriting) else { return }
        replicas[position].sync(1 + number(replicas[position].writes.count))
        timeline.record { "\(replicas[position].id) has synced, log ends at \(replicas[position].disk.lastIndex)" }
        try finish(position)
    }

    /// A disk finishes nothing for a while; what was handed to it is neither done nor lost.
    private mutating func stallDisk() {
        guard let position = victim() else { return }
        coverage.count(.stalledDisk)
        stalledDisks.insert(replicas[position].id)
        timeline.record { "the disk of \(replicas[position].id) stalls" }
    }

    private mutating func apply() throws(Violation) {
        guard let position = anyReplica(where: { $0.isUp && $0.applying != nil }) else { return }
        try apply(position, count: 1 + number(8))
        try finish(position)
    }

    mutating func apply(_ position: Int, count: Int) throws(Violation) {
        var states: [StateMachine] = []
        replicas[position].apply(count) { states.append($0) }
        for state in states { try checker.sees(state, appliedBy: replicas[position].id) }
        timeline.record { "\(replicas[position].id) has applied \(replicas[position].state.index)" }
    }

    private mutating func compact() throws(Violation) {
        try with { harness, position in
            let replica = harness.replicas[position]
            let span = replica.disk.flushed.index.rawValue &- replica.disk.base.index.rawValue
            guard replica.disk.flushed.index > replica.disk.base.index else { return }
            let index = replica.disk.base.index + (1 + harness.number(Int(span)))
            harness.replicas[position].compact(through: index)
        }
    }

    private mutating func readLog() throws(Violation) {
        guard let position = anyReplica(where: { $0.isUp && !$0.logReads.isEmpty }) else { return }
        try answerLogRead(position)
    }

    mutating func answerLogRead(_ position: Int) throws(Violation) {
        let read = replicas[position].logReads.removeFirst()
        coverage.count(.coldRead)
        let entries = read.entries ?? replicas[position].disk.entries(answering: read.request)
        replicas[position].core.entriesRead(read.request, entries: entries)
        try finish(position)
    }

    // MARK: Snapshots

    private mutating func moveSnapshot() throws(Violation) {
        guard !snapshots.isEmpty else { return }
        try move(snapshots.remove(at: number(snapshots.count)), fails: chance(20))
    }

    mutating func move(_ transfer: SnapshotTransfer, fails: Bool) throws(Violation) {
        guard let from = position(of: transfer.from), replicas[from].isUp,
            replicas[from].incarnation == transfer.incarnation
        else { return }
        guard !fails, let to = position(of: transfer.to), replicas[to].isUp,
            !isCut(from: transfer.from, to: transfer.to)
        else {
            coverage.count(.snapshotFailed)
            replicas[from].core.snapshotFailed(to: transfer.to)
            return try finish(from)
        }
        if replicas[to].core.wantsSnapshot(transfer.metadata) {
            replicas[to].staged[transfer.metadata] = transfer.state
        }
        replicas[from].core.snapshotSent(to: transfer.to, metadata: transfer.metadata)
        try finish(from)
    }

    // MARK: Clients

    private mutating func propose() throws(Violation) {
        let atLeader = chance(85)
        let isWanted = { (replica: SimulatedReplica) in replica.isUp && (!atLeader || replica.core.role == .leader) }
        try with(where: isWanted) { harness, position throws(Violation) in
            let commands = (0...harness.number(4)).map { _ in
                harness.lastCommand += 1
                let size = 4 + harness.number(12)
                return (0..<size).map { UInt8(truncatingIfNeeded: harness.lastCommand >> (8 * UInt64($0 % 4))) }
            }
            try harness.propose(commands, at: position)
        }
    }

    private mutating func propose(_ commands: [[UInt8]], at position: Int) throws(Violation) {
        let core = replicas[position].core
        // What was not taken yet cannot be counted.
        let waiting =
            replicas[position].hasUntakenEffects
            ? 0 : checker.sizeBytes(after: core.committedIndex, in: core.termHistory)
        let isHandingOver = core.status.transferTarget != nil
        do throws(RaftCore.ProposalRefusal) {
            _ = try replicas[position].core.propose(commands)
        } catch {
            if case .overloaded = error { coverage.count(.overload) }
            return
        }
        guard !isHandingOver else {
            throw Violation(description: "transfer: \(core.id) takes a proposal while it hands over")
        }
        let size = commands.reduce(0) { $0 + EntryPayload.command($1).sizeBytes }
        guard !replicas[position].core.isQuiet else {
            throw Violation(description: "sleep: \(core.id) takes a proposal and sleeps on")
        }
        guard waiting == 0 || waiting + size <= mix.options.maxUncommittedBytes else {
            throw Violation(description: "\(core.id) takes \(size) bytes, \(waiting) are uncommitted already")
        }
    }

    private mutating func read() throws(Violation) {
        guard let position = anyReplica(where: \.isUp) else { return }
        try read(position)
    }

    mutating func read(_ position: Int, mayGather: Bool = true) throws(Violation) {
        lastRead += 1
        let token = ReadToken(lastRead)
        if (try? replicas[position].core.requestRead(token)) != nil { admitted(token, position) }
        try finish(position, mayGather: mayGather)
    }

    /// A client gives up on a read, wherever that is.
    private mutating func cancelRead() throws(Violation) {
        let tokens = reads.keys.sorted { $0.rawValue < $1.rawValue }
        guard !tokens.isEmpty else { return }
        try cancelRead(tokens[number(tokens.count)])
    }

    mutating func cancelRead(_ token: ReadToken) throws(Violation) {
        guard let read = reads.removeValue(forKey: token), let position = position(of: read.replica),
            replicas[position].isUp, replicas[position].incarnation == read.incarnation
        else { return }
        coverage.count(.readCancelled)
        replicas[position].core.cancelRead(token)
        cancelledReads.insert(token)
        try finish(position)
    }

    /// Notes a read that a replica has taken, and what it has to see.
    mutating func admitted(_ token: ReadToken, _ position: Int) {
        let replica = replicas[position]
        reads[token] = PendingRead(
            replica: replica.id,
            incarnation: replica.incarnation,
            isAtLeader: replica.core.role == .leader,
            term: replica.core.term,
            configuration: replica.core.configuration,
            began: now,
            needed: checker.committed
        )
    }

    private mutating func transfer() throws(Violation) {
        let isLeader = { (replica: SimulatedReplica) in replica.isUp && replica.core.role == .leader }
        try with(where: isLeader) { harness, position in
            let target = harness.replicas[harness.number(harness.replicas.count)].id
            let isTaken: Void? = try? harness.replicas[position].core.transferLeadership(to: target)
            guard isTaken != nil else { return }
            harness.timeline.record { "transfer to \(target)" }
            if harness.known[position].transfer?.target != target {
                harness.known[position].transfer = (target, harness.replicas[position].core.termHistory.lastIndex)
            }
        }
    }
}
