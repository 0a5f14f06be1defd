internal import KVStore
internal import Raft

/// Brings one transaction to its end as a client would: asks a node, reads, commits, tries again under the same age where
/// others came between, asks another node when one is silent or dies, and locks what it reads after three conflicts.
///
/// **Unknown outcomes.** Without a marker they stay unknown. With one, each try inserts the number of the try at the same
/// key: so at most one of them takes place, and whoever finds the marker knows which.
final class TransactionRunner {
    private let plan: TransactionPlan
    private let deadline: MonotonicTime
    private let marker: [UInt8]?
    private unowned let world: World
    private var chance: Chance
    private let name: String
    private var completion: ((TransactionVerdict) -> Void)?

    private var age: TransactionAge?
    private var failures = 0
    /// Questions that were asked; what answers an older one is of no interest any more.
    private var turn = 0
    private(set) var process: SimulatedProcess?
    /// What tries have read of which a commit was asked for; a marker holds a try's place here.
    private var tries: [TransactionView] = []
    /// A commit was asked for, and nobody has told what became of it.
    private var isInDoubt = false
    private var favourite: NodeID?
    private var markerReader: TransactionRunner?

    init(
        _ plan: TransactionPlan,
        marker: [UInt8]?,
        name: String,
        _ world: World,
        _ chance: Chance,
        completion: @escaping (TransactionVerdict) -> Void
    ) {
        self.plan = plan
        self.marker = marker
        self.name = name
        self.world = world
        self.chance = chance
        self.completion = completion
        deadline = world.scheduler.now + plan.patience
    }

    var isOver: Bool { completion == nil }

    // MARK: Turns

    func start() {
        guard completion != nil else { return }
        turn += 1
        process = nil
        let turn = turn
        guard world.scheduler.now < deadline else { return giveUp() }
        let node = chance.percent(80) ? favourite ?? world.anyMachine().id : world.anyMachine().id
        guard let process = world.machine(node).process else {
            return again(turn, after: chance.milliseconds(5...50))
        }
        self.process = process
        world.scheduler.after(chance.microseconds(50...500)) { [self] in
            process.run { [self] in
                guard self.turn == turn, completion != nil else { return }
                ask(process, turn)
            }
        }
        let silence = chance.milliseconds(300...3000)
        again(turn, after: silence)
    }

    /// Begins anew, unless something has happened until then.
    private func again(_ turn: Int, after delay: Duration) {
        world.scheduler.after(delay) { [self] in
            guard self.turn == turn, completion != nil else { return }
            favourite = nil
            nobodyTold()
        }
    }

    /// The process that was asked has died.
    func connectionBroke(to lost: SimulatedProcess) {
        markerReader?.connectionBroke(to: lost)
        guard process === lost, completion != nil else { return }
        let turn = turn
        favourite = nil
        world.scheduler.after(chance.microseconds(50...500)) { [self] in
            guard self.turn == turn, completion != nil else { return }
            nobodyTold()
        }
    }

    private func nobodyTold() {
        guard isInDoubt, marker == nil else { return start() }
        finish(.unknown(marker: nil, tries: tries))
    }

    /// Nobody waits for it any more.
    func forget() {
        completion = nil
        process = nil
        markerReader?.forget()
    }

    private func giveUp() {
        finish(isInDoubt ? .unknown(marker: marker, tries: tries) : .failed)
    }

    private func finish(_ verdict: TransactionVerdict) {
        guard let completion else { return }
        self.completion = nil
        process = nil
        completion(verdict)
    }

    /// What a node answers reaches the client a little later, if he still waits for it.
    private func heard(_ turn: Int, _ body: @escaping () -> Void) {
        world.scheduler.after(chance.microseconds(50...500)) { [self] in
            guard self.turn == turn, completion != nil else { return }
            body()
        }
    }

    // MARK: In the process that is asked

    private var patience: Duration {
        max(.milliseconds(10), min(deadline - world.scheduler.now, .milliseconds(3000)))
    }

    /// Loops keep what answers them: so nothing here keeps a loop, or none would ever go.
    private func ask(_ process: SimulatedProcess, _ turn: Int) {
        guard let loop = process.loop else { return }
        world.trace.note(.asked, process.node.rawValue, text: "\(name) asks \(process.node), turn \(turn)")
        switch plan.way {
        case .latest:
            loop.latest(of: plan.reads[0], patience: patience) { [self] result in
                heard(turn) { [self] in
                    switch result {
                    case .success(let entry): finish(.committed(.zero, TransactionView(entries: [entry])))
                    case .failure(let error): failed(error, turn)
                    }
                }
            }
        case .lookBack(let timestamp):
            read(process, at: timestamp, turn) { [self] view in looked(view, timestamp, process, turn) }
        case .look:
            loop.timestamp(patience: patience) { [self] result in
                guard self.turn == turn else { return }
                switch result {
                case .failure(let error): heard(turn) { [self] in failed(error, turn) }
                case .success(let timestamp):
                    read(process, at: timestamp, turn) { [self] view in looked(view, timestamp, process, turn) }
                }
            }
        case .change, .validatedLook:
            let attempt = loop.transactionAttempt(age: age)
            age = attempt.age
            if failures >= Database.lockingAfter || chance.percent(8), !plan.reads.isEmpty {
                world.counts.lockingAttempts += 1
                lock(plan.reads[...], [], attempt, process, turn)
            } else {
                readFirst(attempt, process, turn)
            }
        }
    }

    private func looked(_ view: TransactionView, _ timestamp: Timestamp, _ process: SimulatedProcess, _ turn: Int) {
        heard(turn) { [self] in
            favourite = process.node
            finish(.committed(timestamp, view))
        }
    }

    /// Reads all keys and ranges of the plan at one timestamp.
    private func read(
        _ process: SimulatedProcess,
        at timestamp: Timestamp,
        _ turn: Int,
        then next: @escaping (TransactionView) -> Void
    ) {
        guard !plan.reads.isEmpty else {
            return scan(plan.ranges[...], TransactionView(), process, at: timestamp, turn, then: next)
        }
        process.loop?.entries(of: plan.reads, at: timestamp, patience: patience) { [self] result in
            guard self.turn == turn, completion != nil else { return }
            switch result {
            case .failure(let error): heard(turn) { [self] in failed(error, turn) }
            case .success(let entries):
                let view = TransactionView(entries: entries)
                scan(plan.ranges[...], view, process, at: timestamp, turn, then: next)
            }
        }
    }

    /// Scans ranges one after the other, in small pages.
    private func scan(
        _ ranges: ArraySlice<KeyRange>,
        _ view: TransactionView,
        _ process: SimulatedProcess,
        at timestamp: Timestamp,
        _ turn: Int,
        then next: @escaping (TransactionView) -> Void
    ) {
        guard let range = ranges.first else { return next(view) }
        scanPage(range, [], process, at: timestamp, turn) { [self] found in
            var view = view
            view.pages.append(found)
            scan(ranges.dropFirst(), view, process, at: timestamp, turn, then: next)
        }
    }

    private func scanPage(
        _ range: KeyRange,
        _ found: [EntryPage.Entry],
        _ process: SimulatedProcess,
        at timestamp: Timestamp,
        _ turn: Int,
        then next: @escaping ([EntryPage.Entry]) -> Void
    ) {
        let limit = ScanLimit(entries: chance.pick([3, 30, 300]))
        process.loop?.scan(range, at: timestamp, limit: limit, patience: patience) { [self] result in
            guard self.turn == turn, completion != nil else { return }
            switch result {
            case .failure(let error): heard(turn) { [self] in failed(error, turn) }
            case .success(let page):
                guard let lower = page.next else { return next(found + page.entries) }
                let rest = KeyRange(lower, range.upper)
                scanPage(rest, found + page.entries, process, at: timestamp, turn, then: next)
            }
        }
    }

    // MARK: Changes

    private func readFirst(
        _ attempt: TransactionAttempt,
        _ process: SimulatedProcess,
        _ turn: Int
    ) {
        guard !plan.reads.isEmpty || !plan.ranges.isEmpty else {
            return commit(TransactionView(), start: nil, attempt, process, turn)
        }
        process.loop?.timestamp(patience: patience) { [self] result in
            guard self.turn == turn, completion != nil else { return }
            switch result {
            case .failure(let error): heard(turn) { [self] in failed(error, turn) }
            case .success(let start):
                read(process, at: start, turn) { [self] view in
                    commit(view, start: start, attempt, process, turn)
                }
            }
        }
    }

    /// Reads each key so that nobody else changes it. Whoever loses interest in between leaves what he holds to others.
    private func lock(
        _ keys: ArraySlice<[UInt8]>,
        _ entries: [StoredEntry?],
        _ attempt: TransactionAttempt,
        _ process: SimulatedProcess,
        _ turn: Int
    ) {
        guard let key = keys.first else {
            let view = TransactionView(entries: entries)
            guard !plan.ranges.isEmpty else { return commit(view, start: nil, attempt, process, turn) }
            return lockedAll(view, attempt, process, turn)
        }
        process.loop?.readLocking(key, attempt, patience: patience) { [self] result in
            guard self.turn == turn, completion != nil else { return }
            switch result {
            case .failure(let error):
                process.loop?.abandon(attempt)
                heard(turn) { [self] in failed(error, turn) }
            case .success(let (entry, held)):
                lock(keys.dropFirst(), entries + [entry], held, process, turn)
            }
        }
    }

    /// Ranges are not locked, and so scanned last.
    private func lockedAll(
        _ view: TransactionView,
        _ attempt: TransactionAttempt,
        _ process: SimulatedProcess,
        _ turn: Int
    ) {
        process.loop?.timestamp(patience: patience) { [self] result in
            guard self.turn == turn, completion != nil else { return }
            guard case .success(let start) = result else {
                process.loop?.abandon(attempt)
                return heard(turn) { [self] in failed(.noLeader, turn) }
            }
            scan(plan.ranges[...], view, process, at: start, turn) { [self] view in
                commit(view, start: start, attempt, process, turn)
            }
        }
    }

    private func commit(
        _ view: TransactionView,
        start: Timestamp?,
        _ attempt: TransactionAttempt,
        _ process: SimulatedProcess,
        _ turn: Int
    ) {
        if chance.percent(15) {
            // The author thinks, or has lost interest.
            return world.scheduler.after(chance.milliseconds(1...40)) { [self] in
                process.run { [self] in
                    guard self.turn == turn, completion != nil else { return }
                    commitNow(view, start: start, attempt, process, turn)
                }
            }
        }
        commitNow(view, start: start, attempt, process, turn)
    }

    private func commitNow(
        _ view: TransactionView,
        start: Timestamp?,
        _ attempt: TransactionAttempt,
        _ process: SimulatedProcess,
        _ turn: Int
    ) {
        guard var draft = plan.change(view) else {
            process.loop?.abandon(attempt)
            return heard(turn) { [self] in idle(turn) }
        }
        draft.start = start
        if start != nil {
            let locked = attempt.locked
            draft.reads = plan.reads.filter { !locked.contains($0) }
            draft.ranges = plan.ranges
        }
        if let marker {
            draft.changes.append(.init(key: marker, .insert(Array("\(tries.count)".utf8))))
        }
        tries.append(view)
        let wasInDoubt = isInDoubt
        isInDoubt = true
        world.coordinatorMayDie(process)
        process.loop?.commit(draft, attempt, patience: patience) { [self] result in
            heard(turn) { [self] in
                world.trace.note(.told, process.node.rawValue, text: "\(name) by \(process.node): \(result)")
                favourite = process.node
                switch result {
                case .success(let timestamp): finish(.committed(timestamp, view))
                case .failure(.unknown):
                    guard marker != nil else { return finish(.unknown(marker: nil, tries: tries)) }
                    retry(turn, after: chance.milliseconds(1...30))
                case .failure(.refused(.checkFailed, let key)) where key == marker: findMarker(turn)
                case .failure(let error):
                    isInDoubt = wasInDoubt
                    failed(error, turn)
                }
            }
        }
    }

    /// There is nothing to be done, as far as this try can see; an earlier one may have done it.
    private func idle(_ turn: Int) {
        guard isInDoubt else { return finish(.failed) }
        finish(.unknown(marker: marker, tries: tries))
    }

    /// Nothing came of this try, for certain.
    private func failed(_ error: TransactionError, _ turn: Int) {
        switch error {
        case .refused(let refusal, let key):
            // An earlier try may take place still.
            if isInDoubt { return finish(.unknown(marker: marker, tries: tries)) }
            finish(.refused(refusal, key: key, tries.last ?? TransactionView()))
        case .conflict:
            world.counts.conflicts += 1
            failures += 1
            retry(turn, after: chance.milliseconds(0...20))
        case .snapshotTooOld:
            if case .lookBack = plan.way { return finish(.failed) }
            retry(turn, after: chance.milliseconds(1...30))
        case .noLeader, .overloaded, .diskFull, .stopping, .unknown:
            favourite = nil
            retry(turn, after: chance.milliseconds(1...30))
        case .invalid, .unreadable:
            world.fail("\(name) came to \(error)")
        }
    }

    private func retry(_ turn: Int, after delay: Duration) {
        world.scheduler.after(delay) { [self] in
            guard self.turn == turn, completion != nil else { return }
            start()
        }
    }

    /// An earlier try has taken place: the marker says which, and when.
    private func findMarker(_ turn: Int) {
        guard let marker else { return }
        let reader = TransactionRunner(
            TransactionPlan(way: .latest, reads: [marker], patience: .seconds(60)),
            marker: nil,
            name: name + "'s marker",
            world,
            chance.fork()
        ) { [self] verdict in
            guard case .committed(_, let view) = verdict, let entry = view.entries[0] else {
                if case .committed = verdict { world.fail("\(name): its marker is there and is not") }
                return finish(.unknown(marker: marker, tries: tries))
            }
            guard let place = entry.number, tries.indices.contains(Int(place)) else {
                return world.fail("\(name): its marker is not what it wrote: \(entry)")
            }
            finish(.committed(entry.version, tries[Int(place)]))
        }
        // While the marker is read, nothing else of this transaction goes on.
        self.turn += 1
        process = nil
        markerReader = reader
        reader.start()
    }
}
