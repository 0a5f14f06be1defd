import Raft

@testable import KVStore

/// What happens next.
extension TransactionWorld {
    mutating func act() throws {
        switch pick(0..<100) {
        case ..<30: try begin()
        case 30..<70: try goOn()
        case 70..<80: try repeatStep()
        case 80..<86: try sweep()
        case 86..<90: try giveUp()
        default: break
        }
        if chance(40) { try applyAll() }
        if chance(3) {
            try applyAll()
            try crash(pick(0..<2))
        }
        if chance(30) { try compare() }
    }

    /// Ends everything that is under way.
    mutating func finish() throws {
        try applyAll()
        for number in runners.indices where runners[number].phase == .begun {
            runners[number].phase = .ending(.rolledBack)
        }
        for _ in 0..<400 where runners.contains(where: { $0.phase != .over }) {
            for number in runners.indices { try goOn(number) }
            try applyAll()
        }
        guard runners.allSatisfy({ $0.phase == .over }) else { throw Violation("not all have ended") }
        guard sides.allSatisfy({ $0.machine.intents.isEmpty }) else { throw Violation("something is held for ever") }
        try compare()
        try model.checkSerializable(keys: Self.allKeys)
    }

    // MARK: Transactions

    private mutating func begin() throws {
        let onlySide: Int? = chance(60) ? pick(0..<2) : nil
        let draft = makeDraft(onlySide)
        let parts = split(draft)
        guard !parts.isEmpty, isFree(draft) else { return }
        lastNumber += 1
        runners.append(Runner(id: TransactionID(lastNumber), draft: draft, parts: parts))
        try goOn(runners.count - 1)
    }

    /// Latches: what is compatible with everything that has its timestamp or is about to be proposed.
    private func isFree(_ draft: TransactionDraft) -> Bool {
        let wanted = Footprint(draft)
        return runners.allSatisfy { runner in
            guard runner.latched else { return true }
            let held = Footprint(runner.draft)
            let keysFit = wanted.uses.allSatisfy { use in
                held.uses.allSatisfy { $0.key != use.key || $0.mode.isCompatible(with: use.mode) }
            }
            let wantedFit = wanted.ranges.allSatisfy { range in
                !held.uses.contains { $0.mode.changes && range.contains($0.key) }
            }
            let heldFit = held.ranges.allSatisfy { range in
                !wanted.uses.contains { $0.mode.changes && range.contains($0.key) }
            }
            return keysFit && wantedFit && heldFit
        }
    }

    private mutating func goOn() throws {
        let open = runners.indices.filter { runners[$0].phase != .over }
        guard !open.isEmpty else { return }
        try goOn(open[pick(0..<open.count)])
    }

    private mutating func goOn(_ number: Int) throws {
        let runner = runners[number]
        switch runner.phase {
        case .over, .committing: return
        case .begun where runner.parts.count == 1 && runner.id.rawValue % 4 != 0:
            guard runner.asked.isEmpty else { return }
            if runner.timestamp == .zero {
                // A leader fetches it while nothing that is held is in the way: what is held now may be let go, at a later
                // timestamp, before this one is applied.
                let footprint = Footprint(runner.draft)
                guard sides[runner.home].machine.intents.conflict(with: footprint, except: nil) == nil else { return }
                // It is fetched now, and proposed some time later.
                runners[number].timestamp = tick()
                return
            }
            runners[number].asked.insert(runner.home)
            try proposeOnce(number)
        case .begun:
            if let side = runner.parts.keys.sorted().first(where: { !runner.asked.contains($0) }) {
                runners[number].asked.insert(side)
                return try propose(prepareStep(runner, side), .prepare(number), to: side)
            }
            guard runner.prepared.count == runner.parts.count else { return }
            if runner.timestamp == .zero {
                runners[number].timestamp = tick()
                return
            }
            runners[number].phase = .committing
            let others = runner.parts.keys.sorted().filter { $0 != runner.home }
            let commit = TransactionCommit(
                epoch: 1,
                id: runner.id,
                primary: runner.primary,
                timestamp: runner.timestamp,
                participants: others.map { anchor(runner, $0) }
            )
            try propose(.commit(commit), .commit(number), to: runner.home)
        case .ending(let fate):
            if let side = runner.parts.keys.sorted().first(where: { !runner.resolved.contains($0) }) {
                runners[number].resolved.insert(side)
                if side == runner.home, fate == .rolledBack {
                    let decide = TransactionCommand.decide(
                        runner.id,
                        primary: runner.primary,
                        now: Timestamp(now),
                        mustEnd: true
                    )
                    return try propose(decide, .decide(number), to: side)
                }
                return try propose(
                    .resolve(runner.id, anchor: anchor(runner, side), fate),
                    .resolve(number),
                    to: side
                )
            }
            runners[number].phase = .over
            if case .committed = fate {
                try propose(.settle(runner.id, primary: runner.primary), .repeated, to: runner.home)
            }
        }
    }

    private mutating func proposeOnce(_ number: Int) throws {
        let runner = runners[number]
        let commit = OneRoundCommit(
            epoch: 1,
            term: Term(1),
            timestamp: runner.timestamp,
            deadline: Timestamp(farAway),
            draft: runner.draft
        )
        try append(.commitOnce(commit), id: runner.id.rawValue, .once(number), to: runner.home)
    }

    private func prepareStep(_ runner: Runner, _ side: Int) -> TransactionCommand {
        .prepare(
            TransactionPrepare(
                epoch: 1,
                id: runner.id,
                age: TransactionAge(milliseconds: 1, tieBreak: 1),
                step: 0,
                primary: runner.primary,
                floor: Timestamp(now),
                expires: Timestamp(now + 50),
                deadline: Timestamp(farAway),
                draft: runner.parts[side] ?? TransactionDraft()
            )
        )
    }

    private func anchor(_ runner: Runner, _ side: Int) -> [UInt8] {
        Footprint(runner.parts[side] ?? TransactionDraft()).anchor
    }

    private mutating func propose(_ step: TransactionCommand, _ body: Body, to side: Int) throws {
        past.append((side, step))
        try append(step, body, to: side)
    }

    /// Something that was proposed once comes again: what it changes must have changed already.
    private mutating func repeatStep() throws {
        if chance(40), !finished.isEmpty {
            let (runner, outcome) = finished[pick(0..<finished.count)]
            let commit = OneRoundCommit(
                epoch: 1,
                term: Term(1),
                timestamp: tick(),
                deadline: Timestamp(farAway),
                draft: runner.draft
            )
            try append(.commitOnce(commit), id: runner.id.rawValue, .onceAgain(outcome), to: runner.home)
        } else if !past.isEmpty {
            let (side, step) = past[pick(0..<past.count)]
            try append(step, .repeated, to: side)
        }
    }

    private mutating func giveUp() throws {
        let begun = runners.indices.filter { runners[$0].phase == .begun && runners[$0].latched == false }
        guard !begun.isEmpty else { return }
        let number = begun[pick(0..<begun.count)]
        guard runners[number].asked.isEmpty == false, isTwoPhase(runners[number]) else { return }
        runners[number].phase = .ending(.rolledBack)
    }

    private func isTwoPhase(_ runner: Runner) -> Bool { runner.parts.count > 1 || runner.id.rawValue % 4 == 0 }

    private mutating func sweep() throws {
        let side = pick(0..<2)
        let safePoint = UInt64(pick(0..<Int(now) + 1))
        let from = sides[side].machine.facts.sweep ?? []
        try append(collect(safePoint, from: chance(50) ? from : [], limit: pick(1..<20)), .repeated, to: side)
    }
}
