internal import KVStore

/// Lists that clients append to and read, several in one transaction. Some are one value each, which is read and written
/// anew; others are ranges with a row an element, which are scanned, and appended to by writing behind the last row: only
/// who sees nobody else's row in between does that right.
final class ListWorkload: TransactionWorkload {
    let name = "lists"
    private var history = ListAppendHistory()
    private let lists: [List]
    private let markedPercent: Int
    private let readPercent: Int
    private var lastElement: Int64 = 0

    private struct List {
        let name: String
        let key: [UInt8]
        let hasRows: Bool

        var range: KeyRange { TransactionKeys.range(under: key) }

        /// The row behind so many others.
        func row(_ place: Int) -> [UInt8] {
            key + [UInt8(place >> 16 & 0xFF), UInt8(place >> 8 & 0xFF), UInt8(place & 0xFF)]
        }
    }

    init(_ chance: inout Chance) {
        let rowsPercent = chance.pick([0, 50, 100])
        lists = (0..<chance.from(2...6)).map { number in
            let name = "list\(number)"
            return List(name: name, key: TransactionKeys.key(name, ""), hasRows: chance.percent(rowsPercent))
        }
        markedPercent = chance.pick([0, 50, 100])
        readPercent = chance.pick([20, 40, 60])
    }

    func opening() -> [TransactionJob] { [] }

    func next(_ chance: inout Chance) -> TransactionJob {
        let patience = Duration.milliseconds(chance.from(300...4000))
        if chance.percent(readPercent) {
            let values = lists.filter { !$0.hasRows }
            if chance.percent(40), !values.isEmpty { return read([chance.pick(values)], .latest, patience) }
            let chosen = some(chance.from(1...lists.count), &chance)
            return read(chosen, chance.percent(30) ? .validatedLook : .look, patience)
        }
        let chosen = some(chance.from(1...3), &chance)
        return append(
            chosen,
            isRead: chosen.map { _ in chance.percent(70) },
            patience,
            isMarked: chance.percent(markedPercent)
        )
    }

    func closing(_ chance: inout Chance) -> [TransactionJob] {
        [read(lists, .look, .seconds(60)), read(lists, .look, .seconds(60))]
    }

    func findings() -> [String] { ListAppendSerializability(of: history).anomalies.map(\.description) }

    private func some(_ count: Int, _ chance: inout Chance) -> [List] {
        var left = lists
        return (0..<min(count, lists.count)).map { _ in left.remove(at: chance.below(left.count)) }
    }

    // MARK: Jobs

    private func plan(_ chosen: [List], _ way: TransactionPlan.Way, _ patience: Duration) -> TransactionPlan {
        TransactionPlan(
            way: way,
            reads: chosen.filter { !$0.hasRows }.map(\.key),
            ranges: chosen.filter(\.hasRows).map(\.range),
            patience: patience
        )
    }

    private func read(_ chosen: [List], _ way: TransactionPlan.Way, _ patience: Duration) -> TransactionJob {
        var plan = plan(chosen, way, patience)
        plan.change = { _ in TransactionDraft() }
        return job(plan, asked: chosen.map { .read(key: $0.name, nil) }) { view in
            Self.contents(of: chosen, view).enumerated().map { .read(key: chosen[$0.offset].name, $0.element) }
        }
    }

    /// Appends an element to each list. Every list is read for that; whether the client says what it read is another thing.
    private func append(_ chosen: [List], isRead: [Bool], _ patience: Duration, isMarked: Bool) -> TransactionJob {
        let elements = chosen.map { _ in
            lastElement += 1
            return lastElement
        }
        var plan = plan(chosen, .change, patience)
        plan.isMarked = isMarked
        plan.change = { view in
            let contents = Self.contents(of: chosen, view)
            var draft = TransactionDraft()
            for (place, list) in chosen.enumerated() {
                let element = Array("\(elements[place])".utf8)
                if list.hasRows {
                    draft.changes.append(.init(key: list.row(contents[place].count), .put(element)))
                } else {
                    let all = contents[place].map { "\($0)," }.joined()
                    draft.changes.append(.init(key: list.key, .put(Array(all.utf8) + element)))
                }
            }
            return draft
        }
        func operations(_ contents: [[Int64]]?) -> [ListAppendHistory.Operation] {
            chosen.indices.flatMap { place -> [ListAppendHistory.Operation] in
                let append = ListAppendHistory.Operation.append(key: chosen[place].name, element: elements[place])
                return isRead[place] ? [.read(key: chosen[place].name, contents?[place]), append] : [append]
            }
        }
        return job(plan, asked: operations(nil)) { operations(Self.contents(of: chosen, $0)) }
    }

    /// What the lists were, as a transaction has read them.
    private static func contents(of chosen: [List], _ view: TransactionView) -> [[Int64]] {
        var values = view.entries[...]
        var pages = view.pages[...]
        return chosen.map { list in
            if list.hasRows { return pages.popFirst()?.compactMap(\.entry.number) ?? [] }
            guard case .bytes(let bytes)?? = values.popFirst().map({ $0?.content }) else { return [] }
            return String(decoding: bytes, as: UTF8.self).split(separator: ",").compactMap { Int64($0) }
        }
    }

    private func job(
        _ plan: TransactionPlan,
        asked operations: [ListAppendHistory.Operation],
        _ done: @escaping (TransactionView) -> [ListAppendHistory.Operation]
    ) -> TransactionJob {
        var place: Int?
        return TransactionJob(plan: plan) { [self] client, nowNs in
            place = history.invoke(client: client, operations, at: nowNs)
        } answered: { [self] verdict, nowNs in
            // What was unknown when it was answered stays so in the history: its client has gone on since.
            guard let answered = place else { return }
            place = nil
            switch verdict {
            case .committed(_, let view): history.complete(answered, done(view), .committed, at: nowNs)
            case .refused, .failed: history.complete(answered, operations, .failed, at: nowNs)
            case .unknown: break
            }
        }
    }
}
