internal import Raft

@testable internal import KVStore

/// What clients and their coordinators do.
extension TransactionWorld {
    /// Begins an attempt.
    mutating func begin(_ client: Int) {
        clients[client].trial += 1
        let trial = clients[client].trial
        clients[client].attempt = TransactionAttempt(
            id: TransactionID(UInt128(client + 1) << 8 | UInt128(trial)),
            age: TransactionAge(milliseconds: UInt64(client + 1), tieBreak: 0)
        )
        clients[client].start = nil
        clients[client].seen = []
        clients[client].pages = []
        goOn(client)
    }

    /// Does what comes next in a client's plan.
    private mutating func goOn(_ client: Int) {
        let plan = clients[client].plan
        let label = label(client)
        let sender = Envelope.Sender.client(client, trial: clients[client].trial)
        if let key = plan.latest {
            clients[client].stage = .reading(1)
            let request = PartitionRequest.read(keys: [key], at: nil, attempt: nil)
            return send("\(label) reads", from: sender, to: FixedRouting.site(of: key), request)
        }
        let locked = clients[client].attempt.locked.count
        if locked < plan.locks.count { return lock(client, plan.locks[locked], place: locked) }
        if clients[client].start == nil, !plan.reads.isEmpty || !plan.ranges.isEmpty {
            clients[client].stage = .fetchingStart
            return want("\(label) to begin", .client(client, trial: clients[client].trial))
        }
        if plan.isRead { return end(client, .read) }
        commit(client)
    }

    func label(_ client: Int) -> String {
        let client = clients[client]
        return client.trial > 1 ? "\(client.plan.name)'\(client.trial)" : client.plan.name
    }

    private mutating func lock(_ client: Int, _ key: [UInt8], place: Int) {
        clients[client].stage = .locking(place)
        let site = FixedRouting.site(of: key)
        let prepare = TransactionPrepare(
            epoch: routing(client).descriptor(site).epoch,
            id: clients[client].attempt.id,
            age: clients[client].attempt.age,
            step: UInt32(place),
            primary: clients[client].attempt.primary ?? key,
            floor: .zero,
            expires: moment.cluster.advanced(by: Self.timeToLive),
            deadline: clients[client].plan.deadline,
            draft: TransactionDraft(start: .max, reads: [key])
        )
        send("\(label(client)) locks \(place + 1)", from: sender(client), to: site, .prepare(prepare))
    }

    private func sender(_ client: Int) -> Envelope.Sender { .client(client, trial: clients[client].trial) }

    /// Who begins anew has looked again where everything lies.
    private func routing(_ client: Int) -> FixedRouting {
        FixedRouting(epoch: clients[client].trial > 1 && faults.moves < scenario.faults.moves ? 2 : 1)
    }

    mutating func clientFetched(_ client: Int, trial: Int, _ timestamp: Timestamp) {
        guard clients[client].trial == trial, clients[client].stage == .fetchingStart else { return }
        clients[client].start = timestamp
        let plan = clients[client].plan
        var requests: [(Int, String, PartitionRequest)] = []
        for site in sites.indices {
            let keys = plan.reads.filter { FixedRouting.site(of: $0) == site }
            guard !keys.isEmpty else { continue }
            requests.append((site, "reads at P\(site + 1)", .read(keys: keys, at: timestamp, attempt: nil)))
        }
        for range in plan.ranges {
            for (descriptor, part) in FixedRouting(epoch: 1).descriptors(of: range) ?? [] {
                let site = FixedRouting.site(descriptor.id)
                let scan = PartitionRequest.scan(part, at: timestamp, limit: ScanLimit(entries: 100))
                requests.append((site, "scans P\(site + 1)", scan))
            }
        }
        clients[client].stage = .reading(requests.count)
        for (site, word, request) in requests {
            send("\(label(client)) \(word)", from: sender(client), to: site, request)
        }
    }

    private mutating func commit(_ client: Int) {
        let draft = clients[client].wanted
        clients[client].draft = draft
        clients[client].stage = .committing
        let attempt = clients[client].attempt
        let home = FixedRouting.site(of: Coordinator.primary(of: draft, attempt))
        guard let shares = routing(client).shares(of: draft, attempt) else { return }
        let coordinator = Coordinator(draft, attempt)
        let running = Running(client: client, trial: clients[client].trial, coordinator: coordinator)
        let place = coordinators.firstIndex { ($0.client, $0.trial) > (client, running.trial) }
        coordinators.insert(running, at: place ?? coordinators.count)
        let mintedAt = sites[FixedRouting.site(shares[0].partition)].applied.position.index
        let expires = moment.cluster.advanced(by: Self.timeToLive)
        let deadline = clients[client].plan.deadline
        coordinate(client, running.trial) {
            $0.begin(
                shares,
                home: FixedRouting.partitions[home],
                mintedAt: mintedAt,
                expires: expires,
                deadline: deadline
            )
        }
    }

    /// Lets something happen to a coordinator, and does what it wants done.
    mutating func coordinate(_ client: Int, _ trial: Int, _ event: (inout Coordinator) -> [Coordinator.Action]) {
        guard let place = coordinators.firstIndex(where: { $0.client == client && $0.trial == trial }) else { return }
        let actions = event(&coordinators[place].coordinator)
        let label = trial > 1 ? "\(clients[client].plan.name)'\(trial)" : clients[client].plan.name
        for action in actions {
            switch action {
            case .send(let partition, let request):
                let site = FixedRouting.site(partition)
                send("\(label) \(request.word) P\(site + 1)", from: .client(client, trial: trial), to: site, request)
            case .fetchTimestamp:
                want("\(label) to commit", .coordinator(client, trial: trial))
            case .finish(let answer):
                tell(client, trial: trial, answer)
            case .end:
                coordinators.removeAll { $0.client == client && $0.trial == trial }
            }
        }
    }

    private mutating func tell(_ client: Int, trial: Int, _ answer: Coordinator.Answer) {
        guard clients[client].trial == trial, clients[client].stage == .committing else {
            violation = "\(clients[client].plan.name) is answered twice"
            return
        }
        switch answer {
        case .committed(let timestamp): end(client, .committed(timestamp))
        case .failed(let error):
            // Whoever is told that nothing has happened, and nothing will, may try again under a new name.
            if error.invitesRetry, trial <= clients[client].plan.retries { return begin(client) }
            end(client, .failed(error))
        }
    }

    private mutating func end(_ client: Int, _ outcome: Client.Outcome) {
        clients[client].stage = .done(outcome)
        history.append(.ends(client))
        for next in clients.indices where clients[next].plan.after == client { begin(next) }
    }

    mutating func noteBegin(_ client: Int) {
        if !history.contains(.begins(client)) { history.append(.begins(client)) }
    }

    mutating func crash(_ client: Int) {
        faults.crashes -= 1
        // Copies of its requests may do their work later, with nobody left to whom they belong.
        noteBegin(client)
        clients[client].stage = .crashed
        coordinators.removeAll { $0.client == client }
        envelopes.removeAll { if case .client(client, _) = $0.sender { true } else { false } }
        wants.removeAll { want in
            switch want.who {
            case .client(client, _), .coordinator(client, _): true
            default: false
            }
        }
    }

    // MARK: Answers

    mutating func clientAnswered(_ client: Int, trial: Int, _ envelope: Envelope, _ response: PartitionResponse) {
        let isCertain = envelope.isCertain
        let partition = sites[envelope.site].partition
        guard clients[client].trial == trial else {
            return coordinate(client, trial) { $0.answered(response, by: partition, isCertain: isCertain) }
        }
        switch clients[client].stage {
        case .locking(let place): locked(client, place, response)
        case .readingLocked(let place): readLocked(client, place, response)
        case .reading(let left): read(client, left, envelope.request, response)
        case .committing, .done:
            coordinate(client, trial) { $0.answered(response, by: partition, isCertain: isCertain) }
        case .waiting, .fetchingStart, .crashed: break
        }
    }

    private mutating func locked(_ client: Int, _ place: Int, _ response: PartitionResponse) {
        let key = clients[client].plan.locks[place]
        guard case .outcome(.prepared) = response else { return failReading(client, response, key) }
        if clients[client].attempt.primary == nil { clients[client].attempt.primary = key }
        clients[client].attempt.locked.append(key)
        clients[client].stage = .readingLocked(place)
        let request = PartitionRequest.read(keys: [key], at: nil, attempt: clients[client].attempt.id)
        let name = "\(label(client)) reads its lock \(place + 1)"
        send(name, from: sender(client), to: FixedRouting.site(of: key), request)
    }

    private mutating func readLocked(_ client: Int, _ place: Int, _ response: PartitionResponse) {
        let key = clients[client].plan.locks[place]
        guard case .entries(let entries) = response else { return failReading(client, response, key) }
        clients[client].seen.append(Client.Seen(key: key, content: entries.first.flatMap { $0?.content }))
        goOn(client)
    }

    private mutating func read(_ client: Int, _ left: Int, _ request: PartitionRequest, _ response: PartitionResponse) {
        switch (request, response) {
        case (.read(let keys, _, _), .entries(let entries)):
            for (key, entry) in zip(keys, entries) {
                clients[client].seen.append(Client.Seen(key: key, content: entry?.content))
            }
            clients[client].seen.sort { KeyOrder.compare($0.key, $1.key) < 0 }
        case (.scan(let range, _, _), .page(let page)):
            let entries = page.entries.map { Client.Seen(key: $0.key, content: $0.entry.content) }
            clients[client].pages.append(Client.Page(range: range, entries: entries))
            clients[client].pages.sort { KeyOrder.compare($0.range.lower, $1.range.lower) < 0 }
        default:
            return failReading(client, response, [])
        }
        clients[client].stage = .reading(left - 1)
        if left > 1 { return }
        if clients[client].plan.isRead { return end(client, .read) }
        commit(client)
    }

    private mutating func failReading(_ client: Int, _ response: PartitionResponse, _ key: [UInt8]) {
        let trial = clients[client].trial
        envelopes.removeAll { if case .client(client, trial) = $0.sender { true } else { false } }
        abandon(client)
        let error = TransactionError(read: response, key)
        if error.invitesRetry, trial <= clients[client].plan.retries { return begin(client) }
        end(client, .failed(error))
    }

    /// Lets go what was locked.
    private mutating func abandon(_ client: Int) {
        let attempt = clients[client].attempt
        guard let primary = attempt.primary else { return }
        for key in attempt.locked {
            let site = FixedRouting.site(of: key)
            let request = PartitionRequest.resolve(attempt.id, anchor: key, .rolledBack)
            send("\(label(client)) lets go at P\(site + 1)", from: sender(client), to: site, request)
        }
        let decide = PartitionRequest.decide(attempt.id, primary: primary, mustEnd: true)
        send("\(label(client)) ends", from: sender(client), to: FixedRouting.site(of: primary), decide)
    }
}

extension TransactionError {
    /// What an answer that is none says to who has read.
    init(read response: PartitionResponse, _ key: [UInt8]) {
        switch response {
        case .tooOld, .outcome(.tooOld): self = .snapshotTooOld
        case .died(let key), .timedOut(let key): self = .conflict(key: key)
        case .moved: self = .noLeader
        default: self = .conflict(key: key)
        }
    }

    /// True where the store says that nothing has happened and that another attempt may succeed.
    var invitesRetry: Bool {
        switch self {
        case .conflict, .noLeader, .overloaded, .snapshotTooOld: true
        default: false
        }
    }
}

extension PartitionRequest {
    /// For the timeline.
    fileprivate var word: String {
        switch self {
        case .timestamps: "asks the time of"
        case .read: "reads at"
        case .scan: "scans"
        case .commitOnce: "one round at"
        case .prepare: "prepare at"
        case .commit: "commit at"
        case .resolve(_, _, let fate): fate == .rolledBack ? "rollback at" : "resolution at"
        case .decide: "bars itself at"
        case .settle: "is settled at"
        }
    }
}
