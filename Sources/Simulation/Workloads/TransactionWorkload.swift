internal import KVStore

/// What clients do in transactions, and how what they saw is judged.
protocol TransactionWorkload: AnyObject {
    /// What it is called in timelines.
    var name: String { get }

    /// What is done before everything else, one after the other.
    func opening() -> [TransactionJob]

    /// What a client does next.
    func next(_ chance: inout Chance) -> TransactionJob

    /// What is done when everything has come to rest, one after the other.
    func closing(_ chance: inout Chance) -> [TransactionJob]

    /// What must not be and is, in words.
    func findings() -> [String]
}

/// One transaction of a client, with what is written down about it.
struct TransactionJob {
    let plan: TransactionPlan
    /// Notes the question.
    let asked: (_ client: Int, _ nowNs: Int64) -> Void
    /// Notes the answer; what is unknown and marked is answered once more when everything has come to rest.
    let answered: (_ verdict: TransactionVerdict, _ nowNs: Int64) -> Void
}

/// Clients that do one transaction after the other.
final class TransactionClients: Workload {
    private let workload: any TransactionWorkload
    private var clients: [Client] = []
    private var chance: Chance
    private var clientNumbers = 0
    private var markers = 0
    private var runners: [TransactionRunner] = []
    /// What is unknown until its marker has been looked for.
    private var doubts: [Doubt] = []
    private var isEnding = false
    /// When faults have ended.
    private var ended: MonotonicTime?
    private var isClosing = false
    private var isClosed = false
    private(set) var tally = WorkloadTally()

    private struct Doubt {
        let job: TransactionJob
        let marker: [UInt8]
        let tries: [TransactionView]
    }

    private final class Client {
        var chance: Chance
        var number: Int
        var isFinished = false

        init(_ chance: Chance, number: Int) {
            self.chance = chance
            self.number = number
        }
    }

    init(_ workload: any TransactionWorkload, clients count: Int, _ chance: Chance) {
        self.workload = workload
        self.chance = chance
        clients = (0..<count).map { _ in Client(self.chance.fork(), number: newClientNumber()) }
    }

    var isFinished: Bool { isClosed }

    private func newClientNumber() -> Int {
        clientNumbers += 1
        return clientNumbers - 1
    }

    // MARK: The troubled time

    func begin(_ world: World) {
        let opener = Client(chance.fork(), number: newClientNumber())
        perform(workload.opening()[...], opener, world) { [self, unowned world] in
            for client in clients { goOn(client, world) }
        }
    }

    private func goOn(_ client: Client, _ world: World) {
        let pause =
            client.chance.percent(20) ? client.chance.milliseconds(1...60) : client.chance.microseconds(0...3000)
        world.scheduler.after(pause) { [self, unowned world] in
            guard !isEnding else {
                client.isFinished = true
                return closeIfDone(world)
            }
            perform(workload.next(&client.chance), client, world) { [self, unowned world] in goOn(client, world) }
        }
    }

    private func perform(_ job: TransactionJob, _ client: Client, _ world: World, then next: @escaping () -> Void) {
        let began = world.scheduler.now
        let marker = job.plan.isMarked ? newMarker() : nil
        job.asked(client.number, Int64(began.nanoseconds))
        let runner = TransactionRunner(
            job.plan,
            marker: marker,
            name: "\(workload.name) \(client.number)",
            world,
            client.chance.fork()
        ) { [self, unowned world] verdict in
            let now = world.scheduler.now
            count(verdict, took: now - max(began, ended ?? began), world)
            world.trace.note(
                .answered,
                UInt64(client.number),
                text: "\(workload.name) \(client.number): \(verdict.brief)"
            )
            job.answered(verdict, Int64(now.nanoseconds))
            // Whoever was not told that it is done goes on as another: his question stays open for ever.
            if !verdict.isCommitted { client.number = newClientNumber() }
            if case .unknown(let marker?, let tries) = verdict {
                doubts.append(Doubt(job: job, marker: marker, tries: tries))
            }
            next()
        }
        begin(runner, world)
    }

    private func perform(
        _ jobs: ArraySlice<TransactionJob>,
        _ client: Client,
        _ world: World,
        then next: @escaping () -> Void
    ) {
        guard let job = jobs.first else { return next() }
        perform(job, client, world) { [self, unowned world] in perform(jobs.dropFirst(), client, world, then: next) }
    }

    private func begin(_ runner: TransactionRunner, _ world: World) {
        runners.removeAll { $0.isOver }
        runners.append(runner)
        runner.start()
    }

    private func newMarker() -> [UInt8] {
        markers += 1
        return TransactionKeys.key("marker", workload.name, markers)
    }

    private func count(_ verdict: TransactionVerdict, took: Duration, _ world: World) {
        switch verdict {
        case .committed:
            tally.answered += 1
            world.counts.committed += 1
        case .refused:
            tally.answered += 1
            world.counts.refused += 1
        case .failed: tally.refused += 1
        case .unknown:
            tally.unknown += 1
            world.counts.unknown += 1
        }
        if isEnding { tally.slowestRecovery = max(tally.slowestRecovery, took) }
    }

    func lost(_ process: SimulatedProcess, _ world: World) {
        for runner in runners { runner.connectionBroke(to: process) }
    }

    // MARK: The end

    func finish(_ world: World) {
        isEnding = true
        ended = world.scheduler.now
        closeIfDone(world)
    }

    /// When all clients have come to their end, doubts are resolved, and everything is looked at once more.
    private func closeIfDone(_ world: World) {
        guard isEnding, clients.allSatisfy({ $0.isFinished }), !isClosing else { return }
        isClosing = true
        resolve(doubts[...], world) { [self, unowned world] in
            let closer = Client(chance.fork(), number: newClientNumber())
            perform(workload.closing(&chance)[...], closer, world) { [self] in isClosed = true }
        }
    }

    /// Finds out of one transaction after the other whether it has taken place, and bars those that have not.
    private func resolve(_ doubts: ArraySlice<Doubt>, _ world: World, then next: @escaping () -> Void) {
        guard let doubt = doubts.first else { return next() }
        let barred = Array("\(Self.barred)".utf8)
        let plan = TransactionPlan(way: .change, patience: .seconds(30)) { _ in
            TransactionDraft(changes: [.init(key: doubt.marker, .insert(barred))])
        }
        let bar = TransactionRunner(plan, marker: nil, name: "\(workload.name)'s bar", world, chance.fork()) {
            [self, unowned world] verdict in
            switch verdict {
            case .committed:
                answer(doubt, .failed, world)
                resolve(doubts.dropFirst(), world, then: next)
            case .refused(.checkFailed, _, _):
                look(for: doubt, world) { [self, unowned world] in resolve(doubts.dropFirst(), world, then: next) }
            case .unknown:
                // The bar itself may be there or not: another one will tell.
                resolve(doubts, world, then: next)
            case .failed, .refused: world.fail("a marker could not be barred: \(verdict.brief)")
            }
        }
        begin(bar, world)
    }

    /// The marker holds this where its transaction was barred.
    private static let barred: Int64 = -1

    private func look(for doubt: Doubt, _ world: World, then next: @escaping () -> Void) {
        let plan = TransactionPlan(way: .latest, reads: [doubt.marker], patience: .seconds(30))
        let reader = TransactionRunner(plan, marker: nil, name: "\(workload.name)'s doubt", world, chance.fork()) {
            [self, unowned world] verdict in
            guard case .committed(_, let view) = verdict, let entry = view.entries[0], let place = entry.number else {
                return world.fail("a marker that is there cannot be read: \(verdict.brief)")
            }
            if doubt.tries.indices.contains(Int(place)) {
                answer(doubt, .committed(entry.version, doubt.tries[Int(place)]), world)
            } else if place == Self.barred {
                answer(doubt, .failed, world)
            } else {
                return world.fail("a marker holds \(place), which nobody wrote")
            }
            next()
        }
        begin(reader, world)
    }

    private func answer(_ doubt: Doubt, _ verdict: TransactionVerdict, _ world: World) {
        world.counts.resolvedDoubts += 1
        doubt.job.answered(verdict, Int64(world.scheduler.now.nanoseconds))
    }

    func end() {
        for runner in runners { runner.forget() }
        runners = []
    }

    func judge(_ world: World) {
        for finding in workload.findings() { world.fail("\(workload.name): \(finding)") }
    }
}

/// Keys of the simulated domain, spread over its buckets and so over partitions.
enum TransactionKeys {
    /// The key that is called this, always the same.
    static func key(_ words: Any...) -> [UInt8] {
        let name = Array(words.map { "\($0)" }.joined(separator: "/").utf8)
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash ^= hash >> 29
        hash = hash &* 0xBF58_476D_1CE4_E5B9
        hash ^= hash >> 32
        return [KeySpace.domain, UInt8(hash >> 8 & 0xFF), UInt8(hash & 0xFF)] + name
    }

    /// All keys that begin so.
    static func range(under prefix: [UInt8]) -> KeyRange { KeyRange(prefix, prefix + [0xFF]) }

    /// All keys of the simulated domain.
    static let everything = KeyRange([KeySpace.domain], [KeySpace.domain + 1])
}

extension TransactionVerdict {
    var isCommitted: Bool { if case .committed = self { true } else { false } }

    /// The verdict in a few words.
    var brief: String {
        switch self {
        case .committed(let timestamp, _): "committed at \(timestamp)"
        case .refused(let refusal, let key, _):
            "refused: \(refusal.rawValue) at \(String(decoding: key, as: UTF8.self))"
        case .failed: "did not take place"
        case .unknown: "unknown"
        }
    }
}
