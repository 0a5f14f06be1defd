internal import Raft

/// One attempt of a transaction, at the node that was asked for it. A value: events go in, actions come out.
///
///     all keys in one partition   commitOnce ──▶ answer
///                                   └── no answer, and a copy may be on its way ──▶ barred at the primary ──▶ answer
///     several partitions          prepare, all at once ──▶ timestamp ──▶ commit at the primary ──▶ answer
///                                                                              └──▶ resolve the others ──▶ settle
///
/// **What it may say.** `committed` when the primary's partition has said so. `conflict` or `refused` when no copy of a
/// commit was ever sent, or when every copy was accounted for, or when a rollback is recorded that bars all of them.
/// Otherwise, when time is over, `unknown`.
///
/// **What it owes.** Participants that hold something are told the outcome until they have confirmed it, or until the
/// attempt's node gives up; then those who meet an intent finish the transaction, by asking its primary.
struct Coordinator: Hashable {
    let attempt: TransactionAttempt
    private let draft: TransactionDraft
    private var phase = Phase.routing
    private var parts: [Part] = []
    private var primary: [UInt8] = []
    private var home = PartitionID(0)
    private var hasAnswered = false
    /// A copy of what may commit was sent, and nobody has told what became of it.
    private var mayHaveCommitted = false
    /// What becomes of it, once that is decided.
    private var fate: TransactionFate?
    /// What to say once it is certain that no copy will take place.
    private var suspicion = TransactionError.unknown
    private(set) var rounds = 0

    /// One partition's share.
    struct Part: Hashable {
        let partition: PartitionID
        let epoch: UInt64
        /// Some key of it, by which it is found again.
        let anchor: [UInt8]
        let draft: TransactionDraft
        var state = State.idle

        enum State: Hashable {
            case idle
            case asked
            case prepared
            case resolved
        }
    }

    private enum Phase: Hashable {
        case routing
        case oneRound
        case barring
        case preparing
        case fetching
        case committing(TransactionCommit)
        /// Others are told; who asked has been answered.
        case resolving
        case settling
        case over
    }

    /// What is to be done. A request is sent until it is answered, as long as the coordinator does not say otherwise.
    enum Action: Hashable {
        /// Ask a partition's leader, then call ``Coordinator/answered(_:by:)``.
        case send(PartitionID, PartitionRequest)
        /// Fetch a timestamp, then call ``Coordinator/fetched(_:)``.
        case fetchTimestamp
        /// Tell who asked.
        case finish(Answer)
        /// Nothing is left to be done.
        case end
    }

    /// What the author of the transaction is told.
    enum Answer: Hashable, Sendable {
        case committed(Timestamp)
        case failed(TransactionError)
    }

    init(_ draft: TransactionDraft, _ attempt: TransactionAttempt) {
        self.draft = draft
        self.attempt = attempt
    }

    var isOver: Bool { phase == .over }

    // MARK: The beginning

    /// Begins, with the partitions that the draft's keys lie in.
    ///
    /// - Parameters:
    ///   - home: The partition of the key that is ``primary(of:_:)``.
    ///   - mintedAt: How far this node's replica of a partition has applied its log; see ``Command/mintedAt``.
    ///   - expires: When others may end it if it does not go on.
    ///   - deadline: It does not take place behind this.
    mutating func begin(
        _ shares: [Part],
        home: PartitionID,
        mintedAt: LogIndex,
        expires: Timestamp,
        deadline: Timestamp
    ) -> [Action] {
        precondition(phase == .routing && !shares.isEmpty, "an attempt begins once, with the partitions it needs")
        precondition(shares.contains { $0.partition == home }, "the primary's partition takes part")
        parts = shares
        self.home = home
        primary = Self.primary(of: draft, attempt)
        if shares.count == 1, attempt.primary == nil {
            phase = .oneRound
            mayHaveCommitted = true
            rounds = 1
            let request = OneRoundRequest(
                id: attempt.id,
                age: attempt.age,
                mintedAt: mintedAt,
                epoch: shares[0].epoch,
                deadline: deadline,
                draft: draft
            )
            return [.send(shares[0].partition, .commitOnce(request))]
        }
        phase = .preparing
        rounds = 1
        var actions: [Action] = []
        for place in parts.indices {
            if parts[place].draft.isEmpty, parts[place].partition != home || attempt.primary != nil {
                // It holds what was locked there already, and there is nothing to add.
                parts[place].state = .prepared
                continue
            }
            parts[place].state = .asked
            let prepare = TransactionPrepare(
                epoch: parts[place].epoch,
                id: attempt.id,
                age: attempt.age,
                step: UInt32(attempt.locked.count),
                primary: primary,
                floor: .zero,
                expires: expires,
                deadline: deadline,
                draft: parts[place].draft
            )
            actions.append(.send(parts[place].partition, .prepare(prepare)))
        }
        if actions.isEmpty { return allPrepared() }
        return actions
    }

    /// The key under which the record of an attempt lies, if it comes to have one.
    static func primary(of draft: TransactionDraft, _ attempt: TransactionAttempt) -> [UInt8] {
        attempt.primary ?? draft.primary
    }

    // MARK: Answers

    /// A partition's leader has answered, for good as far as this step goes.
    ///
    /// - Parameter isCertain: False where other copies of the request were sent of which nobody has told anything.
    mutating func answered(
        _ response: PartitionResponse,
        by partition: PartitionID,
        isCertain: Bool
    ) -> [Action] {
        switch phase {
        case .routing, .fetching, .over: []
        case .oneRound: oneRoundAnswered(response, isCertain: isCertain)
        case .barring: barAnswered(response)
        case .preparing: prepareAnswered(response, by: partition)
        case .committing: commitAnswered(response)
        case .resolving: resolveAnswered(response, by: partition)
        case .settling: finished()
        }
    }

    private mutating func oneRoundAnswered(_ response: PartitionResponse, isCertain: Bool) -> [Action] {
        switch response {
        case .outcome(.committed(let timestamp)):
            return tell(.committed(timestamp)) + finished()
        case .outcome(.refused), .outcome(.tooLate), .outcome(.tooOld), .outcome(.outdated), .outcome(.wrongPartition):
            // Applied behind every copy that may have been sent before, and no later one can come to anything else.
            return tell(.failed(failure(of: response))) + finished()
        case .expired:
            return tell(.failed(.unknown)) + finished()
        default:
            if isCertain { return tell(.failed(failure(of: response))) + finished() }
            suspicion = failure(of: response)
            return bar()
        }
    }

    /// Copies are about that nobody can call back: a rollback is recorded that keeps them from taking place.
    private mutating func bar() -> [Action] {
        phase = .barring
        return [.send(home, .decide(attempt.id, primary: primary, mustEnd: true))]
    }

    private mutating func barAnswered(_ response: PartitionResponse) -> [Action] {
        switch response {
        case .outcome(.committed(let timestamp)): return tell(.committed(timestamp)) + finished()
        case .outcome(.rolledBack): return tell(.failed(suspicion == .unknown ? .noLeader : suspicion)) + finished()
        default: return tell(.failed(.unknown)) + finished()
        }
    }

    private mutating func prepareAnswered(_ response: PartitionResponse, by partition: PartitionID) -> [Action] {
        guard let place = parts.firstIndex(where: { $0.partition == partition }) else { return [] }
        guard case .outcome(.prepared) = response else {
            return tell(.failed(failure(of: response))) + rollBack()
        }
        parts[place].state = .prepared
        return parts.allSatisfy { $0.state == .prepared } ? allPrepared() : []
    }

    private mutating func allPrepared() -> [Action] {
        phase = .fetching
        return [.fetchTimestamp]
    }

    /// The timestamp of the commit, fetched after everything was prepared.
    mutating func fetched(_ timestamp: Timestamp) -> [Action] {
        guard phase == .fetching else { return [] }
        guard let epoch = parts.first(where: { $0.partition == home })?.epoch else {
            preconditionFailure("the primary's partition takes part")
        }
        let commit = TransactionCommit(
            epoch: epoch,
            id: attempt.id,
            primary: primary,
            timestamp: timestamp,
            participants: parts.filter { $0.partition != home }.map(\.anchor)
        )
        phase = .committing(commit)
        mayHaveCommitted = true
        rounds += 1
        return [.send(home, .commit(commit))]
    }

    private mutating func commitAnswered(_ response: PartitionResponse) -> [Action] {
        switch response {
        case .outcome(.committed(let timestamp)):
            mayHaveCommitted = false
            fate = .committed(timestamp)
            if let place = parts.firstIndex(where: { $0.partition == home }) { parts[place].state = .resolved }
            return tell(.committed(timestamp)) + resolve()
        case .outcome(.rolledBack), .outcome(.tooLate), .outcome(.tooOld):
            mayHaveCommitted = false
            return tell(.failed(.conflict(key: primary))) + rollBack()
        default:
            // Whoever answers like this has not tried. Others will find out what became of it.
            return tell(.failed(.unknown)) + finished()
        }
    }

    /// Time is over for who asked. What is under way goes on, so that nobody is kept waiting by what is left behind.
    mutating func timeIsOver(why: TransactionError = .conflict(key: [])) -> [Action] {
        guard !hasAnswered else { return [] }
        switch phase {
        case .routing: return tell(.failed(why)) + finished()
        case .oneRound, .barring: return tell(.failed(.unknown)) + finished()
        case .preparing, .fetching: return tell(.failed(why)) + rollBack()
        case .committing: return tell(.failed(.unknown))
        case .resolving, .settling, .over: return []
        }
    }

    /// The node gives up what it still owes.
    mutating func giveUp() -> [Action] {
        if phase == .over { return [] }
        return (hasAnswered ? [] : tell(.failed(mayHaveCommitted ? .unknown : .stopping))) + finished()
    }

    // MARK: The end

    private mutating func rollBack() -> [Action] {
        fate = .rolledBack
        return resolve()
    }

    /// Tells every participant that may hold something.
    private mutating func resolve() -> [Action] {
        guard let fate else { preconditionFailure("what is resolved is decided") }
        phase = .resolving
        var actions: [Action] = []
        for part in parts where part.state != .resolved && part.state != .idle {
            actions.append(.send(part.partition, .resolve(attempt.id, anchor: part.anchor, fate)))
        }
        return actions.isEmpty ? settle() : actions
    }

    private mutating func resolveAnswered(_ response: PartitionResponse, by partition: PartitionID) -> [Action] {
        guard let place = parts.firstIndex(where: { $0.partition == partition }) else { return [] }
        // Where anything else is said, something may be held still, and the record has to stay.
        guard case .outcome(.done) = response else { return finished() }
        parts[place].state = .resolved
        guard parts.allSatisfy({ $0.state == .resolved || $0.state == .idle }) else { return [] }
        return settle()
    }

    private mutating func settle() -> [Action] {
        guard case .committed = fate else { return finished() }
        phase = .settling
        return [.send(home, .settle(attempt.id, primary: primary))]
    }

    /// Who asked is answered once; what becomes known later is only of use to participants.
    private mutating func tell(_ answer: Answer) -> [Action] {
        if hasAnswered { return [] }
        hasAnswered = true
        return [.finish(answer)]
    }

    private mutating func finished() -> [Action] {
        phase = .over
        return [.end]
    }

    private func failure(of response: PartitionResponse) -> TransactionError {
        switch response {
        case .outcome(let outcome): failure(of: outcome)
        case .died(let key), .timedOut(let key): .conflict(key: key)
        case .moved: .noLeader
        case .overloaded: .overloaded
        case .diskFull: .diskFull
        case .invalid(let error): .invalid(error)
        case .unreadable(let text): .unreadable(text)
        case .tooOld: .snapshotTooOld
        case .expired, .timestamps, .entries, .page: .unknown
        }
    }

    private func failure(of outcome: TransactionOutcome) -> TransactionError {
        switch outcome {
        case .refused(let refusal, let key): .refused(refusal, key: key)
        case .outdated(let key), .blocked(let key, _), .needsNewerTimestamp(let key): .conflict(key: key)
        case .tooOld: .snapshotTooOld
        case .wrongPartition, .wrongTerm: .conflict(key: draft.primary)
        case .tooLate, .rolledBack, .pending, .committed, .prepared, .done: .conflict(key: draft.primary)
        }
    }
}

extension TransactionDraft {
    /// The key under which the record of a transaction of several partitions lies: the least that is written, or, where
    /// nothing is, the least that it has anything to do with.
    var primary: [UInt8] {
        if let least = changes.map(\.key).min(by: { KeyOrder.compare($0, $1) < 0 }) { return least }
        let keys = reads + checks.map(\.key) + ranges.map(\.lower)
        return keys.min { KeyOrder.compare($0, $1) < 0 } ?? []
    }

    /// True if it asks for nothing.
    var isEmpty: Bool { reads.isEmpty && ranges.isEmpty && checks.isEmpty && changes.isEmpty }
}
