// Whether a history of list-append transactions is strictly serializable: whether there is one order of all transactions
// that took place in which every read finds just what was appended before, and which respects real time.
//
// There is none if who comes before whom goes in a circle. The other way round, without a circle the order exists: any
// order that respects the edges does, as the lists fix the order of all appends that were read, and those that nobody
// read stand behind everybody who read the list (Kingsbury and Alvaro, Elle, 2020, section 4). A transaction of unknown
// outcome takes part only if somebody has seen what it appended; otherwise it may as well not have happened.

/// The judgement on a history of list-append transactions.
public struct ListAppendSerializability: Sendable {
    /// What must not be and is, at most ``mostAnomalies`` of each sort.
    public private(set) var anomalies: [ListAppendAnomaly]

    /// How many transactions certainly took place.
    public let committedCount: Int

    /// How many keys there are.
    public let keyCount: Int

    /// How many anomalies of each sort are told.
    public static let mostAnomalies = 8

    /// True if nothing contradicts strict serializability.
    public var isSerializable: Bool { anomalies.isEmpty }

    /// Judges a history. Takes time in proportion to its size, all lists included.
    public init(of history: ListAppendHistory) {
        let orders = ListOrders(history)
        keyCount = orders.lists.count
        committedCount = orders.tookPlace.count { $0 }
        anomalies = Self.fewOfEach(orders.anomalies)
        let graph = Self.graph(history.transactions, orders)
        let all = DependencyKind.allCases.reduce(0) { $0 | $1.mask }
        for circle in graph.circles(all).prefix(Self.mostAnomalies) {
            let search = CycleSearch(graph, circle, transactionCount: history.transactions.count)
            guard let (kind, path) = search.worst() else {
                preconditionFailure("nodes that lead to each other lie on a circle")
            }
            anomalies.append(.cycle(Self.cycle(kind, path, graph, history.transactions, orders)))
        }
    }

    private static func fewOfEach(_ anomalies: [ListAppendAnomaly]) -> [ListAppendAnomaly] {
        var counts: [String: Int] = [:]
        return anomalies.filter {
            counts[$0.name, default: 0] += 1
            return counts[$0.name, default: 0] <= mostAnomalies
        }
    }

    // MARK: Edges

    /// Transactions by their places, then moments, then the ends of lists: who read a whole list had not seen what comes
    /// behind its end.
    private static func graph(
        _ transactions: [ListAppendHistory.Transaction],
        _ orders: ListOrders
    ) -> DependencyGraph {
        var edges: [(source: Int, edge: DependencyGraph.Edge)] = []
        func add(_ source: Int, _ target: Int, _ kind: DependencyKind, _ list: Int = 0) {
            guard source != target else { return }
            edges.append((source, .init(target: Int32(target), kind: kind, list: Int32(list))))
        }
        var nodeCount = addMoments(transactions, orders.tookPlace, add)
        for (place, list) in orders.lists.enumerated() {
            for (earlier, later) in zip(list.writers, list.writers.dropFirst()) {
                if let earlier, let later { add(earlier, later, .ww, place) }
            }
            let end = nodeCount
            nodeCount += 1
            for unread in list.unread {
                if case let last?? = list.writers.last { add(last, unread, .ww, place) }
                add(end, unread, .end, place)
            }
            let own = Set(list.unread)
            for read in list.reads {
                if read.count > 0, let writer = list.writers[read.count - 1] { add(writer, read.reader, .wr, place) }
                if read.count < list.writers.count {
                    if let writer = list.writers[read.count] { add(read.reader, writer, .rw, place) }
                } else if own.contains(read.reader) {
                    for unread in list.unread.prefix(Self.mostRivals) { add(read.reader, unread, .rw, place) }
                } else {
                    add(read.reader, end, .rw, place)
                }
            }
        }
        return DependencyGraph(nodeCount: nodeCount, edges: edges)
    }

    /// Who read all that anybody did and appended what nobody read has as many rivals: two of them already are a circle.
    private static let mostRivals = 64

    private static func addMoments(
        _ transactions: [ListAppendHistory.Transaction],
        _ tookPlace: [Bool],
        _ add: (Int, Int, DependencyKind, Int) -> Void
    ) -> Int {
        var events: [(at: Int, place: Int, isAnswer: Bool)] = []
        for (place, transaction) in transactions.enumerated() where tookPlace[place] {
            events.append((transaction.invokedAt, place, false))
            if let at = transaction.returnedAt, transaction.outcome == .committed { events.append((at, place, true)) }
        }
        events.sort { $0.at < $1.at }
        var last = transactions.count - 1
        for event in events {
            if event.isAnswer {
                if last >= transactions.count { add(last, last + 1, .time, 0) }
                last += 1
                add(event.place, last, .time, 0)
            } else if last >= transactions.count {
                add(last, event.place, .time, 0)
            }
        }
        return last + 1
    }

    // MARK: Words

    private static func cycle(
        _ kind: ListAppendAnomaly.Cycle.Kind,
        _ path: [(source: Int, edge: DependencyGraph.Edge)],
        _ graph: DependencyGraph,
        _ transactions: [ListAppendHistory.Transaction],
        _ orders: ListOrders
    ) -> ListAppendAnomaly.Cycle {
        var steps: [ListAppendAnomaly.Cycle.Step] = []
        for (source, edge) in path where source < transactions.count {
            let key = orders.lists.isEmpty ? "" : orders.lists[Int(edge.list)].key
            let reason: ListAppendAnomaly.Cycle.Reason =
                switch edge.kind {
                case .ww: .appendedBefore(key: key)
                case .wr: .readBy(key: key)
                case .rw: .missed(key: key)
                case .time, .end: .returnedBefore
                }
            steps.append(.init(transaction: transactions[source], reason: reason))
        }
        return ListAppendAnomaly.Cycle(kind: kind, steps: steps)
    }
}

/// Looks for a short circle of the worst kind among nodes that all lead to each other.
private struct CycleSearch {
    private let graph: DependencyGraph
    private let group: [Int]
    private let members: Set<Int>
    private let transactionCount: Int

    /// How many places a circle is looked for at: more find a shorter one, in proportion to their time.
    private static let starts = 32

    typealias Path = [(source: Int, edge: DependencyGraph.Edge)]

    init(_ graph: DependencyGraph, _ group: [Int], transactionCount: Int) {
        self.graph = graph
        self.group = group
        members = Set(group)
        self.transactionCount = transactionCount
    }

    func worst() -> (ListAppendAnomaly.Cycle.Kind, Path)? {
        let (ww, wr, rw, time) = (
            DependencyKind.ww.mask, DependencyKind.wr.mask, DependencyKind.rw.mask, DependencyKind.time.mask
        )
        if let path = circle(ww) { return (.g0, path) }
        if let path = circle(ww | wr) { return (.g1c, path) }
        if let path = circleOfOneMiss(ww | wr) { return (.gSingle, path) }
        if let path = circle(ww | wr | rw) { return (.g2, path) }
        if let path = circle(ww | time) { return (.g0RealTime, path) }
        if let path = circle(ww | wr | time) { return (.g1cRealTime, path) }
        if let path = circleOfOneMiss(ww | wr | time) { return (.gSingleRealTime, path) }
        return circle(ww | wr | rw | time).map { (.g2RealTime, $0) }
    }

    private func circle(_ chosen: UInt8) -> Path? {
        let kinds = chosen | DependencyKind.end.mask
        guard let inner = graph.circles(kinds, within: group).min(by: { $0.count < $1.count }) else { return nil }
        let inside = Set(inner)
        var best: [Int]?
        for node in inner.filter({ $0 < transactionCount }).prefix(Self.starts) {
            let path = graph.shortestPath(from: node, to: node, kinds) { inside.contains($0) }
            if let path, path.count < best?.count ?? .max { best = path }
        }
        return best.map { sources(of: $0, from: nil) }
    }

    /// One step by an anti-dependency, and the way back without any.
    private func circleOfOneMiss(_ chosen: UInt8) -> Path? {
        let kinds = chosen | DependencyKind.end.mask
        var tried = 0
        for node in group where node < transactionCount {
            for place in graph.edges(of: node) where graph[place].kind == .rw {
                let target = Int(graph[place].target)
                guard members.contains(target) else { continue }
                tried += 1
                guard tried <= Self.starts * Self.starts else { return nil }
                if let back = graph.shortestPath(from: target, to: node, kinds, isInside: { members.contains($0) }) {
                    return sources(of: [place] + back, from: node)
                }
            }
        }
        return nil
    }

    /// The edges at these places with where they begin: each begins where the one before it ends.
    private func sources(of places: [Int], from start: Int?) -> Path {
        var source = start ?? places.last.map { Int(graph[$0].target) } ?? 0
        return places.map { place in
            defer { source = Int(graph[place].target) }
            return (source, graph[place])
        }
    }
}
