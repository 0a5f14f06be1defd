internal import Raft

/// What a replica starts from: what its core is restored to, and what the log has to be told before.
///
/// The state machine may be ahead of the log: a snapshot is ingested first and recorded second, and a crash can come
/// between. Then the log is *re-based*: an install record puts its beginning where the state machine is.
///
///     log             base ───── last            base ─── x ─── last
///     state machine                    P                  P          another term at P
///     re-based                         base=last          base=last
///
/// Nothing that counts is lost by that. Entries up to P are in the state machine; entries behind an entry that
/// contradicts P, which is committed, can never be committed themselves.
///
/// **A log with a hole** has a floor: where it ended before something of it was damaged. It is re-based in the same way if
/// P reaches that far, with a term that is not older:
///
///     log             base ───┤ lost ├── floor       the damage lies before P, and so does all that follows it
///     state machine                       P
///     re-based                            base=last
///
/// A replica may forget nothing that it has promised: its vote, its term, and that it has entries. Vote and term are whole
/// whenever the floor is a position: that is so only if what every lost batch did, hard states included, stands in another
/// place that is intact; where one batch is lost of which nothing tells, the floor is unknown, and so may be the vote. The
/// entries that it has acknowledged lie at or below the floor, and with it at or below P, where the engine keeps what
/// became of them: each is committed and applied, or contradicts what is, and will never be. It votes for no log that is
/// behind P, which is no less than it asked for before. In every other case the replica does not run.
struct ReplicaStart {
    let state: RestoredState
    /// To be appended and made durable before the core runs.
    let records: [LogRecord]

    /// A replica that comes to be.
    init(creating partition: PartitionID, initial configuration: Configuration) {
        state = RestoredState(initial: configuration)
        // The first configuration is kept as that of a snapshot of nothing, until the state machine has one of its own.
        let nothing = SnapshotMetadata(position: .origin, configuration: configuration)
        records = [.create(partition), .install(partition, nothing)]
    }

    /// The configuration that a recovered replica was made with, while that matters.
    static func initialConfiguration(of group: RecoveredGroup) -> Configuration {
        group.installed?.configuration ?? Configuration(voters: [])
    }

    /// A replica that was there before.
    init(recovering group: RecoveredGroup, applied: AppliedState) throws(StartFailure) {
        if let floor = group.floor, !Self.reaches(applied.position, floor) { throw .logDamaged(floor) }
        let repairs: [LogRecord] = group.floor == nil ? [] : [.repaired(group.group)]
        let runs = group.terms.map { TermHistory.Run(first: $0.first, term: $0.term) }
        let history = TermHistory(base: group.base, runs: runs, lastIndex: group.last.index)
        let position = applied.position
        guard position.index >= group.base.index else { throw .inconsistent(.appliedBelowBase) }
        if history.term(at: position.index) == position.term {
            records = repairs
            state = Self.state(group, applied, log: history, hardState: group.hardState)
        } else {
            guard position.index > group.base.index else {
                throw .otherHistory(applied: position, base: group.base)
            }
            let hardState = Self.hardState(group.hardState, atLeast: position)
            records = [.hardState(group.group, hardState), .install(group.group, applied.metadata)] + repairs
            state = Self.state(group, applied, log: TermHistory(base: position), hardState: hardState)
        }
        do {
            try state.validate()
        } catch {
            throw .inconsistent(error)
        }
    }

    /// True where everything that a log with this floor has lost is applied. What an engine has when it is opened, no
    /// crash takes back.
    private static func reaches(_ applied: LogPosition, _ floor: LogFloor) -> Bool {
        guard case .position(let end) = floor else { return false }
        return applied.index >= end.index && applied.term >= end.term
    }

    private static func state(
        _ group: RecoveredGroup,
        _ applied: AppliedState,
        log: TermHistory,
        hardState: HardState
    ) -> RestoredState {
        var hardState = hardState
        // Of a large write a crash may keep the hard state and not all of its entries.
        hardState.commit = min(hardState.commit, log.lastIndex)
        let configurations = group.configurations.filter {
            $0.index > applied.position.index && $0.index <= log.lastIndex
        }
        return RestoredState(
            hardState: hardState,
            applied: applied.position.index,
            configuration: applied.configuration,
            log: log,
            configurations: configurations.map {
                RestoredState.ConfigurationEntry(index: $0.index, configuration: $0.configuration)
            },
            uncommittedBytes: group.entryBytes
        )
    }

    /// Entering a later term without a vote promises nothing to anybody.
    private static func hardState(_ known: HardState, atLeast position: LogPosition) -> HardState {
        HardState(
            term: max(known.term, position.term),
            vote: known.term >= position.term ? known.vote : nil,
            commit: position.index
        )
    }
}
