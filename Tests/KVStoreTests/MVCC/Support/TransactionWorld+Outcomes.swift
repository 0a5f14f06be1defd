import Raft

@testable import KVStore

/// What steps have come to, and whether that may be.
extension TransactionWorld {
    mutating func take(_ outcome: TransactionOutcome, _ body: Body, _ side: Int) throws {
        switch body {
        case .once(let number): try takeOnce(outcome, number, side)
        case .prepare(let number): takePrepare(outcome, number, side)
        case .commit(let number): try takeCommit(outcome, number, side)
        case .resolve(let number):
            guard outcome == .done else { throw Violation("\(runners[number].id) was not resolved: \(outcome)") }
            if runners[number].hasCommitted { sides[side].seen.insert(runners[number].id) }
        case .decide(let number):
            guard outcome == .rolledBack else { throw Violation("\(runners[number].id) was not ended: \(outcome)") }
        case .onceAgain(let first):
            guard outcome == first else { throw Violation("what came to \(first) came to \(outcome)") }
        case .repeated: break
        }
    }

    private mutating func takeOnce(_ outcome: TransactionOutcome, _ number: Int, _ side: Int) throws {
        switch outcome {
        case .committed(let timestamp):
            guard timestamp == runners[number].timestamp else { throw Violation("committed at another timestamp") }
            try model.commit(runners[number].id, at: timestamp, runners[number].draft)
            sides[side].seen.insert(runners[number].id)
        case .blocked, .needsNewerTimestamp:
            runners[number].timestamp = .zero
            runners[number].asked = []
            return
        case .refused, .outdated, .tooOld: break
        default: throw Violation("\(runners[number].id) came to \(outcome)")
        }
        switch outcome {
        case .committed, .refused: finished.append((runners[number], outcome))
        default: break
        }
        runners[number].phase = .over
        runners[number].latched = false
    }

    private mutating func takePrepare(_ outcome: TransactionOutcome, _ number: Int, _ side: Int) {
        if outcome == .prepared {
            runners[number].prepared.insert(side)
            if runners[number].prepared.count == runners[number].parts.count { runners[number].latched = false }
        } else if runners[number].phase == .begun {
            runners[number].phase = .ending(.rolledBack)
            runners[number].latched = false
        }
    }

    private mutating func takeCommit(_ outcome: TransactionOutcome, _ number: Int, _ side: Int) throws {
        let runner = runners[number]
        guard outcome == .committed(runner.timestamp) else { throw Violation("\(runner.id) came to \(outcome)") }
        try model.commit(runner.id, at: runner.timestamp, runner.draft)
        sides[side].seen.insert(runner.id)
        runners[number].resolved.insert(side)
        runners[number].hasCommitted = true
        runners[number].phase = .ending(.committed(runner.timestamp))
    }

    /// What is applied, at some moment that may still be asked for, is what the model says.
    mutating func compare() throws {
        for side in sides.indices {
            let safePoint = sides[side].machine.facts.safePoint.rawValue
            for _ in 0..<4 {
                let timestamp = Timestamp(UInt64.random(in: safePoint...max(safePoint, now + 2), using: &random))
                try compare(side, at: timestamp)
            }
            for key in Self.names[side].map({ bytes($0) }) {
                let expected = expected(key, .max, side)
                let found = try sides[side].machine.reader.latest(of: key)
                guard found == expected else { throw Violation("\(key) has \(String(describing: found)) at last") }
            }
        }
    }

    private func expected(_ key: [UInt8], _ timestamp: Timestamp, _ side: Int) -> StoredEntry? {
        model.entry(key, at: timestamp) { id, _ in sides[side].seen.contains(id) }
    }

    private mutating func compare(_ side: Int, at timestamp: Timestamp) throws {
        let reader = sides[side].machine.reader
        var all: [EntryPage.Entry] = []
        for key in Self.names[side].map({ bytes($0) }) {
            let expected = expected(key, timestamp, side)
            let found = try reader.entry(of: key, at: timestamp)
            guard found == expected else {
                throw Violation(
                    "\(key) at \(timestamp): \(String(describing: found)), not \(String(describing: expected))"
                )
            }
            if let expected { all.append(EntryPage.Entry(key: key, entry: expected)) }
        }
        var found: [EntryPage.Entry] = []
        var from: [UInt8]? = bytes(" ")
        while let lower = from {
            let range = KeyRange(lower, bytes("~"))
            let page = try reader.entries(in: range, at: timestamp, limit: ScanLimit(entries: pick(1..<5)))
            found += page.entries
            from = page.next
        }
        guard found == all else { throw Violation("at \(timestamp) there is \(found), not \(all)") }
    }

    // MARK: Drafts

    /// A draft over one partition or both.
    mutating func makeDraft(_ onlySide: Int?) -> TransactionDraft {
        let names = onlySide.map { Self.names[$0] } ?? Self.names.flatMap { $0 }
        func key(_ random: inout SplitMix) -> [UInt8] { bytes(names[Int.random(in: names.indices, using: &random)]) }
        var draft = TransactionDraft()
        var changed = Set<[UInt8]>()
        for _ in 0..<pick(1..<4) {
            let key = key(&random)
            guard changed.insert(key).inserted else { continue }
            draft.changes.append(TransactionDraft.Change(key: key, change(isCounter: key.last ?? 0 < 0x40)))
        }
        for _ in 0..<pick(0..<3) where chance(40) { draft.reads.append(key(&random)) }
        if chance(15) {
            let ranges = [("a", "b"), ("a", "d"), ("c", "d"), ("x", "y"), ("x", "z")]
            let (lower, upper) = ranges[pick(0..<ranges.count)]
            if onlySide != (lower < "m" ? 1 : 0) { draft.ranges.append(KeyRange(bytes(lower), bytes(upper))) }
        }
        if chance(20) {
            let conditions: [TransactionDraft.Condition] = [
                .exists, .isAbsent, .hasVersion(Timestamp(UInt64(pick(0..<Int(now))))),
            ]
            draft.checks.append(TransactionDraft.Check(key: key(&random), conditions[pick(0..<3)]))
        }
        if !draft.reads.isEmpty || !draft.ranges.isEmpty || chance(20) {
            let least = sides.map(\.machine.facts.safePoint.rawValue).max() ?? 0
            let recent = max(least, now > 8 ? now - 8 : 0)
            draft.start = Timestamp(UInt64.random(in: (chance(10) ? 0 : recent)...max(recent, now), using: &random))
        }
        return draft
    }

    private mutating func change(isCounter: Bool) -> TransactionDraft.Change.Kind {
        let isUsual = chance(90)
        guard isCounter == isUsual else {
            return chance(25) ? .delete : chance(30) ? .insert([UInt8(pick(0..<256))]) : .put([UInt8(pick(0..<256))])
        }
        if chance(6) { return .delete }
        let floor: Int64? = chance(60) ? 0 : nil
        let ceiling: Int64? = chance(40) ? 8 : nil
        return .add(TransactionDraft.Addition(Int64(pick(0..<8)) - 3, floor: floor, ceiling: ceiling))
    }

    /// The shares of the partitions.
    func split(_ draft: TransactionDraft) -> [Int: TransactionDraft] {
        var parts: [Int: TransactionDraft] = [:]
        func share(_ key: [UInt8], _ body: (inout TransactionDraft) -> Void) {
            let side = key.lexicographicallyPrecedes(bytes("m")) ? 0 : 1
            body(&parts[side, default: TransactionDraft(start: draft.start)])
        }
        for key in draft.reads { share(key) { $0.reads.append(key) } }
        for range in draft.ranges { share(range.lower) { $0.ranges.append(range) } }
        for check in draft.checks { share(check.key) { $0.checks.append(check) } }
        for change in draft.changes { share(change.key) { $0.changes.append(change) } }
        return parts
    }
}
