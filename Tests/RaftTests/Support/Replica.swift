import Raft

/// One core and just enough of a runtime to write tests as sequences of events. Nothing happens by itself: effects are
/// taken, writes completed and entries applied only when a test says so.
struct Replica {
    var core: RaftCore
    /// Messages that may leave, in order, since they were last taken.
    var sent: [Envelope] = []
    /// Writes that were handed out and not completed, oldest first.
    var writes: [PersistRequest] = []
    var committed: CommittedEntries?
    var reads: [ReadOutcome] = []
    var logReads: [LogReadRequest] = []
    var snapshots: [SnapshotRequest] = []
    var notices: [Notice] = []

    static let partition = PartitionID(1)

    init(
        _ id: UInt64,
        _ configuration: Configuration = .voters(1, 2, 3),
        options: RaftOptions = .test,
        restoring state: RestoredState? = nil,
        seed: UInt64 = 1
    ) {
        core = RaftCore(
            id: NodeID(id),
            partition: Self.partition,
            options: options,
            restoring: state ?? RestoredState(initial: configuration),
            seed: seed
        )
    }

    /// Takes effects.
    mutating func take() {
        let effects = core.takeEffects()
        sent += effects.messages
        if let write = effects.persist { writes.append(write) }
        if let batch = effects.committed { committed = batch }
        reads += effects.reads
        logReads += effects.logReads
        snapshots += effects.snapshots
        notices += effects.notices
    }

    /// Takes effects and completes all writes, until there are none.
    mutating func sync() {
        take()
        while let last = writes.last {
            writes.removeAll()
            core.persisted(through: last.id)
            take()
        }
    }

    /// Does everything that waits: writes, and entries to apply.
    mutating func settle() {
        sync()
        while let batch = committed {
            committed = nil
            core.applied(through: batch.last)
            sync()
        }
    }

    mutating func tick(_ count: Int = 1) { for _ in 0..<count { core.tick() } }

    /// Feeds a message from `sender`.
    mutating func receive(_ message: Message, from sender: UInt64, term: UInt64) {
        core.step(
            Envelope(
                partition: Self.partition,
                from: NodeID(sender),
                to: core.id,
                term: Term(term),
                message: message
            )
        )
    }

    /// Messages that left since the last time, and forgets them.
    mutating func takeSent() -> [Envelope] {
        take()
        defer { sent.removeAll() }
        return sent
    }

    /// Makes the replica the leader of the next term by the votes of the given nodes; all its writes are complete, its
    /// first entry is not acknowledged by anybody else.
    mutating func lead(votes voters: [UInt64]) {
        core.campaign()
        let term = core.term.rawValue + 1
        for voter in voters { receive(.granted(preVote: term), from: voter, term: core.term.rawValue) }
        sync()
        for voter in voters {
            receive(.voteReply(VoteReply(isGranted: true, committed: .origin)), from: voter, term: core.term.rawValue)
        }
        sync()
        sent.removeAll()
    }

    /// Lets `follower` acknowledge everything that this leader has.
    mutating func acknowledge(_ followers: UInt64...) {
        for follower in followers {
            receive(
                .appended(AppendAcknowledgement(match: core.status.last.index)),
                from: follower,
                term: core.term.rawValue
            )
        }
        take()
    }
}

extension Configuration {
    static func voters(_ ids: UInt64...) -> Configuration { Configuration(voters: ids.map { NodeID($0) }) }
}

extension RaftOptions {
    /// Short times: heartbeats every tick, elections after 10.
    static var test: RaftOptions {
        var options = RaftOptions()
        options.heartbeatTicks = 1
        options.electionTicks = 10
        return options
    }
}

extension Message {
    static func granted(preVote term: UInt64) -> Message {
        .preVoteReply(PreVoteReply(prospectiveTerm: Term(term), isGranted: true, committed: .origin))
    }

    static func append(after previous: LogPosition, _ entries: [Entry] = [], commit: UInt64 = 0) -> Message {
        .append(AppendRequest(previous: previous, entries: entries, commit: LogIndex(commit)))
    }

    static func heartbeat(commit: UInt64 = 0, round: UInt64 = 0) -> Message {
        .heartbeat(Heartbeat(commit: LogIndex(commit), readRound: ReadRound(round)))
    }
}

/// `at(2, 5)`: the entry of term 2 at index 5.
func at(_ term: UInt64, _ index: UInt64) -> LogPosition { LogPosition(term: Term(term), index: LogIndex(index)) }

/// `entry(2, 5)`: a command of term 2 at index 5.
func entry(_ term: UInt64, _ index: UInt64) -> Entry {
    Entry(index: LogIndex(index), term: Term(term), payload: .command([UInt8(term), UInt8(index)]))
}

/// A state with a log of these terms, index 1 first, nothing of it applied.
func restored(
    _ terms: [UInt64],
    term: UInt64? = nil,
    vote: UInt64? = nil,
    commit: UInt64 = 0,
    applied: UInt64 = 0,
    configuration: Configuration = .voters(1, 2, 3),
    configurations: [RestoredState.ConfigurationEntry] = [],
    uncommittedBytes: Int = 0
) -> RestoredState {
    var runs: [TermHistory.Run] = []
    for (offset, entryTerm) in terms.enumerated() where runs.last?.term != Term(entryTerm) {
        runs.append(TermHistory.Run(first: LogIndex(UInt64(offset) + 1), term: Term(entryTerm)))
    }
    return RestoredState(
        hardState: HardState(
            term: Term(term ?? terms.last ?? 0),
            vote: vote.map { NodeID($0) },
            commit: LogIndex(commit)
        ),
        applied: LogIndex(applied),
        configuration: configuration,
        log: TermHistory(base: .origin, runs: runs, lastIndex: LogIndex(UInt64(terms.count))),
        configurations: configurations,
        uncommittedBytes: uncommittedBytes
    )
}
