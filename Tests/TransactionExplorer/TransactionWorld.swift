internal import Raft

@testable internal import KVStore

/// Two partitions, some clients with their coordinators, and a network that keeps messages for as long as it likes.
///
///     clients ─▶ coordinators ─▶ envelopes ─▶ copies in flight ─▶ leaders ─▶ proposed ─▶ applied
///                    ▲                                               │
///                    └────────────── answers, at once ◀──────────────┘
///
/// Coordinators, participants, state machines and engine are those of the store. What is simple here: an entry is
/// committed and applied in one step, and timestamps are minted by counting. That an oracle comes to the same is
/// explored in ``OracleWorld``.
///
/// **Fewer states, nothing lost.** An answer travels at once: that it took longer would show in no order of other events
/// but that in which the client begins something else, and plans begin what comes later as late as they like. A client
/// counts as having begun when the first thing happens for it. A lost message is one that comes after everything else.
struct TransactionWorld: ExplorableWorld {
    let facts: ScenarioFacts
    var faults: Scenario.Faults
    var sites: [Site]
    var clients: [Client]
    /// In the order of clients and trials.
    var coordinators: [Running] = []
    /// In the order of their names, each of these.
    var envelopes: [Envelope] = []
    var copies: [Copy] = []
    var wants: [Want] = []
    var lastTimestamp: Timestamp
    var moment = Moment(tick: 0, cluster: .zero)
    /// When clients have begun and been answered, in the order in which that happened.
    var history: [HistoryEvent] = []
    var violation: String?

    /// An attempt's coordinator.
    struct Running: Hashable {
        let client: Int
        let trial: Int
        var coordinator: Coordinator
    }

    enum HistoryEvent: Hashable {
        case begins(Int)
        case ends(Int)
    }

    static let startTerm = Term(1)
    /// How long a transaction may hold something.
    static let timeToLive = Duration.milliseconds(1)

    init(_ scenario: Scenario) {
        facts = ScenarioFacts(scenario)
        faults = scenario.faults
        clients = scenario.plans.map { Client($0) }
        lastTimestamp = Timestamp(4)
        let routing = FixedRouting(epoch: 1)
        sites = []
        for site in 0...1 {
            var log = AppliedLog(of: FixedRouting.partitions[site]).appending(.noop, in: Self.startTerm)
            log = log.appending(Self.payload(.describe(routing.descriptor(site))), in: Self.startTerm)
            let own = scenario.initial.filter { FixedRouting.site(of: $0.key) == site }
            if !own.isEmpty { log = log.appending(Self.initialPayload(own, epoch: 1), in: Self.startTerm) }
            if let trouble = log.trouble { violation = trouble }
            sites.append(
                Site(
                    partition: FixedRouting.partitions[site],
                    range: FixedRouting.ranges[site],
                    applied: log,
                    setUp: log,
                    leader: Leader(Participant(term: Self.startTerm))
                )
            )
        }
        for site in sites.indices {
            let contents = contents(site, isDeposed: false)
            sites[site].leader.participant.catchUp(moment, contents)
            _ = sites[site].leader.participant.takeActions()
        }
        for client in clients.indices where clients[client].plan.after == nil { begin(client) }
    }

    private static func initialPayload(_ changes: [TransactionDraft.Change], epoch: UInt64) -> EntryPayload {
        let commit = OneRoundCommit(
            epoch: epoch,
            term: startTerm,
            timestamp: Timestamp(4),
            deadline: .max,
            draft: TransactionDraft(changes: changes)
        )
        return payload(
            .commitOnce(commit),
            identity: Participant.Proposal.Identity(id: TransactionID(1), mintedAt: .zero)
        )
    }

    /// The entry of a step.
    static func payload(
        _ step: TransactionCommand,
        identity: Participant.Proposal.Identity? = nil
    ) -> EntryPayload {
        let id = CommandID(identity?.id.rawValue ?? 0)
        let command = Command(id: id, mintedAt: identity?.mintedAt ?? .zero, transaction: step)
        do { return .command(try command.encoded()) } catch {
            preconditionFailure("a step cannot be encoded: \(error)")
        }
    }

    var scenario: Scenario { facts.scenario }

    /// The client whose attempt this is, for the timeline.
    func name(of id: TransactionID) -> String {
        clients.first { $0.attempt.id.rawValue >> 8 == id.rawValue >> 8 }?.plan.name ?? "\(id)"
    }

    /// The leader, or the deposed one.
    func leader(_ site: Int, isDeposed: Bool) -> Leader? { isDeposed ? sites[site].deposed : sites[site].leader }

    /// What a leader sees as applied.
    func contents(_ site: Int, isDeposed: Bool) -> AppliedContents {
        let deposed = isDeposed ? sites[site].deposed?.applied : nil
        return (deposed ?? sites[site].applied).contents
    }

    var fingerprint: Int {
        var hasher = Hasher()
        hasher.combine(faults)
        for site in sites {
            hasher.combine(site.applied.number)
            hasher.combine(site.lost)
            hasher.combine(site.pending.count)
            for pending in site.pending {
                hasher.combine(pending.payload)
                hasher.combine(pending.term)
                hasher.combine(pending.number.map(site.leader.label))
            }
            hasher.combine(site.leader)
            hasher.combine(site.deposed)
        }
        hasher.combine(clients)
        hasher.combine(coordinators)
        hasher.combine(envelopes)
        hasher.combine(copies)
        for want in wants {
            hasher.combine(want.name)
            hasher.combine(want.minted)
        }
        hasher.combine(lastTimestamp)
        hasher.combine(moment)
        hasher.combine(history)
        return hasher.finalize()
    }
}
