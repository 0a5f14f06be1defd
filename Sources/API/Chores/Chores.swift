internal import Domain
internal import KVStore
internal import NIOConcurrencyHelpers
public import ServiceLifecycle

/// Does the chores of the cluster, on the node that holds their lease: settles top-ups of which a gateway speaks late, and
/// removes records of requests whose time is over.
///
/// A round does a bounded part of both and remembers where to go on; a node that takes over begins anew. What fails is
/// counted, and tried again the next time.
public final class Chores: Service {
    struct State {
        /// The look through top-ups that is under way; nil between two.
        var look: Look?
        var since = ReconciledSince()
        /// For how many rounds the next looks need not go through all.
        var roundsToFullLook = Chores.fullLookRounds
        var sweep = Sweep.resting(rounds: 0)
        var counts = ChoreCounts()
    }

    /// How far the removal of records is: first those of requests, then those of operators' transactions, then a rest.
    enum Sweep {
        case resting(rounds: Int)
        case requests(RequestSweep.Place?)
        case transactions([UInt8]?)
    }

    /// A look through all top-ups that are processing, which may take several rounds.
    struct Look {
        /// From before it began.
        let id: TransferID
        var place: TopUps.Place?
        /// How many are still processing, and the first of all that have not ended.
        var waiting = 0
        var oldest: TransferID?
    }

    private static let interval = Duration.seconds(5)
    /// How many steps of a hundred top-ups a round takes, at most.
    private static let settlingSteps = 10
    /// After how many rounds everything is looked through once more, whatever is known: about six hours.
    private static let fullLookRounds = 4_320
    /// For how many rounds nothing is removed after all was looked through: about ten minutes.
    private static let restingRounds = 120

    private let lease: ChoreLease
    private let ids: any IdentifierSource
    private let topUps: TopUps
    private let requests: RequestSweep
    private let transactions: TransactionRecordSweep
    private let state = NIOLockedValueBox(State())

    init(_ services: Services, topUps: TopUps) {
        lease = ChoreLease(services.database, holder: UInt64.random(in: 1 ... .max))
        ids = services.ids
        self.topUps = topUps
        requests = RequestSweep(services.database)
        transactions = TransactionRecordSweep(database: services.database)
    }

    /// Goes on until the process shuts down.
    public func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                // Nodes that have started together do not ask for the lease together.
                try await Task.sleep(for: Self.interval + .milliseconds(Int64.random(in: 0...1_000)))
                await self.round()
            }
        }
    }

    /// What was done so far.
    var counts: ChoreCounts { state.withLockedValue { $0.counts } }

    /// Does a part of the chores, if they are this node's.
    func round() async {
        await attempt {
            guard try await self.lease.hold() else {
                // Whoever holds it tells what is waiting, and knows what need not be looked at.
                self.state.withLockedValue { state in
                    state.counts.topUpsProcessing = 0
                    (state.look, state.since) = (nil, ReconciledSince())
                }
                return
            }
            await self.attempt(self.settle)
            await self.attempt(self.sweep)
            self.state.withLockedValue { $0.counts.rounds += 1 }
        }
    }

    private func attempt(_ chore: () async throws -> Void) async {
        do { try await chore() } catch is CancellationError {} catch {
            state.withLockedValue { $0.counts.failures += 1 }
        }
    }

    private func settle() async throws {
        var look: Look
        if let begun = state.withLockedValue({ $0.look }) {
            look = begun
        } else {
            look = Look(id: try await ids.mint(TransferID.self))
        }
        let since = state.withLockedValue { $0.since.since }
        for _ in 0..<Self.settlingSteps {
            let step = try await topUps.reconcile(from: look.place, since: since, until: look.id)
            look.place = step.next
            look.waiting += step.waiting
            look.oldest = [look.oldest, step.oldest].compactMap { $0 }.min()
            let (isOver, soFar) = (step.next == nil, look)
            state.withLockedValue { state in
                state.counts.topUpsSettled += step.settled
                state.counts.failures += step.failed
                state.look = isOver ? nil : soFar
                if isOver { Self.end(soFar, &state) }
            }
            // What cannot be read has cost its time: others are looked at in the next round.
            if isOver || step.hasPassedOver { return }
        }
    }

    private static func end(_ look: Look, _ state: inout State) {
        state.counts.topUpsProcessing = look.waiting
        state.since.looked(oldest: look.oldest, id: look.id)
        state.roundsToFullLook -= 1
        guard state.roundsToFullLook <= 0 else { return }
        (state.since, state.roundsToFullLook) = (ReconciledSince(), fullLookRounds)
    }

    private func sweep() async throws {
        let (removed, next): (Int, Sweep)
        switch state.withLockedValue({ $0.sweep }) {
        case .resting(let rounds):
            (removed, next) = (0, rounds > 0 ? .resting(rounds: rounds - 1) : .requests(nil))
        case .requests(let place):
            let step = try await requests.step(from: place)
            (removed, next) = (step.removed, step.next.map { .requests($0) } ?? .transactions(nil))
        case .transactions(let key):
            let step = try await transactions.step(from: key)
            (removed, next) = (
                step.removed, step.next.map { .transactions($0) } ?? .resting(rounds: Self.restingRounds)
            )
        }
        state.withLockedValue { state in
            state.sweep = next
            state.counts.recordsRemoved += removed
        }
    }
}

/// What chores have done on this node.
struct ChoreCounts: Hashable, Sendable {
    var rounds = 0
    var failures = 0
    var topUpsProcessing = 0
    var topUpsSettled = 0
    var recordsRemoved = 0

    var families: [MetricFamily] {
        [
            MetricFamily(
                "gala_top_ups_processing",
                .gauge,
                help: "Top-ups whose gateway has not spoken yet, on the node that does the chores.",
                value: Double(topUpsProcessing)
            ),
            MetricFamily(
                "gala_top_ups_reconciled_total",
                .counter,
                help: "Top-ups that were settled although nobody looked at them.",
                value: Double(topUpsSettled)
            ),
            MetricFamily(
                "gala_request_records_removed_total",
                .counter,
                help: "Records of requests that were removed because their time was over.",
                value: Double(recordsRemoved)
            ),
            MetricFamily(
                "gala_chore_rounds_total",
                .counter,
                help: "Rounds of chores that this node has done.",
                value: Double(rounds)
            ),
            MetricFamily(
                "gala_chore_failures_total",
                .counter,
                help: "Chores that have failed and are tried again.",
                value: Double(failures)
            ),
        ]
    }
}
