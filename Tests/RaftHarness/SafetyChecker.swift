import Raft

/// A property of Raft that did not hold.
public struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
    /// Which property, and who broke it how.
    public let description: String
}

/// Sees everything that happens in a cluster and knows what must never happen (thesis, figure 3.2, and what clients rely
/// on). It looks at each event once, so it can look at every one.
struct SafetyChecker {
    private struct Version: Hashable {
        let term: Term
        let previousTerm: Term
        let fingerprint: UInt64
        let sizeBytes: Int
    }

    private struct Ballot: Hashable {
        let voter: NodeID
        let term: Term
    }

    private struct Hearing: Hashable {
        let listener: NodeID
        let term: Term
    }

    /// Every version of the entry at each index that was ever written by anybody.
    private var versions: [[Version]] = []
    /// The terms of all committed entries; the first is index 1's.
    private var committedTerms: [Term] = []
    /// The term in which the first replica knew each of them to be committed.
    private var knownSince: [Term] = []
    /// The state machine's fingerprint after each index; the first is index 1's, zero until somebody applied it.
    private var fingerprints: [UInt64] = []
    /// Every configuration entry that was ever written by anybody.
    private var configurations: [(position: LogPosition, configuration: Configuration)] = []
    /// Ids that the committed configurations have let go.
    private var retired: Set<NodeID> = []
    /// When each replica last heard a heartbeat of each term.
    private var heartbeats: [Hearing: Int] = [:]
    private var leaders: [Term: NodeID] = [:]
    private var ballots: [Ballot: NodeID] = [:]

    /// The greatest index that any replica knows to be committed.
    var committed: LogIndex { LogIndex(UInt64(committedTerms.count)) }

    /// Log matching: equal index and term mean equal entries, and equal logs before them. By induction it is enough
    /// that an entry always has the same content and the same predecessor.
    mutating func sees(_ entries: [Entry], after previous: LogPosition) throws(Violation) {
        var previousTerm = previous.term
        for entry in entries {
            let version = Version(
                term: entry.term,
                previousTerm: previousTerm,
                fingerprint: entry.payload.fingerprint,
                sizeBytes: entry.payload.sizeBytes
            )
            let slot = Int(entry.index.rawValue) - 1
            while versions.count <= slot { versions.append([]) }
            if let known = versions[slot].first(where: { $0.term == entry.term }) {
                guard known == version else {
                    throw Violation(description: "log matching: two entries are \(entry.position)")
                }
            } else {
                versions[slot].append(version)
                if case .configuration(let next) = entry.payload { configurations.append((entry.position, next)) }
            }
            previousTerm = entry.term
        }
    }

    /// Election safety: at most one leader a term. Leader completeness: it has everything that is committed.
    mutating func sees(leader: NodeID, of term: Term, log: TermHistory) throws(Violation) {
        if let other = leaders[term], other != leader {
            throw Violation(description: "election safety: \(other) and \(leader) both lead term \(term)")
        }
        leaders[term] = leader
        // A leader may win late, when later terms have committed entries already: those it need not have.
        var index = committed
        while index > log.base.index, knownSince[Int(index.rawValue) - 1] >= term { index = index.previous }
        guard index > log.base.index else { return }
        let last = committedTerms[Int(index.rawValue) - 1]
        guard log.term(at: index) == last else {
            throw Violation(description: "leader completeness: \(leader) leads term \(term) without \(last)/\(index)")
        }
    }

    /// State-machine safety, as soon as it can be seen: nobody commits another entry at an index.
    mutating func sees(
        commit: LogIndex,
        after known: LogIndex,
        by id: NodeID,
        in currentTerm: Term,
        log: TermHistory
    ) throws(Violation) {
        var index = max(known, log.base.index.rawValue > 0 ? log.base.index.previous : .zero).next
        while index <= commit {
            guard let term = log.term(at: index) else {
                throw Violation(description: "\(id) commits \(index) without having it")
            }
            if index <= committed {
                let committedTerm = committedTerms[Int(index.rawValue) - 1]
                guard term == committedTerm else {
                    throw Violation(
                        description:
                            "commitment: \(id) commits \(term)/\(index), \(committedTerm)/\(index) is committed"
                    )
                }
            } else {
                guard index == committed.next else {
                    throw Violation(description: "\(id) commits \(index) before \(committed.next) was")
                }
                committedTerms.append(term)
                knownSince.append(currentTerm)
                try sees(committed: LogPosition(term: term, index: index))
            }
            index = index.next
        }
    }

    /// An id that was let go never comes back.
    private mutating func sees(committed position: LogPosition) throws(Violation) {
        guard let (_, configuration) = configurations.first(where: { $0.position == position }) else { return }
        if let id = configuration.members.first(where: retired.contains) {
            throw Violation(description: "membership: \(id) was removed and is a member again")
        }
        retired.formUnion(configuration.retired)
    }

    func hasVoted(_ voter: NodeID, for candidate: NodeID, in term: Term) -> Bool {
        ballots[Ballot(voter: voter, term: term)] == candidate
    }

    mutating func sees(heartbeatOf term: Term, heardBy listener: NodeID, at time: Int) {
        heartbeats[Hearing(listener: listener, term: term)] = time
    }

    /// When the replica last heard a heartbeat of the term; before all time if it never did.
    func lastHeartbeat(of term: Term, heardBy listener: NodeID) -> Int {
        heartbeats[Hearing(listener: listener, term: term)] ?? -1
    }

    /// Where this configuration was committed, if it was last and the one before was joint.
    func index(ofLeavingJointFor configuration: Configuration) -> LogIndex? {
        let decided = configurations.filter { isCommitted($0.position) }.sorted { $0.position < $1.position }
        guard let last = decided.last, last.configuration == configuration,
            decided.dropLast().last?.configuration.isJoint == true
        else { return nil }
        return last.position.index
    }

    private func isCommitted(_ position: LogPosition) -> Bool {
        position.index <= committed && committedTerms[Int(position.index.rawValue) - 1] == position.term
    }

    /// The index of a log's last configuration entry before `index`.
    func lastConfiguration(before index: LogIndex, in log: TermHistory) -> LogIndex? {
        var last: LogIndex?
        for (position, _) in configurations where position.index < index && position.index > last ?? .zero {
            if log.term(at: position.index) == position.term { last = position.index }
        }
        return last
    }

    /// Payload bytes of a log's entries behind `index`, as far as they were written.
    func sizeBytes(after index: LogIndex, in log: TermHistory) -> Int {
        var sum = 0
        for slot in Int(index.rawValue)..<max(Int(index.rawValue), Int(log.lastIndex.rawValue)) {
            guard slot < versions.count, let term = log.term(at: LogIndex(UInt64(slot) + 1)) else { continue }
            sum += versions[slot].first { $0.term == term }?.sizeBytes ?? 0
        }
        return sum
    }

    /// State-machine safety: whoever applies an index has applied the same history.
    mutating func sees(_ state: StateMachine, appliedBy id: NodeID) throws(Violation) {
        let slot = Int(state.index.rawValue) - 1
        while fingerprints.count <= slot { fingerprints.append(0) }
        if fingerprints[slot] == 0 { fingerprints[slot] = state.fingerprint }
        guard fingerprints[slot] == state.fingerprint else {
            throw Violation(description: "state-machine safety: \(id) differs at \(state.index)")
        }
    }

    /// Promises that leave a replica are kept by its disk, and no vote is given twice.
    mutating func sees(_ envelope: Envelope, disk: SimulatedDisk) throws(Violation) {
        switch envelope.message {
        case .voteRequest:
            try sees(voteFor: envelope.from, in: envelope, disk: disk)
        case .voteReply(let reply) where reply.isGranted:
            try sees(voteFor: envelope.to, in: envelope, disk: disk)
        case .appended(let acknowledgement):
            // It may leave after a later term's write, which may have replaced the entry. That is as good as a slow
            // network: the entry was stored before that term was entered.
            let isOfLatestTerm = disk.hardState.term == envelope.term
            guard !isOfLatestTerm || disk.lastIndex >= acknowledgement.match else {
                throw Violation(
                    description: "\(envelope.from) acknowledges \(acknowledgement.match) without storing it"
                )
            }
            guard disk.hardState.term >= envelope.term else {
                throw Violation(description: "\(envelope.from) acknowledges in a term that it has not stored")
            }
        case .append(let request):
            try sees(request.entries, after: request.previous)
        default:
            break
        }
    }

    private mutating func sees(
        voteFor candidate: NodeID,
        in envelope: Envelope,
        disk: SimulatedDisk
    ) throws(Violation) {
        let ballot = Ballot(voter: envelope.from, term: envelope.term)
        if let other = ballots[ballot], other != candidate {
            throw Violation(description: "\(envelope.from) votes for \(other) and \(candidate) in \(envelope.term)")
        }
        ballots[ballot] = candidate
        let isStored =
            disk.hardState.term > envelope.term
            || (disk.hardState.term == envelope.term && disk.hardState.vote == candidate)
        guard isStored else {
            throw Violation(description: "\(envelope.from) votes in \(envelope.term) without having stored it")
        }
    }
}
