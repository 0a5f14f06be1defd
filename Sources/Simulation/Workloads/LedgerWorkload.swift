internal import KVStore

/// Amounts that are moved, used up and filled again, in all the ways in which the store lets numbers be changed:
///
/// - *accounts*: counters, between which is moved by additions with a floor, or upon having read them;
/// - *purses*: numbers written as bytes, between which is moved by reading and writing;
/// - *stocks*: a few hot counters from which everybody takes until nothing is left, and which are filled up to a ceiling.
///
/// The sums of accounts and of purses are constant, in every snapshot; nothing ever leaves its bounds; whoever is told
/// that there is not enough was told the truth.
final class LedgerWorkload: TransactionWorkload {
    let name = "ledger"
    private var ledger = Ledger()
    private let accounts: [Place]
    private let purses: [Place]
    private let stocks: [Place]
    /// How the seed has weighted the ways.
    private let weights: [(kind: Kind, weight: Int)]
    private let markedPercent: Int
    /// Timestamps of which clients know: those at which they look back.
    private var known: [Timestamp] = []
    private static let opening: Int64 = 100
    private static let stockCeiling: Int64 = 40

    private struct Place {
        let name: String
        let key: [UInt8]

        init(_ kind: String, _ number: Int) {
            name = "\(kind)\(number)"
            key = TransactionKeys.key(name)
        }
    }

    private enum Kind: CaseIterable {
        case transfer
        case readTransfer
        case purseTransfer
        case take
        case fill
        case look
        case lookBack
    }

    init(_ chance: inout Chance) {
        accounts = (0..<chance.from(2...8)).map { Place("account", $0) }
        purses = (0..<chance.from(2...5)).map { Place("purse", $0) }
        stocks = (0..<chance.from(1...3)).map { Place("stock", $0) }
        var weights: [(kind: Kind, weight: Int)] = []
        for kind in Kind.allCases { weights.append((kind, chance.pick([0, 1, 3, 6]))) }
        weights.append((.look, 2))
        weights.append((chance.pick(Kind.allCases), 4))
        self.weights = weights
        markedPercent = chance.pick([0, 50, 100])
        for stock in stocks { ledger.bounds.append(.init(stock.name, 0...Self.stockCeiling)) }
        for place in accounts + purses { ledger.bounds.append(.init(place.name, 0...Int64.max)) }
        ledger.conserved = [accounts.map(\.name), purses.map(\.name)]
    }

    // MARK: Jobs

    func opening() -> [TransactionJob] {
        let postings =
            (accounts + purses).map { Ledger.Posting($0.name, Self.opening) }
            + stocks.map { Ledger.Posting($0.name, Self.stockCeiling / 2) }
        var changes = accounts.map {
            TransactionDraft.Change(key: $0.key, .add(.init(Self.opening)))
        }
        changes += purses.map { TransactionDraft.Change(key: $0.key, .put(Array("\(Self.opening)".utf8))) }
        changes += stocks.map { TransactionDraft.Change(key: $0.key, .add(.init(Self.stockCeiling / 2))) }
        let plan = TransactionPlan(way: .change, isMarked: true, patience: .seconds(600)) { _ in
            TransactionDraft(changes: changes)
        }
        return [job(plan) { _ in postings }]
    }

    func next(_ chance: inout Chance) -> TransactionJob {
        var drawn = chance.below(weights.reduce(0) { $0 + $1.weight })
        var kind = Kind.look
        for candidate in weights {
            if drawn < candidate.weight {
                kind = candidate.kind
                break
            }
            drawn -= candidate.weight
        }
        switch kind {
        case .transfer: return transfer(&chance)
        case .readTransfer: return readTransfer(&chance)
        case .purseTransfer: return purseTransfer(&chance)
        case .take: return take(&chance)
        case .fill: return fill(&chance)
        case .look: return look(&chance, .look, patience(&chance))
        case .lookBack:
            return look(&chance, known.isEmpty ? .look : .lookBack(chance.pick(known)), patience(&chance))
        }
    }

    func closing(_ chance: inout Chance) -> [TransactionJob] {
        let patience = Duration.seconds(60)
        var jobs = [look(&chance, .look, patience), look(&chance, .look, patience)]
        for _ in 0..<4 where !known.isEmpty { jobs.append(look(&chance, .lookBack(chance.pick(known)), patience)) }
        return jobs
    }

    func findings() -> [String] { LedgerAudit(of: ledger).findings }

    private func patience(_ chance: inout Chance) -> Duration { .milliseconds(chance.from(300...4000)) }

    /// Additions only: one account gives to one or two others.
    private func transfer(_ chance: inout Chance) -> TransactionJob {
        let places = some(accounts, chance.from(2...3), &chance)
        let amount = Int64(chance.from(1...60))
        var postings = [Ledger.Posting(places[0].name, -amount * Int64(places.count - 1), floor: 0)]
        postings += places.dropFirst().map { Ledger.Posting($0.name, amount) }
        let changes = additions(places, postings)
        let plan = plan(&chance) { _ in TransactionDraft(changes: changes) }
        return job(plan) { _ in postings }
    }

    /// Reads two accounts, and moves between them what is there.
    private func readTransfer(_ chance: inout Chance) -> TransactionJob {
        let places = some(accounts, 2, &chance)
        let share = Int64(chance.from(2...4))
        let postings = { (view: TransactionView) -> [Ledger.Posting] in
            let (from, to) = (view.entries[0]?.number ?? 0, view.entries[1]?.number ?? 0)
            let amount = from / share
            return [
                Ledger.Posting(places[0].name, -amount, seen: from, floor: 0),
                Ledger.Posting(places[1].name, amount, seen: to),
            ]
        }
        let plan = plan(&chance, reads: places.map(\.key)) { [self] view in
            let wanted = postings(view)
            return wanted[0].delta == 0 ? nil : TransactionDraft(changes: additions(places, wanted))
        }
        return job(plan, postings)
    }

    private func purseTransfer(_ chance: inout Chance) -> TransactionJob {
        let places = some(purses, 2, &chance)
        let amount = Int64(chance.from(1...70))
        let plan = plan(&chance, reads: places.map(\.key)) { view in
            guard let from = view.entries[0]?.number, let to = view.entries[1]?.number, from >= amount else {
                return nil
            }
            return TransactionDraft(changes: [
                .init(key: places[0].key, .put(Array("\(from - amount)".utf8))),
                .init(key: places[1].key, .put(Array("\(to + amount)".utf8))),
            ])
        }
        return job(plan) { view in
            [
                Ledger.Posting(places[0].name, -amount, seen: view.entries[0]?.number),
                Ledger.Posting(places[1].name, amount, seen: view.entries[1]?.number),
            ]
        }
    }

    private func take(_ chance: inout Chance) -> TransactionJob {
        let places = some(stocks, chance.from(1...2), &chance)
        let postings = places.map { Ledger.Posting($0.name, -Int64(chance.from(1...9)), floor: 0) }
        let changes = additions(places, postings)
        let plan = plan(&chance) { _ in TransactionDraft(changes: changes) }
        return job(plan) { _ in postings }
    }

    private func fill(_ chance: inout Chance) -> TransactionJob {
        let places = some(stocks, chance.from(1...2), &chance)
        let postings = places.map {
            Ledger.Posting($0.name, Int64(chance.from(1...12)), ceiling: Self.stockCeiling)
        }
        let changes = additions(places, postings)
        let plan = plan(&chance) { _ in TransactionDraft(changes: changes) }
        return job(plan) { _ in postings }
    }

    private func additions(_ places: [Place], _ postings: [Ledger.Posting]) -> [TransactionDraft.Change] {
        zip(places, postings).map { place, posting in
            .init(key: place.key, .add(.init(posting.delta, floor: posting.floor, ceiling: posting.ceiling)))
        }
    }

    private func plan(
        _ chance: inout Chance,
        reads: [[UInt8]] = [],
        _ change: @escaping (TransactionView) -> TransactionDraft?
    ) -> TransactionPlan {
        let isMarked = chance.percent(markedPercent)
        return TransactionPlan(
            way: .change,
            reads: reads,
            isMarked: isMarked,
            patience: patience(&chance),
            change: change
        )
    }

    private func some(_ places: [Place], _ count: Int, _ chance: inout Chance) -> [Place] {
        var left = places
        return (0..<min(count, places.count)).map { _ in left.remove(at: chance.below(left.count)) }
    }

    // MARK: Looks

    /// Looks at everything, key by key or by scanning.
    private func look(
        _ chance: inout Chance,
        _ way: TransactionPlan.Way,
        _ patience: Duration
    ) -> TransactionJob {
        let places = accounts + purses + stocks
        var plan = TransactionPlan(way: way, patience: patience)
        switch chance.below(20) {
        case 0: plan.ranges = [TransactionKeys.everything]
        case 1..<5: plan.ranges = places.map { KeyRange($0.key, $0.key + [0]) }
        default: plan.reads = places.map(\.key)
        }
        let isFresh = if case .look = way { true } else { false }
        var call: (client: Int, ns: Int64) = (0, 0)
        return TransactionJob(plan: plan) { client, nowNs in
            call = (client, nowNs)
        } answered: { [self] verdict, nowNs in
            guard case .committed(let timestamp, let view) = verdict else { return }
            known.append(timestamp)
            var amounts: [Ledger.Look.Amount] = []
            for (index, place) in places.enumerated() {
                let entry =
                    view.pages.isEmpty
                    ? view.entries[index] : view.pages.joined().first { $0.key == place.key }?.entry
                amounts.append(.init(place.name, entry?.number ?? 0))
            }
            ledger.looks.append(
                Ledger.Look(
                    client: call.client,
                    at: timestamp.rawValue,
                    isFresh: isFresh,
                    amounts,
                    callNs: call.ns,
                    returnNs: nowNs
                )
            )
        }
    }

    // MARK: What is written down

    /// A change, entered with what the try that took place has read.
    private func job(
        _ plan: TransactionPlan,
        _ postings: @escaping (TransactionView) -> [Ledger.Posting]
    ) -> TransactionJob {
        var call: (client: Int, ns: Int64) = (0, 0)
        var doubtful: Int?
        return TransactionJob(plan: plan) { client, nowNs in
            call = (client, nowNs)
        } answered: { [self] verdict, nowNs in
            func entry(_ postings: [Ledger.Posting], _ returnNs: Int64?, _ fate: Ledger.Fate) -> Ledger.Entry {
                Ledger.Entry(client: call.client, postings, callNs: call.ns, returnNs: returnNs, fate)
            }
            let made: Ledger.Entry
            switch verdict {
            case .committed(let timestamp, let view):
                known.append(timestamp)
                made = entry(postings(view), doubtful == nil ? nowNs : nil, .committed(at: timestamp.rawValue))
            case .refused(.boundReached, let key, let view):
                let refused = (accounts + stocks).first { $0.key == key }
                made = entry(postings(view), nowNs, .refused(key: refused?.name ?? ""))
            case .refused, .failed: made = entry([], nowNs, .failed)
            case .unknown(_, let tries):
                doubtful = ledger.entries.count
                // What was read does not matter where nobody knows: what was to change does.
                made = entry(tries.last.map(postings) ?? [], nil, .unknown)
            }
            if let place = doubtful, place < ledger.entries.count {
                ledger.entries[place] = made
            } else {
                ledger.entries.append(made)
            }
        }
    }
}
