import Raft

/// A cluster whose every event a seed decides: messages lost, doubled, late and out of order, partitions, crashes that
/// lose what was not written, restarts, slow disks, snapshots, transfers and changes of the members. After each event
/// the checker looks at what it did.
struct ClusterHarness {
    static let partition = PartitionID(7)

    let mix: FaultMix
    var random: SeededGenerator
    var replicas: [SimulatedReplica] = []
    var network: [Envelope] = []
    /// Old messages, to be delivered again when nobody expects them.
    var archive: [Envelope] = []
    /// Pairs that cannot hear each other, as (sender, receiver).
    var cuts: [(from: NodeID, to: NodeID)] = []
    /// Whether what is sent over a cut link waits for it to heal, instead of being lost.
    var isClogging = false
    var clogged: [Envelope] = []
    /// A replica whose process is stopped, as by SIGSTOP: no time passes for it, what is sent to it waits.
    var stopped: NodeID?
    /// Replicas whose disks finish no write for now.
    var stalledDisks: Set<NodeID> = []
    /// The last order to sleep that was sent to each replica.
    var lastOrders: [NodeID: Envelope] = [:]
    var snapshots: [SnapshotTransfer] = []
    var reads: [ReadToken: PendingRead] = [:]
    /// Reads that their clients have given up.
    var cancelledReads: Set<ReadToken> = []
    /// Who was asked to vote by a change of the members, not by having caught up.
    var requestedPromotions: Set<NodeID> = []
    /// Removed members whose replicas are needed for nothing any more, as a leader has told.
    var destroyable: [NodeID] = []
    var checker = SafetyChecker()
    var coverage = Coverage()
    var timeline: Timeline
    /// Counts events.
    var now = 0
    /// Orders to campaign that are yet to be lost.
    var ordersToLose = 0
    var lastRead: UInt64 = 0
    var lastCommand: UInt64 = 0
    var nextID: UInt64
    /// What the checker knew of each replica after the event before.
    var known: [ReplicaWatch] = []
    private let totalWeight: Int

    struct SnapshotTransfer {
        let from: NodeID
        let incarnation: Int
        let to: NodeID
        let metadata: SnapshotMetadata
        let state: StateMachine
    }

    struct PendingRead {
        let replica: NodeID
        let incarnation: Int
        /// Whether a leader asked itself: then no message can be lost, and there must be an outcome.
        let isAtLeader: Bool
        let term: Term
        let configuration: Configuration
        /// When.
        let began: Int
        /// What had been committed when the read began.
        let needed: LogIndex
    }

    init(seed: UInt64, isRecording: Bool) {
        random = SeededGenerator(seed: seed)
        mix = FaultMix(random: &random)
        totalWeight = mix.weights.reduce(0) { $0 + $1.weight }
        timeline = Timeline(isRecording: isRecording)
        nextID = UInt64(mix.voters) + 1
        let ids = (1...UInt64(mix.voters)).map { NodeID($0) }
        for id in ids { addReplica(id, Configuration(voters: ids)) }
    }

    mutating func addReplica(_ id: NodeID, _ configuration: Configuration) {
        replicas.append(
            SimulatedReplica(id: id, configuration: configuration, options: mix.options, seed: random.next())
        )
        known.append(ReplicaWatch())
    }

    // MARK: Choosing

    mutating func chance(_ percent: Int) -> Bool { percent > 0 && number(100) < percent }

    mutating func number(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

    func position(of id: NodeID) -> Int? { replicas.firstIndex { $0.id == id } }

    /// A replica for which the condition holds, if there is one.
    mutating func anyReplica(where condition: (SimulatedReplica) -> Bool) -> Int? {
        let candidates = replicas.indices.filter { condition(replicas[$0]) }
        return candidates.isEmpty ? nil : candidates[number(candidates.count)]
    }

    func isCut(from: NodeID, to: NodeID) -> Bool { cuts.contains { $0.from == from && $0.to == to } }

    mutating func nextStep() -> FaultMix.StepKind {
        var ticket = number(totalWeight)
        for (kind, weight) in mix.weights {
            if ticket < weight { return kind }
            ticket -= weight
        }
        return .deliver
    }

    // MARK: After each event

    /// Takes a replica's effects, unless they are left to gather, and checks what the event has done.
    mutating func finish(_ position: Int, mayGather: Bool = true) throws(Violation) {
        try check(position)
        guard replicas[position].isUp else { return }
        if mayGather, chance(mix.gatherPercent) {
            replicas[position].hasUntakenEffects = true
            return
        }
        try takeEffects(position)
        try check(position)
    }

    private mutating func takeEffects(_ position: Int) throws(Violation) {
        let effects = replicas[position].core.takeEffects()
        replicas[position].hasUntakenEffects = false
        let id = replicas[position].id
        for notice in effects.notices { try observe(notice, position) }
        if let request = effects.persist { try observe(request, position) }
        for envelope in effects.messages {
            try checker.sees(envelope, disk: replicas[position].disk)
            try judgeSent(envelope, position)
            timeline.record { "\(id) sends \(envelope)" }
            if case .voteRequest(let request) = envelope.message, request.isTransfer {
                coverage.count(.transferCampaign)
            }
            if case .quiesce = envelope.message { lastOrders[envelope.to] = envelope }
            network.append(envelope)
        }
        try judgeAnswers(among: effects.messages, position)
        known[position].isRefused.removeAll()
        if let transfer = known[position].transfer,
            replicas[position].core.status.transferTarget != transfer.target
        {
            known[position].transfer = nil
        }
        if let committed = effects.committed { replicas[position].applying = committed }
        for request in effects.logReads { startLogRead(position, request) }
        for request in effects.snapshots { startSnapshot(position, request) }
        for outcome in effects.reads { try observe(outcome, position) }
    }

    private mutating func startLogRead(_ position: Int, _ request: LogReadRequest) {
        let entries = chance(50) ? replicas[position].disk.entries(answering: request) : nil
        replicas[position].logReads.append(SimulatedReplica.LogRead(request: request, entries: entries))
    }

    private mutating func startSnapshot(_ position: Int, _ request: SnapshotRequest) {
        let replica = replicas[position]
        guard let index = replica.state.index >= request.minimumIndex ? replica.state.index : nil,
            let term = replica.core.termHistory.term(at: index)
        else { return replicas[position].core.snapshotFailed(to: request.follower) }
        snapshots.append(
            SnapshotTransfer(
                from: replica.id,
                incarnation: replica.incarnation,
                to: request.follower,
                metadata: SnapshotMetadata(
                    position: LogPosition(term: term, index: index),
                    configuration: replica.state.configuration
                ),
                state: replica.state
            )
        )
    }

    private mutating func observe(_ request: PersistRequest, _ position: Int) throws(Violation) {
        let id = replicas[position].id
        timeline.record { "\(id) writes \(request)" }
        if let metadata = request.snapshot {
            guard replicas[position].staged[metadata] != nil else {
                throw Violation(description: "\(id) installs a snapshot whose bytes it does not have")
            }
            coverage.count(.snapshotInstalled)
            known[position].lastWritten = metadata.position.index
        }
        replicas[position].writes.append(request)
        guard let first = request.entries.first, let last = request.entries.last else { return }
        let log = replicas[position].core.termHistory
        guard let previousTerm = log.term(at: first.index.previous) else {
            throw Violation(description: "\(id) writes \(first.position) behind nothing")
        }
        try checker.sees(request.entries, after: LogPosition(term: previousTerm, index: first.index.previous))
        try judgeConfigurations(in: request, position)
        if first.index <= known[position].lastWritten {
            coverage.count(.truncation)
            // Leader append-only: a leader never replaces what it has written in its own term.
            let isLeading = replicas[position].core.role == .leader && known[position].role == .leader
            if isLeading, replicas[position].core.term == known[position].term {
                throw Violation(description: "leader append-only: \(id) replaces its \(first.index)")
            }
        }
        known[position].lastWritten = last.index
    }

    private mutating func observe(_ notice: Notice, _ position: Int) throws(Violation) {
        let id = replicas[position].id
        timeline.record { "\(id) notices \(notice)" }
        switch notice {
        case .becameLeader(let term):
            coverage.count(.election)
            // The role may have gone again while effects gathered; the log is then another one already.
            guard replicas[position].core.term == term, replicas[position].core.role == .leader else { return }
            let stored = replicas[position].disk.hardState
            guard stored.term > term || (stored.term == term && stored.vote == id) else {
                throw Violation(description: "\(id) leads term \(term) without having stored its own vote")
            }
            try checker.sees(leader: id, of: term, log: replicas[position].core.termHistory)
        case .steppedDown(_, .removed): coverage.count(.leaderRemoved)
        case .steppedDown(_, .quorumLost): coverage.count(.quorumLost)
        case .transferAborted: coverage.count(.transferAborted)
        case .configurationAdopted(let configuration): observe(configuration, position)
        case .steppedDown, .leaderChanged: break
        case .configurationSettled(let configuration):
            coverage.count(.settlement)
            try judgeSettlement(of: configuration, position)
            for id in configuration.retired where !destroyable.contains(id) { destroyable.append(id) }
        case .retiredMemberHeard: coverage.count(.retiredHeard)
        case .quiesced: coverage.count(.sleep)
        case .woke: coverage.count(.wake)
        }
    }

    private mutating func observe(_ configuration: Configuration, _ position: Int) {
        let before = known[position].adopted
        if configuration.isJoint { coverage.count(.jointConfiguration) }
        if before.learners.contains(where: { configuration.isVoter($0.id) }) { coverage.count(.promotion) }
        known[position].adopted = configuration
    }

    private mutating func observe(_ outcome: ReadOutcome, _ position: Int) throws(Violation) {
        let replica = replicas[position]
        switch outcome {
        case .failed(let token):
            reads[token] = nil
            coverage.count(.readFailed)
        case .ready(let token, let index):
            guard !cancelledReads.contains(token) else {
                throw Violation(description: "reads: \(replica.id) answers a read that was given up")
            }
            guard let read = reads.removeValue(forKey: token) else { return }
            try judgeRead(read, position)
            guard index >= read.needed, replica.state.index >= index else {
                throw Violation(
                    description:
                        "linearizability: \(replica.id) at \(replica.state.index) answers a read at \(index) that must see \(read.needed)"
                )
            }
            coverage.count(replica.core.role == .leader ? .readServed : .followerReadServed)
        }
    }

    /// What must be true of a replica after any event.
    private mutating func check(_ position: Int) throws(Violation) {
        let replica = replicas[position]
        guard replica.isUp else { return }
        if let broken = replica.core.brokenInvariant {
            throw Violation(description: "\(replica.id): not \(broken)")
        }
        let commit = replica.core.committedIndex
        if replica.incarnation != known[position].incarnation {
            known[position] = ReplicaWatch(
                commit: .zero,
                lastWritten: replica.disk.lastIndex,
                configuration: replica.disk.flushed.configuration,
                adopted: replica.disk.flushed.configuration,
                incarnation: replica.incarnation
            )
        }
        if commit > known[position].commit {
            coverage.count(.commit, commit.distance(from: known[position].commit))
            try checker.sees(
                commit: commit,
                after: known[position].commit,
                by: replica.id,
                in: replica.core.term,
                log: replica.core.termHistory
            )
        }
        guard commit >= known[position].commit else {
            throw Violation(description: "\(replica.id): commit index goes back to \(commit)")
        }
        guard replica.core.term >= known[position].term else {
            throw Violation(description: "\(replica.id): term goes back to \(replica.core.term)")
        }
        try checkRole(position)
        try judgeLeader(position)
        try checkDurability(position)
        known[position].commit = commit
        known[position].term = replica.core.term
        known[position].role = replica.core.role
    }

    /// What a replica takes for durable is on its disk: this very entry, not another one of its index.
    private func checkDurability(_ position: Int) throws(Violation) {
        let durable = replicas[position].core.durableIndex
        // While a snapshot is being installed, nothing of its log is.
        guard durable > replicas[position].core.termHistory.base.index else { return }
        guard let term = replicas[position].core.termHistory.term(at: durable),
            replicas[position].disk.holds(durable, of: term)
        else {
            throw Violation(
                description: "\(replicas[position].id) takes \(durable) for durable, which it has not stored"
            )
        }
    }

    private mutating func checkRole(_ position: Int) throws(Violation) {
        let core = replicas[position].core
        let isNew = core.role != known[position].role || core.term != known[position].term
        if isNew, core.role == .preCandidate || core.role == .candidate {
            guard core.configuration.isVoter(core.id) else {
                throw Violation(description: "\(core.id) campaigns without being a voter")
            }
            let unapplied = checker.lastConfiguration(before: core.committedIndex.next, in: core.termHistory)
            guard (unapplied ?? .zero) <= core.appliedIndex else {
                throw Violation(description: "\(core.id) campaigns with a committed configuration unapplied")
            }
        }
        if isNew || core.configuration != known[position].configuration { known[position].trustQuorum() }
        if known[position].isQuiet, !core.isQuiet { known[position].wake() }
        known[position].isQuiet = core.isQuiet
        known[position].configuration = core.configuration
        // While a snapshot is being installed, its configuration is in force before its state is.
        let isInstalling = core.termHistory.base.index > core.appliedIndex
        guard
            isInstalling || core.appliedIndex != replicas[position].state.index
                || core.configuration == replicas[position].state.configuration
        else {
            throw Violation(description: "\(core.id) is not in the configuration that it has applied")
        }
    }
}
